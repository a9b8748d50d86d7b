import { percent } from '../../domain/format.ts';
import { plusMinutes, secondsBetween } from '../../domain/instant.ts';
import type { ServicePolicy } from '../../domain/policy.ts';
import type { RemedyOutcome, RemedyPlan } from '../../domain/remedy.ts';
import type { EventOf } from '../../domain/timeline.ts';
import { type Attempt, migration, remedy, type Stamped, wait } from '../activity-calls.ts';
import { recoveryInput } from '../incident/recovery.ts';
import type { IncidentRun } from '../incident/run.ts';
import { failOver } from './database-failover.ts';

/** Actions whose pods have to come up before they are in effect. */
export const ROLLED_OUT: ReadonlySet<string> = new Set([
  'restart',
  'rollback',
  'scale',
  'delete-pod',
  'replace-pods',
  'memory-limit',
  'restore-config',
  'canary',
  'promote',
]);

/**
 * Carries a plan out once: intent on the timeline, the act, what was read back, the rollout awaited (ADR 0010).
 * Says whether it is in effect. Entered again after continue-as-new, it takes up where the timeline ends.
 */
export async function carryOut(
  run: IncidentRun,
  plan: RemedyPlan,
  approvalId: string | null,
  known: Pick<EventOf<'remedy-intended'>, 'takesBack' | 'failedBefore'> = {},
): Promise<boolean> {
  const recorded = () => run.state.remedies.find((record) => record.plan.key === plan.key);
  if (recorded() === undefined) run.record({ kind: 'remedy-intended', plan, approvalId, ...known });
  if (recorded()?.outcome == null) await actAndTell(run, plan);
  const outcome = recorded()?.outcome;
  if (outcome === undefined || outcome === null || !['done', 'already-done'].includes(outcome.result)) return false;
  openLease(run, plan);
  return ROLLED_OUT.has(plan.action) ? run.waitStep(`${plan.key}/rolled-out`, () => rolledOut(run, plan)) : true;
}

async function actAndTell(run: IncidentRun, plan: RemedyPlan): Promise<void> {
  if (plan.action === 'failover-database') return tell(run, plan, await failOver(run, plan));
  if (plan.action === 'replace-pods') return replaceOneByOne(run, plan);
  return run.trackInFlight(() => act(run, plan));
}

async function act(run: IncidentRun, plan: RemedyPlan): Promise<void> {
  tell(run, plan, confirmed(plan, await run.attempt(callRemedy(plan, run.policy.service))));
}

/** No plan names more pods than this (activities/kubernetes/replacing.ts); a call more sees that none is left. */
const REPLACEMENT_CALLS_LIMIT = 21;

/**
 * One pod a call, and the others ready in between (R3.4.4). Entered again after continue-as-new it needs no memory of its
 * own: the plan names each pod by uid, and those that are gone are not there to be replaced.
 */
async function replaceOneByOne(run: IncidentRun, plan: RemedyPlan): Promise<void> {
  for (let call = 1; ; call += 1) {
    const outcome = confirmed(plan, await run.trackInFlight(() => run.attempt(callRemedy(plan, run.policy.service))));
    const over =
      outcome.result === 'unknown' || outcome.result === 'refused' || outcome.result === 'changed-underneath';
    if (over || outcome.observed.left === 0) return tell(run, plan, outcome);
    if (call >= REPLACEMENT_CALLS_LIMIT || !(await rolledOut(run, plan)))
      return tell(run, plan, {
        ...outcome,
        result: 'unknown',
        readBack: `${outcome.readBack} The rest was left as it is.`,
      });
  }
}

/** What came of a remedy's call; no answer is no outcome, and a person has to look. */
export function confirmed(plan: RemedyPlan, answer: Attempt<RemedyOutcome>): RemedyOutcome {
  if (answer.ok) return answer.value;
  return {
    result: 'unknown',
    readBack: `It could not be confirmed (${answer.words}). Look at ${plan.target.name} before doing it again.`,
    observed: {},
  };
}

function tell(run: IncidentRun, plan: RemedyPlan, outcome: RemedyOutcome): void {
  run.record({ kind: 'remedy-carried-out', key: plan.key, action: plan.action, outcome });
  if (outcome.result === 'unknown') {
    run.record({
      kind: 'asked-person',
      question: `Is ${plan.action} of ${plan.target.name} in effect? ${outcome.readBack}`,
    });
  }
}

