import type { Instant } from '../../domain/instant.ts';
import type { RemedyPlan, RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import { failure } from '../failures.ts';
import { type PlanBody, planDigest, sealPlan } from '../remedy-plan.ts';
import type { FailoverPreviewInput } from './api.ts';
import { type LossBound, lossBound } from './loss-bound.ts';
import {
  type DatabaseObjects,
  type DatabasePlace,
  type FailoverPorts,
  type Fence,
  placeOf,
  type ReplicaFacts,
} from './ports.ts';

/** Beyond this nothing is known of the loss: no transaction has arrived since the replica started. */
const UNKNOWN_LOSS_SECONDS = 10 * 365 * 86_400;

/**
 * Looks everything up, states what would be lost, and refuses when that is more than policy allows. Nothing is written;
 * the cluster's two changes are rehearsed by the API server.
 */
export async function planFailover(
  ports: FailoverPorts,
  input: FailoverPreviewInput,
  request: RemedyRequest,
): Promise<RemedyPreview> {
  const impossible = (reason: string): RemedyPreview => ({ kind: 'impossible', request, reason });
  const place = placeOf(input.service);
  if (typeof place === 'string') return impossible(place);
  if (ports.replica === null || ports.primary === null)
    return impossible(
      'The addresses of the database and its replica are not both configured (SERVICE_DATABASE_URL, SERVICE_DATABASE_REPLICA_URL).',
    );
  const [objects, primary] = await Promise.all([
    ports.cluster.read(place, { incidentId: input.incidentId, at: input.at }),
    ports.primary.state(),
  ]);
  if (typeof objects === 'string') return impossible(objects);
  if (objects.claimedBy !== null) return impossible(`Another incident has it: ${objects.claimedBy}`);
  const replica = await stateOrReason(ports.replica);
  if (typeof replica === 'string')
    return impossible(`The replica ${place.replicaPod} is missing or does not answer: ${replica}`);
  const unfit = whyUnfit(place, objects, replica);
  if (unfit !== null) return impossible(unfit);
  const fence = fenceFor(place, objects);
  if (typeof fence === 'string') return impossible(fence);
  const bound = lossBound({
    primary,
    replica,
    primaryPod: objects.primaryPod,
    rememberedStopAt: (request.parameters.stoppedAt as Instant | undefined) ?? null,
  });
  if (bound.seconds > input.maximumLagSeconds) return impossible(tooFarBehind(place, bound, input.maximumLagSeconds));
  const plan = sealPlan(bodyOf(input, request, { place, objects, replica, fence, bound, isAlive: primary.answers }));
  return rehearsed(ports, place, plan, impossible);
}

/** What the plan fixed, read back from its parameters; throws when it is not the failover that was approved. */
export function fenceOfPlan(plan: RemedyPlan): Fence {
  return { replicas: Number(plan.parameters.fenceReplicas), firstOrdinal: Number(plan.parameters.fenceFirstOrdinal) };
}

/** A plan is carried out only as it was approved: any other content has another digest (ADR 0012). */
export function checkFailoverPlan(plan: RemedyPlan): void {
  if (plan.action === 'failover-database' && planDigest(plan) === plan.digest) return;
  throw failure(
    'Invalid',
    `The plan ${plan.key} is not the failover that was approved: its digest does not match. Preview it again.`,
  );
}

interface Fixed {
  readonly place: DatabasePlace;
  readonly objects: DatabaseObjects;
  readonly replica: ReplicaFacts;
  readonly fence: Fence;
  readonly bound: LossBound;
  readonly isAlive: boolean;
}

async function stateOrReason(replica: NonNullable<FailoverPorts['replica']>): Promise<ReplicaFacts | string> {
  try {
    return await replica.state();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function whyUnfit(place: DatabasePlace, objects: DatabaseObjects, replica: ReplicaFacts): string | null {
  if (objects.replicaPod === null) return `There is no pod ${place.replicaPod}: the replica is missing.`;
  if (!objects.replicaPod.isReady) return `The pod ${place.replicaPod} of the replica is not ready.`;
  if (!replica.inRecovery)
    return `${place.replicaPod} is not a replica any more: it is a primary of its own on timeline ${replica.timeline}. A person must say which of the two is right.`;
  if (objects.service.pod === place.replicaPod)
    return `The Service ${place.service} points at ${place.replicaPod} already, which is still a replica: a failover was left half done. A person must look at it.`;
  return null;
}

/** Why a failover is refused; ends with what may be done instead. */
export function tooFarBehind(place: DatabasePlace, bound: LossBound, limitSeconds: number): string {
  const lost =
    bound.seconds > UNKNOWN_LOSS_SECONDS ? 'an unknown amount of writes' : `up to ${bound.seconds} s of writes`;
  return `A failover to ${place.replicaPod} would lose ${lost} (${bound.words}); policy allows ${limitSeconds} s (playbooks.failoverMaximumLagSeconds). Wait until the replica has caught up, or let a person decide what may be lost.`;
}

/** What the StatefulSet runs afterwards: everything but the old primary, which must be at one end of its pods. */
function fenceFor(place: DatabasePlace, { set }: DatabaseObjects): Fence | string {
  if (place.replicaSet !== place.primarySet) return { replicas: 0, firstOrdinal: set.firstOrdinal };
  const [primary, replica] = [ordinalOf(place.primaryPod), ordinalOf(place.replicaPod)];
  const last = set.firstOrdinal + set.replicas - 1;
  if (replica < set.firstOrdinal || replica > last) return `${place.primarySet} does not run ${place.replicaPod}.`;
  if (primary <= set.firstOrdinal)
    return {
      replicas: last - Math.max(primary + 1, set.firstOrdinal) + 1,
      firstOrdinal: Math.max(primary + 1, set.firstOrdinal),
    };
  if (primary >= last) return { replicas: primary - set.firstOrdinal, firstOrdinal: set.firstOrdinal };
  return `${place.primaryPod} is neither the first nor the last pod of ${place.primarySet}, so its StatefulSet cannot be told to leave it out.`;
}

function ordinalOf(podName: string): number {
  return Number(/-(\d+)$/.exec(podName)?.[1] ?? 0);
}

function bodyOf(input: FailoverPreviewInput, request: RemedyRequest, fixed: Fixed): PlanBody {
  const { place, objects, replica, fence, bound } = fixed;
  return {
    key: `${input.keyPrefix}/${request.action}/${request.target.name}`,
    action: request.action,
    target: request.target,
    parameters: {
      replica: place.replicaPod,
      maximumLagSeconds: input.maximumLagSeconds,
      lossAtMostSeconds: bound.seconds,
      fenceReplicas: fence.replicas,
      fenceFirstOrdinal: fence.firstOrdinal,
    },
    before: {
      primary: place.primaryPod,
      pointedAt: objects.service.pod,
      replicas: objects.set.replicas,
      firstOrdinal: objects.set.firstOrdinal,
      timeline: replica.timeline,
      stoppedAt: bound.stoppedAt,
    },
    preconditions: {
      claimFor: input.incidentId,
      uid: objects.set.uid,
      serviceUid: objects.service.uid,
      primaryUid: objects.primaryPod?.uid ?? '',
    },
    preview: previewOf(input, fixed),
    command: commandOf(place, fence),
    plannedAt: input.at,
    temporary: false,
  };
}

function previewOf(input: FailoverPreviewInput, { place, replica, bound, isAlive }: Fixed): string {
  const receiving = replica.isStreaming ? 'streaming' : 'cut off from the primary';
  const alive = isAlive
    ? ' The old primary still answers: whatever is written until it is gone may be lost as well.'
    : '';
  const document = input.document === null ? '' : ` See ${input.document}.`;
  return `Fails the database over to ${place.replicaPod} (${receiving}, timeline ${replica.timeline}). At most ${bound.seconds} s of writes are lost: ${bound.words}; policy allows ${input.maximumLagSeconds} s. In this order: ${place.primaryPod} is taken away for good and nothing at its address takes writes any more, ${place.replicaPod} is promoted, the Service ${place.service} is pointed at it. It cannot be undone: ${place.primaryPod} has to be built anew as a replica.${alive}${document}`;
}

function commandOf(place: DatabasePlace, fence: Fence): string {
  const spec = JSON.stringify({ spec: { replicas: fence.replicas, ordinals: { start: fence.firstOrdinal } } });
  const selector = JSON.stringify({ spec: { selector: { 'statefulset.kubernetes.io/pod-name': place.replicaPod } } });
  return [
    `kubectl patch statefulset ${place.primarySet} -n ${place.namespace} --type merge -p '${spec}'`,
    `kubectl wait --for=delete pod/${place.primaryPod} -n ${place.namespace} --timeout=120s`,
    `kubectl exec ${place.replicaPod} -n ${place.namespace} -- psql -c "SELECT pg_promote();"`,
    `kubectl patch service ${place.service} -n ${place.namespace} --type merge -p '${selector}'`,
  ].join(' && ');
}

async function rehearsed(
  ports: FailoverPorts,
  place: DatabasePlace,
  plan: RemedyPlan,
  impossible: (reason: string) => RemedyPreview,
): Promise<RemedyPreview> {
  for (const answer of [
    await ports.cluster.fence(place, fenceOfPlan(plan), plan, true),
    await ports.cluster.point(place, place.replicaPod, plan, true),
  ]) {
    if (answer.kind === 'refused') return impossible(`The cluster would not accept it: ${answer.words}`);
  }
  return { kind: 'plan', plan };
}
