import type { RecoveryInput } from '../../activities/evidence/api.ts';
import { readActivities } from '../activity-calls.ts';
import { isOngoing } from './ongoing.ts';
import type { IncidentRun } from './run.ts';

/** Measures once; being well again without our doing is mitigated too, and said so. */
export async function isWellAgain(run: IncidentRun, step: string): Promise<boolean> {
  const input = recoveryInput(run, run.policy.verification.pollSeconds);
  const words = await run.step(step, async () => {
    const answer = await run.attempt(readActivities('is it well already?').measureRecovery(input));
    return answer.ok && answer.value.recovered ? answer.value.words : null;
  });
  if (words === null || !isOngoing(run)) return false;
  run.record({ kind: 'mitigated', remedy: null, words: `Recovered without remediation. ${words}` });
  return true;
}

/** What a look at recovery needs, and no more. `pollSeconds` is workflow time between two looks. */
export function recoveryInput(run: IncidentRun, pollSeconds: number): RecoveryInput {
  const { service, verification } = run.policy;
  const { errorRatio, p95Seconds } = service.queries;
  return {
    incidentId: run.state.incidentId,
    service: { queries: { errorRatio, p95Seconds } },
    verification,
    pollSeconds,
  };
}
