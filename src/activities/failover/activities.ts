import type { RemedyOutcome, RemedyPlan } from '../../domain/remedy.ts';
import { failure, notYet } from '../failures.ts';
import type { FailoverActivities, FailoverInput, FailoverProgress } from './api.ts';
import { lossBound } from './loss-bound.ts';
import { checkFailoverPlan, fenceOfPlan, planFailover, tooFarBehind } from './plans.ts';
import { type DatabaseObjects, type DatabasePlace, type FailoverPorts, placeOf } from './ports.ts';

/** The server's own wait for a promotion; usually it takes a second. */
const PROMOTION_WAIT_SECONDS = 15;

export function createFailoverActivities(ports: FailoverPorts): FailoverActivities {
  return {
    previewDatabaseFailover: (input) =>
      Promise.all(input.requests.map((request) => planFailover(ports, input, request))),
    fenceOldPrimary: (input) => fence(ports, input),
    async awaitOldPrimaryFenced(input) {
      const { place, plan, objects } = await standing(ports, input);
      const trouble = await whyNotFenced(ports, place, plan, objects);
      if (trouble !== null) throw notYet(`Waiting for ${place.primaryPod} to be gone: ${trouble}.`, input.pollSeconds);
      return outcome(
        'done',
        `${place.primaryPod} is gone, ${place.primarySet} does not run it any more, and nothing at its address takes writes.`,
        { primary: null },
      );
    },
    promoteReplica: (input) => promote(ports, input),
    pointApplicationAtReplica: (input) => point(ports, input),
    readDatabaseFailover: (input) => progress(ports, input),
  };
}

interface Standing {
  readonly place: DatabasePlace;
  readonly plan: RemedyPlan;
  readonly objects: DatabaseObjects;
}

async function standing(ports: FailoverPorts, { plan, service }: FailoverInput): Promise<Standing> {
  checkFailoverPlan(plan);
  const place = placeOf(service);
  if (typeof place === 'string') throw failure('Invalid', place);
  const incidentId = plan.preconditions.claimFor ?? '';
  const objects = await ports.cluster.read(place, { incidentId, at: plan.plannedAt });
  if (typeof objects === 'string') throw failure('TargetChanged', objects);
  return { place, plan, objects };
}

/** The last point of no return: everything the plan stands on is looked at once more before it. */
async function fence(ports: FailoverPorts, input: FailoverInput): Promise<RemedyOutcome> {
  const { place, plan, objects } = await standing(ports, input);
  if (objects.claimedBy !== null) return outcome('refused', `Another incident has it: ${objects.claimedBy}`, {});
  if (objects.set.uid !== plan.preconditions.uid || objects.service.uid !== plan.preconditions.serviceUid)
    return outcome(
      'changed-underneath',
      `${place.primarySet} or its Service was recreated since the plan was made.`,
      {},
    );
  const already =
    objects.set.firstOrdinal === plan.parameters.fenceFirstOrdinal &&
    objects.set.replicas === plan.parameters.fenceReplicas;
  if (!already) {
    const refusal = await whyNotNow(ports, place, plan, objects);
    if (refusal !== null) return refusal;
  }
  const changed = await ports.cluster.fence(place, fenceOfPlan(plan), plan, false);
  if (changed.kind === 'refused') return outcome('refused', `The cluster refused: ${changed.words}`, {});
  const words = `${place.primarySet} is told not to run ${place.primaryPod} any more.`;
  return outcome(changed.kind === 'was-so' ? 'already-done' : 'done', words, {});
}

async function whyNotNow(
  ports: FailoverPorts,
  place: DatabasePlace,
  plan: RemedyPlan,
  objects: DatabaseObjects,
): Promise<RemedyOutcome | null> {
  if (objects.set.replicas !== plan.before.replicas || objects.set.firstOrdinal !== plan.before.firstOrdinal)
    return outcome('changed-underneath', `${place.primarySet} was scaled since the plan was made.`, {});
  const replica = await required(ports.replica, 'the replica').state();
  if (!replica.inRecovery)
    return outcome('changed-underneath', `${place.replicaPod} was promoted since the plan was made.`, {
      timeline: replica.timeline,
    });
  const primary = await required(ports.primary, 'the primary').state();
  if (!primary.answers || primary.writtenBytes === null) return null;
  // It answers again: what is lost is not what was approved, unless the replica has kept up.
  const bound = lossBound({ primary, replica, primaryPod: objects.primaryPod, rememberedStopAt: null });
  const limitSeconds = Number(plan.parameters.maximumLagSeconds);
  if (bound.seconds <= limitSeconds) return null;
  return outcome('refused', `${tooFarBehind(place, bound, limitSeconds)} Nothing was changed.`, {
    lagSeconds: bound.seconds,
  });
}

