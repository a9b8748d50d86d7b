import type { RemedyOutcome, RemedyPlan } from '../../domain/remedy.ts';
import type { KubernetesClient, WorkloadKind, WorkloadRef } from './client.ts';
import { claimAgainst, claimedWords, isMarked } from './marks.ts';
import { memoryLimitOf, memoryLimitState } from './memory-limit.ts';
import { patchFor } from './patches.ts';
import { imageOf, RESTARTED_AT_ANNOTATION, revisionOf, sameTemplate } from './revisions.ts';
import type { Pod, ReplicaSet, Workload } from './shapes.ts';

/** The controller writes status all the time while pods move, so a lost race is normal; this often we read again. */
const READ_AGAIN_LIMIT = 6;

/**
 * Carries a plan on a workload out at most once: marker first, then the preconditions, then one conditional write, then
 * what is read back. A call whose answer was lost throws; its retry finds the marker and answers `already-done`.
 */
export async function actOnWorkload(client: KubernetesClient, plan: RemedyPlan): Promise<RemedyOutcome> {
  const ref = refOf(plan);
  let lost: { readonly resourceVersion: string; readonly message: string } | null = null;
  for (let attempt = 1; attempt <= READ_AGAIN_LIMIT; attempt += 1) {
    const seen = await look(client, ref, plan);
    const settled = settledBefore(plan, seen);
    if (settled !== null) return settled;
    const { workload, sets } = seen as Seen & { readonly workload: Workload };
    if (lost !== null && lost.resourceVersion === workload.metadata.resourceVersion) {
      return outcome('refused', `The cluster does not accept the change: ${lost.message}`, workload);
    }
    const written = await client.patchWorkload(ref, patchFor(plan, workload, sets), false);
    if (written.kind === 'written') return readBack(client, ref, plan);
    if (written.kind === 'refused') return outcome('refused', `The cluster refused: ${written.message}`, workload);
    lost = { resourceVersion: workload.metadata.resourceVersion, message: written.message };
  }
  return {
    result: 'changed-underneath',
    readBack: `${ref.name} changed ${READ_AGAIN_LIMIT} times while we tried; nothing of ours was written.`,
    observed: {},
  };
}

/**
 * Marks the owner first, which also claims it, then deletes exactly the pod that was planned for, by its uid: the
 * replacement that comes back under the same name can never be hit by a retry.
 */
export async function deletePlannedPod(client: KubernetesClient, plan: RemedyPlan): Promise<RemedyOutcome> {
  const { namespace, name } = plan.target;
  const marked = await actOnWorkload(client, plan);
  if (marked.result !== 'done' && marked.result !== 'already-done') return marked;
  const pod = await client.pod(namespace, name);
  if (!isPlanned(pod, plan)) {
    const ours = marked.result === 'already-done';
    return podOutcome(
      ours ? 'already-done' : 'changed-underneath',
      pod,
      ours ? `${name} has been deleted` : `the pod that was planned for was gone already`,
    );
  }
  if (pod?.metadata.deletionTimestamp) return podOutcome('already-done', pod, `${name} is on its way out`);
  const written = await client.deletePod(namespace, name, pod?.metadata.uid ?? '', false);
  if (written.kind === 'refused') return podOutcome('refused', pod, `the cluster refused: ${written.message}`);
  if (written.kind !== 'written')
    return podOutcome('changed-underneath', pod, `the pod that was planned for was gone already`);
  return podOutcome('done', await client.pod(namespace, name), `${name} was deleted`);
}

/** The workload a plan writes to: its target, or for a pod the owner that brings it back. */
export function refOf(plan: RemedyPlan): WorkloadRef {
  const kindOf = (kind: string | undefined): WorkloadKind => (kind === 'statefulset' ? 'statefulset' : 'deployment');
  if (plan.action !== 'delete-pod')
    return { kind: kindOf(plan.target.kind), namespace: plan.target.namespace, name: plan.target.name };
  return {
    kind: kindOf(plan.preconditions.ownerKind),
    namespace: plan.target.namespace,
    name: plan.preconditions.ownerName ?? '',
  };
}

interface Seen {
  readonly workload: Workload | null;
  readonly sets: readonly ReplicaSet[];
}

async function look(client: KubernetesClient, ref: WorkloadRef, plan: RemedyPlan): Promise<Seen> {
  const workload = await client.workload(ref);
  const sets = workload !== null && plan.action === 'rollback' ? await client.replicaSets(ref.namespace, workload) : [];
  return { workload, sets };
}

/** What answers the plan before anything is written; null when it is to be carried out. */
function settledBefore(plan: RemedyPlan, { workload, sets }: Seen): RemedyOutcome | null {
  const name = plan.target.name;
  if (workload === null)
    return { result: 'changed-underneath', readBack: `${refOf(plan).name} does not exist any more.`, observed: {} };
  if (workload.metadata.uid !== plan.preconditions.uid) {
    return outcome('changed-underneath', `${refOf(plan).name} was recreated since the plan was made.`, workload);
  }
  if (isMarked(workload.metadata.annotations, plan.key))
    return outcome('already-done', `This was carried out before. ${stateWords(workload)}`, workload);
  const claim = claimAgainst(workload.metadata.annotations, plan.preconditions.claimFor ?? '', plan.plannedAt);
  if (claim !== null)
    return outcome('refused', `Another incident has ${refOf(plan).name}: ${claimedWords(claim)}`, workload);
  if (workload.spec.paused && (plan.action === 'rollback' || plan.action === 'restart')) {
    return outcome('refused', `${name} has been paused since the plan was made.`, workload);
  }
  return settledByAction(plan, workload, sets);
}

