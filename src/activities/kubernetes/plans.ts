import type { RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import type { PreviewInput } from './api.ts';
import { previewManifest } from './applying.ts';
import type { KubernetesClient, WorkloadKind, WorkloadRef } from './client.ts';
import type { Manifests } from './manifests.ts';
import { claimAgainst, claimedWords } from './marks.ts';
import { planMemoryLimit } from './memory-limit.ts';
import { patchFor } from './patches.ts';
import { countPods, impossible, type Planner, preconditionsOf, rehearsed, seal } from './planning.ts';
import { plannedPods, planReplacement } from './replacing.ts';
import { previewConfigRestore } from './restoring.ts';
import { imageOf, revisionOf, revisionToGoBackTo, rolloutRevision } from './revisions.ts';
import type { Pod, ReplicaSet, Workload } from './shapes.ts';

/**
 * Looks everything up and fixes every choice, so that carrying the plan out twice is carrying it out once. Nothing is
 * written: the write is only rehearsed by the API server (dryRun=All), and what it objects to is why there is no plan.
 */
export async function previewRemedy(
  client: KubernetesClient,
  manifests: Manifests | null,
  input: PreviewInput,
  request: RemedyRequest,
): Promise<RemedyPreview> {
  switch (request.action) {
    case 'rollback':
      return previewOnWorkload(client, input, request, ['deployment'], planRollback);
    case 'restart':
      return previewOnWorkload(client, input, request, ['deployment', 'statefulset'], planRestart);
    case 'scale':
      return previewOnWorkload(client, input, request, ['deployment'], planScale);
    case 'memory-limit':
      return previewOnWorkload(client, input, request, ['deployment', 'statefulset'], planMemoryLimit);
    case 'replace-pods':
      return previewReplacement(client, input, request);
    case 'delete-pod':
      return previewDeletion(client, input, request);
    case 'restore-config':
      return previewConfigRestore(client, manifests, input, request);
    case 'rate-limit':
    case 'canary':
    case 'promote':
      return previewManifest(client, manifests, input, request);
    default:
      return impossible(request, `${request.action} is not done through the cluster's workloads.`);
  }
}

async function previewOnWorkload(
  client: KubernetesClient,
  input: PreviewInput,
  request: RemedyRequest,
  kinds: readonly WorkloadKind[],
  planner: Planner,
): Promise<RemedyPreview> {
  const found = await findForChange(client, input, request, kinds);
  if ('reason' in found) return impossible(request, found.reason);
  const { ref, workload } = found;
  const planned = await planner(client, input, request, workload);
  if (typeof planned === 'string') return impossible(request, planned);
  const plan = seal(input, request, planned);
  const sets = request.action === 'rollback' ? await client.replicaSets(ref.namespace, workload) : [];
  return rehearsed(request, plan, await client.patchWorkload(ref, patchFor(plan, workload, sets), true));
}

type Found = { readonly ref: WorkloadRef; readonly workload: Workload } | { readonly reason: string };

async function findForChange(
  client: KubernetesClient,
  input: PreviewInput,
  request: RemedyRequest,
  kinds: readonly WorkloadKind[],
): Promise<Found> {
  const kind = kinds.find((one) => one === request.target.kind);
  if (kind === undefined) return { reason: `${request.action} is not possible for a ${request.target.kind}.` };
  const ref: WorkloadRef = { kind, namespace: request.target.namespace, name: request.target.name };
  const workload = await client.workload(ref);
  if (workload === null) return { reason: `There is no ${kind} ${ref.name} in ${ref.namespace}.` };
  const claim = claimAgainst(workload.metadata.annotations, input.incidentId, input.at);
  return claim === null ? { ref, workload } : { reason: `Another incident has it: ${claimedWords(claim)}` };
}

const planRollback: Planner = async (client, input, request, deployment) => {
  if (deployment.spec.paused) return `${deployment.metadata.name} is paused: resume it first (kubectl rollout resume).`;
  const sets = await client.replicaSets(request.target.namespace, deployment);
  const asked = request.parameters.revision;
  const chosen = asked === undefined ? revisionToGoBackTo(deployment, sets) : revisionByNumber(sets, asked);
  if (chosen === null) return noRevision(deployment, asked);
  const to = rolloutRevision(chosen);
  const current = sets.find((set) => revisionOf(set) === revisionOf(deployment));
  const from = current === undefined ? `revision ${revisionOf(deployment)}` : revisionWords(current);
  return {
    parameters: { revision: to.revision },
    before: { revision: revisionOf(deployment), image: imageOf(deployment.spec.template) },
    preconditions: {
      ...preconditionsOf(input, deployment),
      revision: String(revisionOf(deployment)),
      replicaSetUid: chosen.metadata.uid,
    },
    preview: `Rolls ${deployment.metadata.name} back from ${from} to ${revisionWords(chosen)}; ${replacedWords(deployment)}.`,
    command: `kubectl rollout undo deployment/${deployment.metadata.name} -n ${request.target.namespace} --to-revision=${to.revision}`,
    temporary: false,
  };
};

const planRestart: Planner = async (_client, input, request, workload) => {
  const { kind, namespace, name } = request.target;
  if (workload.spec.paused) return `${name} is paused: a restart would not happen until it is resumed.`;
  if (workload.spec.updateStrategy?.type === 'OnDelete')
    return `${name} is only updated when its pods are deleted by hand.`;
  return {
    parameters: { restartedAt: input.at },
    before: {
      restartedAt: workload.spec.template.metadata?.annotations?.['kubectl.kubernetes.io/restartedAt'] ?? null,
    },
    preconditions: preconditionsOf(input, workload),
    preview: `Restarts ${name}; ${replacedWords(workload)}. What runs stays the same release.`,
    command: `kubectl rollout restart ${kind}/${name} -n ${namespace}`,
    temporary: false,
  };
};

const planScale: Planner = async (client, input, request, deployment) => {
  const { namespace, name } = request.target;
  const [replicas, before] = [request.parameters.replicas, deployment.spec.replicas];
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 1)
    return `To how many replicas ${name} should be scaled was not said.`;
  const reverting = request.parameters.revert === 1;
  const drift = reverting ? request.parameters.scaledTo : undefined;
  if (drift !== undefined && drift !== before)
    return `${name} has ${before} replicas now, not the ${drift} we set: somebody else decided since, so it is left alone.`;
  if (replicas === before) return `${name} has ${before} replicas already.`;
  if (replicas < before && !reverting)
    return `${name} has ${before} replicas; scaling down to ${replicas} during an incident is refused.`;
  const autoscaler = await client.autoscaler({ kind: 'deployment', namespace, name });
  if (autoscaler !== null)
    return `The autoscaler ${autoscaler} decides how many replicas ${name} has and would undo it; change its limits instead.`;
  return {
    parameters: { replicas, ...(reverting ? { revert: 1 } : {}) },
    // Going back is a request with these values: only what we set ourselves is taken back (ADR 0011).
    before: { replicas: before, scaledTo: replicas },
    preconditions: { ...preconditionsOf(input, deployment), replicas: String(before) },
    preview: `Scales ${name} from ${before} to ${replicas} replicas; ${replicas > before ? `${replicas - before} pods are added` : `${before - replicas} pods are stopped`}, the others keep running.`,
    command: `kubectl scale deployment/${name} --replicas=${replicas} -n ${namespace}`,
    temporary: !reverting,
  };
};