/** Proved twice: by the cluster, which runs it no more, and by its address, where no session could write. */
async function whyNotFenced(
  ports: FailoverPorts,
  place: DatabasePlace,
  plan: RemedyPlan,
  { set, primaryPod }: DatabaseObjects,
): Promise<string | null> {
  const fenceWanted = fenceOfPlan(plan);
  if (set.firstOrdinal !== fenceWanted.firstOrdinal || set.replicas !== fenceWanted.replicas)
    return `${place.primarySet} is asked to run it again`;
  if (primaryPod !== null) return 'its pod is still there';
  const primary = await required(ports.primary, 'the primary').state();
  return primary.acceptsWrites === true ? 'something at its address still takes writes' : null;
}

async function promote(ports: FailoverPorts, input: FailoverInput): Promise<RemedyOutcome> {
  const { place, plan, objects } = await standing(ports, input);
  const replica = required(ports.replica, 'the replica');
  const before = await replica.state();
  if (!before.inRecovery) return promoted(place, plan, before, 'already-done');
  const unfenced = await whyNotFenced(ports, place, plan, objects);
  if (unfenced !== null)
    return outcome(
      'refused',
      `${place.replicaPod} was not promoted: ${place.primaryPod} is not fenced (${unfenced}).`,
      {},
    );
  const said = await replica.promote(PROMOTION_WAIT_SECONDS);
  const after = await replica.state();
  if (!after.inRecovery) return promoted(place, plan, after, said === 'promoted' ? 'done' : 'already-done');
  return outcome(
    'unknown',
    `${place.replicaPod} was asked to become the primary and is still in recovery. ${place.primaryPod} is fenced, so nothing takes writes now: look at the log of ${place.replicaPod}.`,
    { timeline: after.timeline },
  );
}

/** A new timeline is the proof that it left recovery itself and is no other server. */
function promoted(
  place: DatabasePlace,
  plan: RemedyPlan,
  now: { readonly timeline: number },
  result: 'done' | 'already-done',
): RemedyOutcome {
  const before = Number(plan.before.timeline);
  if (now.timeline > before)
    return outcome(
      result,
      `${place.replicaPod} is the primary, not in recovery, on timeline ${now.timeline} (before: ${before}).`,
      { timeline: now.timeline },
    );
  return outcome(
    'unknown',
    `${place.replicaPod} is not in recovery, but on timeline ${now.timeline} as before: this is not the replica that the plan was made for.`,
    { timeline: now.timeline },
  );
}

async function point(ports: FailoverPorts, input: FailoverInput): Promise<RemedyOutcome> {
  const { place, plan } = await standing(ports, input);
  const state = await required(ports.replica, 'the replica').state();
  if (state.inRecovery)
    return outcome('refused', `${place.replicaPod} is still a replica: the application is not pointed at it.`, {});
  const changed = await ports.cluster.point(place, place.replicaPod, plan, false);
  if (changed.kind === 'refused') return outcome('refused', `The cluster refused: ${changed.words}`, {});
  const { isFenced, isPointed, isPromoted, words } = await progress(ports, input);
  const whole = isFenced && isPromoted && isPointed;
  const lost = `At most ${plan.parameters.lossAtMostSeconds} s of writes were lost.`;
  return outcome(whole ? (changed.kind === 'was-so' ? 'already-done' : 'done') : 'unknown', `${words} ${lost}`, {
    primary: place.replicaPod,
    timeline: state.timeline,
    pointedAt: isPointed ? place.replicaPod : null,
    lossAtMostSeconds: Number(plan.parameters.lossAtMostSeconds),
  });
}

async function progress(ports: FailoverPorts, input: FailoverInput): Promise<FailoverProgress> {
  const { place, plan, objects } = await standing(ports, input);
  const state = await required(ports.replica, 'the replica').state();
  const isPromoted = !state.inRecovery && state.timeline > Number(plan.before.timeline);
  const isPointed = objects.service.pod === place.replicaPod;
  // Once the Service is pointed at the new primary, its address does take writes, and rightly so.
  const unfenced = isPointed ? podStays(objects) : await whyNotFenced(ports, place, plan, objects);
  const words = [
    unfenced === null ? `${place.primaryPod} is fenced` : `${place.primaryPod} is not fenced (${unfenced})`,
    isPromoted
      ? `${place.replicaPod} is the primary on timeline ${state.timeline}`
      : `${place.replicaPod} is not promoted`,
    `the Service ${place.service} points at ${objects.service.pod ?? 'no pod by name'}`,
  ];
  return { isFenced: unfenced === null, isPromoted, isPointed, words: `${words.join(', ')}.` };
}

function podStays({ primaryPod }: DatabaseObjects): string | null {
  return primaryPod === null ? null : 'its pod is there again';
}

function required<T>(port: T | null, what: string): T {
  if (port !== null) return port;
  throw failure('Invalid', `The address of ${what} is not configured.`);
}

function outcome(
  result: RemedyOutcome['result'],
  readBack: string,
  observed: RemedyOutcome['observed'],
): RemedyOutcome {
  return { result, readBack, observed };
}
