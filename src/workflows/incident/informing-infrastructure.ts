import type { CauseKind, Hypothesis } from '../../domain/diagnosis.ts';
import { nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/** What those who run the machines and networks below the service have to know of. */
const INFRASTRUCTURE: readonly CauseKind[] = [
  'infrastructure-down',
  'node-down',
  'node-pressure',
  'postgres-unreachable',
];

/** R0.8: #devops is told of infrastructure causes, once for each, with the channel in which it is worked on. */
export async function informInfrastructure(run: IncidentRun, cause: Hypothesis): Promise<void> {
  const group = run.policy.contacts.devops.chatGroup;
  const informed = `infrastructure-informed/${cause.id}`;
  if (!INFRASTRUCTURE.includes(cause.cause) || group === null || informed in run.state.steps) return;
  await publishRound(run, `#${group}: ${cause.words}`, [
    {
      medium: 'chat',
      key: nextKey(run, 'infrastructure'),
      what: 'announcement',
      channel: `#${group}`,
      detail: run.state.incidentId,
    },
  ]);
  await run.step(informed, async () => true);
}