async function previewReplacement(
  client: KubernetesClient,
  input: PreviewInput,
  request: RemedyRequest,
): Promise<RemedyPreview> {
  const found = await findForChange(client, input, request, ['deployment', 'statefulset']);
  if ('reason' in found) return impossible(request, found.reason);
  const planned = await planReplacement(client, input, request, found.workload);
  if (typeof planned === 'string') return impossible(request, planned);
  const plan = seal(input, request, planned);
  const first = plannedPods(plan)[0];
  if (first === undefined) return impossible(request, `There is no pod of ${request.target.name} to replace.`);
  return rehearsed(request, plan, await client.evictPod(request.target.namespace, first.name, first.uid, true));
}

async function previewDeletion(
  client: KubernetesClient,
  input: PreviewInput,
  request: RemedyRequest,
): Promise<RemedyPreview> {
  const { namespace, name, kind } = request.target;
  if (kind !== 'pod') return impossible(request, `delete-pod is not possible for a ${kind}.`);
  const pod = await client.pod(namespace, name);
  if (pod === null) return impossible(request, `There is no pod ${name} in ${namespace}.`);
  const owner = await ownerOf(client, namespace, pod);
  if (owner === null)
    return impossible(request, `Nothing would bring ${name} back: no Deployment or StatefulSet owns it.`);
  const claim = claimAgainst(owner.workload.metadata.annotations, input.incidentId, input.at);
  if (claim !== null) return impossible(request, `Another incident has ${owner.ref.name}: ${claimedWords(claim)}`);
  const plan = seal(input, request, {
    parameters: {},
    before: { phase: pod.status.phase },
    preconditions: {
      ...preconditionsOf(input, owner.workload),
      podUid: pod.metadata.uid,
      ownerKind: owner.ref.kind,
      ownerName: owner.ref.name,
    },
    preview: `Deletes the pod ${name} (${pod.status.phase}); the ${owner.ref.kind} ${owner.ref.name} (${countPods(owner.workload)}) starts a new one in its place.`,
    command: `kubectl delete pod ${name} -n ${namespace}`,
    temporary: false,
  });
  return rehearsed(request, plan, await client.deletePod(namespace, name, pod.metadata.uid, true));
}