function settledByAction(plan: RemedyPlan, workload: Workload, sets: readonly ReplicaSet[]): RemedyOutcome | null {
  const name = plan.target.name;
  if (plan.action === 'rollback') {
    const target = sets.find((set) => set.metadata.uid === plan.preconditions.replicaSetUid);
    if (target === undefined)
      return outcome('changed-underneath', `Revision ${plan.parameters.revision} of ${name} is gone.`, workload);
    if (sameTemplate(target.spec.template, workload.spec.template))
      return outcome(
        'already-done',
        `${name} runs the release of revision ${plan.parameters.revision} already.`,
        workload,
      );
    if (String(revisionOf(workload)) === plan.preconditions.revision) return null;
    return outcome(
      'changed-underneath',
      `${name} is at revision ${revisionOf(workload)} now, the plan was made at ${plan.preconditions.revision}.`,
      workload,
    );
  }
  if (plan.action === 'restart' && restartedAtOf(workload) === plan.parameters.restartedAt) {
    return outcome('already-done', `${name} was restarted as of ${plan.parameters.restartedAt} already.`, workload);
  }
  if (plan.action === 'memory-limit') return settledByMemory(plan, workload);
  if (plan.action !== 'scale') return null;
  if (workload.spec.replicas === plan.parameters.replicas)
    return outcome('already-done', `${name} has ${workload.spec.replicas} replicas already.`, workload);
  if (String(workload.spec.replicas) === plan.preconditions.replicas) return null;
  return outcome(
    'changed-underneath',
    `${name} has ${workload.spec.replicas} replicas now, the plan was made at ${plan.preconditions.replicas}.`,
    workload,
  );
}

function settledByMemory(plan: RemedyPlan, workload: Workload): RemedyOutcome | null {
  const [name, now] = [plan.target.name, memoryLimitOf(plan, workload) ?? 'no limit'];
  const state = memoryLimitState(plan, workload);
  if (state === 'as-before') return null;
  return state === 'as-wanted'
    ? outcome('already-done', `${name} has a memory limit of ${now} already.`, workload)
    : outcome(
        'changed-underneath',
        `${name} has ${now} now, the plan was made at ${plan.preconditions.memory}.`,
        workload,
      );
}

/** A write that the API server accepted and that reads back otherwise has an enemy, and a person must know. */
async function readBack(client: KubernetesClient, ref: WorkloadRef, plan: RemedyPlan): Promise<RemedyOutcome> {
  const { workload, sets } = await look(client, ref, plan);
  if (workload === null)
    return { result: 'unknown', readBack: `${ref.name} is gone right after the change.`, observed: {} };
  if (isInPlace(plan, workload, sets)) return outcome('done', stateWords(workload), workload);
  return outcome(
    'unknown',
    `The change was accepted but reads back otherwise: something else writes to ${ref.name}. ${stateWords(workload)}`,
    workload,
  );
}

function isInPlace(plan: RemedyPlan, workload: Workload, sets: readonly ReplicaSet[]): boolean {
  if (plan.action === 'scale') return workload.spec.replicas === plan.parameters.replicas;
  if (plan.action === 'restart') return restartedAtOf(workload) === plan.parameters.restartedAt;
  if (plan.action === 'memory-limit') return memoryLimitState(plan, workload) === 'as-wanted';
  if (plan.action === 'delete-pod' || plan.action === 'replace-pods')
    return isMarked(workload.metadata.annotations, plan.key);
  const target = sets.find((set) => set.metadata.uid === plan.preconditions.replicaSetUid);
  return target !== undefined && sameTemplate(target.spec.template, workload.spec.template);
}

function restartedAtOf(workload: Workload): string | null {
  return workload.spec.template.metadata?.annotations?.[RESTARTED_AT_ANNOTATION] ?? null;
}

function isPlanned(pod: Pod | null, plan: RemedyPlan): boolean {
  return pod !== null && pod.metadata.uid === plan.preconditions.podUid;
}

function stateWords(workload: Workload): string {
  const { replicas, template } = workload.spec;
  return `${workload.metadata.name} asks for ${replicas} ${replicas === 1 ? 'pod' : 'pods'} of ${imageOf(template)}, ${workload.status.readyReplicas} ready now.`;
}

function outcome(result: RemedyOutcome['result'], words: string, workload: Workload): RemedyOutcome {
  return {
    result,
    readBack: words,
    observed: {
      revision: revisionOf(workload),
      image: imageOf(workload.spec.template),
      replicas: workload.spec.replicas,
      readyReplicas: workload.status.readyReplicas,
      generation: workload.metadata.generation,
      restartedAt: restartedAtOf(workload),
    },
  };
}

function podOutcome(result: RemedyOutcome['result'], pod: Pod | null, words: string): RemedyOutcome {
  const now =
    pod === null
      ? 'no pod of that name is there now'
      : `the pod of that name is ${pod.metadata.deletionTimestamp ? 'terminating' : pod.status.phase} now`;
  return {
    result,
    readBack: `${words[0]?.toUpperCase()}${words.slice(1)}; ${now}.`,
    observed: { uid: pod?.metadata.uid ?? null, phase: pod?.status.phase ?? null },
  };
}