/** The activity that carries out a plan: marked by its key and read back, so that a retry is safe. */
export function callRemedy(plan: RemedyPlan, service: ServicePolicy): Promise<Stamped<RemedyOutcome>> {
  const call = remedy(`${plan.action} ${plan.target.name}`);
  switch (plan.action) {
    case 'restart':
      return call.restartDeployment(plan);
    case 'rollback':
      return call.rollBackDeployment(plan);
    case 'scale':
      return call.scaleDeployment(plan);
    case 'delete-pod':
      return call.deletePod(plan);
    case 'replace-pods':
      return call.replaceNextPod(plan);
    case 'memory-limit':
      return call.raiseMemoryLimit(plan);
    case 'rate-limit':
      return call.limitRequests(plan);
    case 'restore-config':
      return call.restoreConfig(plan);
    case 'canary':
      return call.applyCanary(plan);
    case 'promote':
      return call.promoteRelease(plan);
    case 'open-breaker':
      return call.openCircuitBreaker({ plan, service });
    case 'provider-failover':
      return call.failOverProvider({ plan, service });
    case 'migrate':
      return migration(`migration of ${plan.target.name}`).migrateDatabase(plan);
    default:
      throw new Error(`${plan.action} was planned, but nothing carries it out`);
  }
}

function openLease(run: IncidentRun, plan: RemedyPlan): void {
  const minutes = run.policy.actions[plan.action].leaseMinutes;
  // Going back is not a temporary change of its own.
  if (
    !plan.temporary ||
    plan.parameters.revert === 1 ||
    minutes === null ||
    run.state.leases.some((record) => record.lease.plan.key === plan.key)
  )
    return;
  const id = `lease-${run.state.leases.length + 1}`;
  run.record({ kind: 'lease-opened', lease: { id, plan, expiresAt: plusMinutes(run.now(), minutes) } });
}

async function rolledOut(run: IncidentRun, plan: RemedyPlan): Promise<boolean> {
  const deadlineMs = run.milliseconds(run.policy.verification.rolloutTimeoutMinutes * 60);
  const pollSeconds = run.milliseconds(5) / 1000;
  const answer = await run.waitActivity(() =>
    wait(deadlineMs, `rollout of ${plan.target.name}`).awaitRollout({ plan, pollSeconds }),
  );
  if (answer.ok && answer.value.complete) return true;
  const words = answer.ok
    ? answer.value.words
    : `it was not finished after ${run.policy.verification.rolloutTimeoutMinutes} minutes (${answer.words})`;
  run.record({
    kind: 'trouble',
    where: `rollout of ${plan.target.name}`,
    words: `The rollout did not finish: ${words}`,
  });
  return false;
}

/**
 * Verified by measurement within the runbook's limit (R3.2.5); the verdict is on the timeline. From `worseFrom` on, so much
 * fails that nobody waits for the limit.
 */
export async function verify(run: IncidentRun, plan: RemedyPlan, worseFrom: number | null): Promise<boolean> {
  const record = run.state.remedies.find((candidate) => candidate.plan.key === plan.key);
  if (record?.helped != null) return record.helped;
  const { verification } = run.policy;
  const since = record?.carriedOutAt ?? run.now();
  const left = Math.max(verification.pollSeconds, verification.withinMinutes * 60 - secondsBetween(since, run.now()));
  const look = recoveryInput(run, run.milliseconds(verification.pollSeconds) / 1000);
  const input = worseFrom === null ? look : { ...look, worseFrom };
  const answer = await run.waitActivity(() =>
    wait(run.milliseconds(left), `is it well again after ${plan.action}?`).awaitRecovery(input),
  );
  const helped = answer.ok && answer.value.recovered;
  run.record({ kind: 'remedy-verified', key: plan.key, action: plan.action, helped, words: verdict(run, answer) });
  return helped;
}

function verdict(run: IncidentRun, answer: Attempt<{ readonly words: string }>): string {
  const { withinMinutes, errorRatioBelow } = run.policy.verification;
  if (answer.ok) return answer.value.words;
  return `Not below ${percent(errorRatioBelow)} errors within ${withinMinutes} minutes.`;
}