/** The Deployment or StatefulSet that a pod belongs to in the end; null when nothing of the kind does. */
export async function ownerOf(
  client: KubernetesClient,
  namespace: string,
  pod: Pod,
): Promise<{ readonly ref: WorkloadRef; readonly workload: Workload } | null> {
  const direct = pod.metadata.ownerReferences.find((owner) => owner.controller !== false);
  if (direct === undefined) return null;
  const above =
    direct.kind === 'ReplicaSet'
      ? (await client.replicaSet(namespace, direct.name))?.metadata.ownerReferences[0]
      : direct;
  const kind = above?.kind === 'Deployment' ? 'deployment' : above?.kind === 'StatefulSet' ? 'statefulset' : null;
  if (above === undefined || kind === null) return null;
  const ref: WorkloadRef = { kind, namespace, name: above.name };
  const workload = await client.workload(ref);
  return workload === null ? null : { ref, workload };
}

function revisionByNumber(sets: readonly ReplicaSet[], asked: string | number): ReplicaSet | null {
  return sets.find((set) => revisionOf(set) === Number(asked)) ?? null;
}

function noRevision(deployment: Workload, asked: string | number | undefined): string {
  const name = deployment.metadata.name;
  return asked === undefined
    ? `${name} has no earlier revision that differs from what runs now (revision ${revisionOf(deployment)}).`
    : `${name} has no revision ${asked} any more.`;
}

function revisionWords(set: ReplicaSet): string {
  const { revision, image, change, rolledOutAt } = rolloutRevision(set);
  return `revision ${revision} (${image}${change === null ? '' : `, "${change}"`}, first rolled out ${rolledOutAt.slice(0, 16).replace('T', ' ')} UTC)`;
}

function replacedWords(workload: Workload): string {
  const most = workload.spec.strategy?.rollingUpdate?.maxUnavailable;
  const away = most === undefined || most === null ? '' : `, at most ${most} unavailable at a time`;
  return `${countPods(workload)} ${workload.spec.replicas === 1 ? 'is' : 'are'} replaced one after another${away}`;
}
