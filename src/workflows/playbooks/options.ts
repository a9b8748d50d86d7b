import type { Hypothesis, SuggestedRemedy } from '../../domain/diagnosis.ts';
import type { IncidentState } from '../../domain/incident.ts';
import { type Instant, secondsBetween } from '../../domain/instant.ts';
import type { RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import type { ApprovalOption } from '../../domain/timeline.ts';
import { readActivities } from '../activity-calls.ts';
import type { IncidentRun } from '../incident/run.ts';
import { rememberedStopAt } from './database-failover.ts';
import { remediesInOrder } from './registry.ts';

const PROVIDER_ACTIONS: readonly string[] = ['open-breaker', 'provider-failover'];
/** What this build can carry out; anything else suggested is put to people in words. */
const CLUSTER_ACTIONS: readonly string[] = [
  'restart',
  'rollback',
  'scale',
  'delete-pod',
  'replace-pods',
  'memory-limit',
  'rate-limit',
  'restore-config',
];

const FAILOVER_ACTIONS: readonly string[] = ['failover-database'];

/**
 * What can be offered for an explanation: each remedy previewed against production, skips explained on the
 * timeline (R3.6). Empty when there is nothing the machine can do.
 */
export async function prepareOptions(
  run: IncidentRun,
  id: string,
  cause: Hypothesis,
): Promise<readonly ApprovalOption[]> {
  const wanted = remediesInOrder(cause).filter((remedy) => isOffered(run, remedy));
  const previews = await previewAll(run, id, wanted);
  return previews.flatMap((preview): ApprovalOption[] => {
    if (preview.kind === 'plan')
      return [{ name: preview.plan.action, plan: preview.plan, preview: preview.plan.preview }];
    run.record({ kind: 'remedy-skipped', action: preview.request.action, because: preview.reason });
    return [];
  });
}

/** Not again what was tried and failed in this round, nor for the third time what only ever relieved (S3 of R9). */
function isOffered(run: IncidentRun, remedy: SuggestedRemedy): boolean {
  const because = whyNot(run, remedy);
  if (because === null) return true;
  run.record({ kind: 'remedy-skipped', action: remedy.action, because });
  return false;
}

function whyNot(run: IncidentRun, remedy: SuggestedRemedy): string | null {
  if (![...CLUSTER_ACTIONS, ...PROVIDER_ACTIONS, ...FAILOVER_ACTIONS].includes(remedy.action)) {
    return `${remedy.action} on ${remedy.target.name} is left to people: ${remedy.because}`;
  }
  const earlier = earlierOf(run.state, remedy);
  const failed = earlier.find((record) => record.helped === false);
  if (failed !== undefined)
    return `${remedy.action} on ${remedy.target.name} was tried at ${failed.intendedAt} and did not help.`;
  const { repeatsBeforePerson, repeatsWithinMinutes } = run.policy.approvalLimits;
  const recent = earlier.filter((record) => secondsBetween(record.intendedAt, run.now()) <= repeatsWithinMinutes * 60);
  if (recent.length + 1 < repeatsBeforePerson) return null;
  return `${remedy.action} of ${remedy.target.name} relieved it ${recent.length} times and it came back each time; a person must decide what else to do.`;
}

function earlierOf(state: IncidentState, remedy: SuggestedRemedy) {
  return state.remedies.filter(
    (record) => record.plan.action === remedy.action && record.plan.target.name === remedy.target.name,
  );
}

async function previewAll(
  run: IncidentRun,
  id: string,
  remedies: readonly SuggestedRemedy[],
): Promise<readonly RemedyPreview[]> {
  const requests = remedies.map(({ action, target, parameters }): RemedyRequest => ({ action, target, parameters }));
  const cluster = requests.filter((request) => CLUSTER_ACTIONS.includes(request.action));
  const provider = requests.filter((request) => PROVIDER_ACTIONS.includes(request.action));
  const failover = requests.filter((request) => FAILOVER_ACTIONS.includes(request.action));
  const input = { incidentId: run.state.incidentId, keyPrefix: `${run.state.incidentId}/${id}`, at: run.now() };
  const [onCluster, onProviders, onDatabase] = await Promise.all([
    cluster.length === 0
      ? []
      : previewed(
          run,
          cluster,
          run.attempt(readActivities('preview of remedies').previewClusterRemedies({ ...input, requests: cluster })),
        ),
    provider.length === 0
      ? []
      : previewed(
          run,
          provider,
          run.attempt(
            readActivities('preview of provider remedies').previewProviderRemedies({
              ...input,
              requests: provider,
              service: run.policy.service,
            }),
          ),
        ),
    failover.length === 0 ? [] : previewed(run, failover, previewFailover(run, input, failover)),
  ]);
  const all = [...onCluster, ...onProviders, ...onDatabase];
  return requests.flatMap((request) => all.filter((preview) => requestOf(preview) === key(request)));
}

function previewFailover(
  run: IncidentRun,
  input: { readonly incidentId: string; readonly keyPrefix: string; readonly at: Instant },
  requests: readonly RemedyRequest[],
) {
  const { failoverMaximumLagSeconds, databaseMaintenanceDocument } = run.policy.playbooks;
  const stoppedAt = rememberedStopAt(run);
  return run.attempt(
    readActivities('preview of a database failover').previewDatabaseFailover({
      ...input,
      requests: requests.map((request) =>
        stoppedAt === null ? request : { ...request, parameters: { ...request.parameters, stoppedAt } },
      ),
      service: run.policy.service,
      maximumLagSeconds: failoverMaximumLagSeconds,
      document: databaseMaintenanceDocument,
    }),
  );
}

async function previewed(
  run: IncidentRun,
  requests: readonly RemedyRequest[],
  call: ReturnType<IncidentRun['attempt']>,
): Promise<readonly RemedyPreview[]> {
  const answer = await call;
  if (answer.ok) return answer.value as readonly RemedyPreview[];
  run.record({ kind: 'trouble', where: 'preview', words: `The remedies could not be previewed: ${answer.words}` });
  return requests.map((request) => ({
    kind: 'impossible',
    request,
    reason: `it could not be previewed: ${answer.words}`,
  }));
}

function requestOf(preview: RemedyPreview): string {
  return preview.kind === 'plan' ? key(preview.plan) : key(preview.request);
}

function key(request: Pick<RemedyRequest, 'action' | 'target'>): string {
  return `${request.action} ${request.target.kind}/${request.target.name}`;
}
