import { looking } from '../activity-calls.ts';
import { isOngoing } from './ongoing.ts';
import type { IncidentRun } from './run.ts';

/** Measures once; being well again without our doing is mitigated too, and said so. */
export async function isWellAgain(run: IncidentRun, step: string): Promise<boolean> {
  const { service, verification } = run.policy;
  const input = { incidentId: run.state.incidentId, service, verification, pollSeconds: verification.pollSeconds };
  const words = await run.step(step, async () => {
    const answer = await run.attempt(looking('is it well already?').measureRecovery(input));
    return answer.ok && answer.value.recovered ? answer.value.words : null;
  });
  if (words === null || !isOngoing(run)) return false;
  run.record({ kind: 'mitigated', remedy: null, words: `It recovered without a remedy of ours. ${words}` });
  return true;
}
