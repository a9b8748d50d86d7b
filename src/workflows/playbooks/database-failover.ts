import type { FailoverActivities } from '../../activities/failover/api.ts';
import type { Instant } from '../../domain/instant.ts';
import type { RemedyOutcome, RemedyPlan } from '../../domain/remedy.ts';
import { actOnce, readActivities, type Stamped, wait } from '../activity-calls.ts';
import type { IncidentRun } from '../incident/run.ts';

/** How long the old primary may take to end; a pod on a dead node takes for ever, and then a person decides. */
const FENCED_WITHIN_MINUTES = 5;
const POLL_SECONDS = 5;

/**
 * Fails the database over (R3.1.5): fence, see that it is fenced, promote, point. Each act is called once and never
 * again blindly: when its answer is lost, what is in effect is read, and only what is known to be done is built upon.
 * The first that is neither done nor already done ends it, and a person is told how far it came.
 */
export async function failOver(run: IncidentRun, plan: RemedyPlan): Promise<RemedyOutcome> {
  const step = (name: string, act: () => Promise<RemedyOutcome>) => run.step(`${plan.key}/${name}`, act);
  const input = { plan, service: run.policy.service };
  const acts: readonly (() => Promise<RemedyOutcome>)[] = [
    () => step('fence', () => once(run, plan, 'isFenced', (call) => call.fenceOldPrimary(input))),
    () => run.waitStep(`${plan.key}/fenced`, () => untilFenced(run, plan)),
    () => step('promote', () => once(run, plan, 'isPromoted', (call) => call.promoteReplica(input))),
    () => step('point', () => once(run, plan, 'isPointed', (call) => call.pointApplicationAtReplica(input))),
  ];
  let last: RemedyOutcome | null = null;
  for (const act of acts) {
    last = await act();
    if (last.result !== 'done' && last.result !== 'already-done') return last;
  }
  return last ?? { result: 'unknown', readBack: 'Nothing was done.', observed: {} };
}

/** When the primary stopped, as an earlier preview saw it: a recreated pod does not tell any more. */
export function rememberedStopAt(run: IncidentRun): Instant | null {
  const plans = run.state.approvals
    .flatMap(({ approval }) => approval.options)
    .flatMap(({ plan }) => (plan?.action === 'failover-database' ? [plan] : []));
  const stops = plans.flatMap(({ before }) => (typeof before.stoppedAt === 'string' ? [before.stoppedAt] : []));
  return stops[0] ?? null;
}

type Act = Pick<FailoverActivities, 'fenceOldPrimary' | 'promoteReplica' | 'pointApplicationAtReplica'>;

async function once(
  run: IncidentRun,
  plan: RemedyPlan,
  what: 'isFenced' | 'isPromoted' | 'isPointed',
  act: (call: ReturnType<typeof actOnce<Act>>) => Promise<Stamped<RemedyOutcome>>,
): Promise<RemedyOutcome> {
  return run.trackInFlight(async () => {
    const answer = await run.attempt(act(actOnce<Act>(`failover of ${plan.target.name}`)));
    if (answer.ok) return answer.value;
    const input = { plan, service: run.policy.service };
    const seen = await run.attempt(readActivities('how far the failover came').readDatabaseFailover(input));
    if (seen.ok && seen.value[what]) return { result: 'done', readBack: seen.value.words, observed: {} };
    const state = seen.ok ? seen.value.words : `what is in effect could not be read either (${seen.words})`;
    return {
      result: 'unknown',
      readBack: `The failover stopped (${answer.words}): ${state} Finish or undo it by hand: ${plan.command}`,
      observed: {},
    };
  });
}

async function untilFenced(run: IncidentRun, plan: RemedyPlan): Promise<RemedyOutcome> {
  const deadlineMs = run.milliseconds(FENCED_WITHIN_MINUTES * 60);
  const pollSeconds = run.milliseconds(POLL_SECONDS) / 1000;
  const answer = await run.waitActivity(() =>
    wait(deadlineMs, 'the old primary is gone').awaitOldPrimaryFenced({
      plan,
      service: run.policy.service,
      pollSeconds,
    }),
  );
  if (answer.ok) return answer.value;
  return {
    result: 'unknown',
    readBack: `It is not proved that the old primary takes no writes any more (${answer.words}), so the replica was not promoted. See that ${plan.before.primary} is gone, then go on by hand: ${plan.command}`,
    observed: {},
  };
}
