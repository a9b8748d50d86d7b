import type { RemedyOutcome, RemedyPlan, RemedyRequest } from '../../domain/remedy.ts';
import { actOnWorkload, refOf } from './acting.ts';
import type { PreviewInput } from './api.ts';
import type { KubernetesClient } from './client.ts';
import type { Planned } from './planning.ts';
import { isReady, type Pod, type Workload } from './shapes.ts';

/** More pods than this are not replaced by one plan: a person should say which. */
export const REPLACED_PODS_LIMIT = 20;

/** One of the pods that a plan names: exactly this one, never whatever comes back under its name. */
interface PlannedPod {
  readonly name: string;
  readonly uid: string;
}

/** Names every pod by uid when it is proposed, so that a retry can never replace a replacement (R3.4.4). */
export async function planReplacement(
  client: KubernetesClient,
  input: PreviewInput,
  request: RemedyRequest,
  workload: Workload,
): Promise<Planned> {
  const { kind, namespace, name } = request.target;
  const away = request.parameters.awayFromNode === undefined ? null : String(request.parameters.awayFromNode);
  const all = await podsOf(client, namespace, workload);
  const affected = all.filter((pod) => away === null || pod.spec.nodeName === away).sort(worstFirst);
  const where = away === null ? '' : ` on node ${away}`;
  if (affected.length === 0) return `${name} has no pod${where} to replace.`;
  if (affected.length > REPLACED_PODS_LIMIT)
    return `${name} has ${affected.length} pods${where}; more than ${REPLACED_PODS_LIMIT} are not replaced at once. Restart it instead, or name fewer.`;
  const names = affected.map((pod) => pod.metadata.name);
  return {
    parameters: {
      pods: affected.map((pod) => `${pod.metadata.name}=${pod.metadata.uid}`).join(' '),
      ...(away === null ? {} : { awayFromNode: away }),
    },
    before: { pods: affected.length, ready: all.filter(isReady).length },
    preconditions: { uid: workload.metadata.uid, claimFor: input.incidentId },
    preview: `Replaces ${affected.length === 1 ? 'the pod' : `${affected.length} pods`} of ${name}${where} one after another (${names.join(', ')}), each evicted only when the others are ready.${await nodeWords(client, away)}`,
    command: `for pod in ${names.join(' ')}; do kubectl delete pod $pod -n ${namespace} && kubectl rollout status ${kind}/${name} -n ${namespace}; done`,
    temporary: false,
  };
}

export function plannedPods(plan: RemedyPlan): readonly PlannedPod[] {
  return String(plan.parameters.pods ?? '')
    .split(' ')
    .flatMap((one) => {
      const [name, uid] = one.split('=');
      return name === undefined || uid === undefined ? [] : [{ name, uid }];
    });
}

/**
 * Evicts the next planned pod, if the others can do without it; `observed.left` says how many are still to come. Whoever
 * calls waits in between (readReplacement) and calls again: this never waits, and a retry takes up where things stand.
 */
export async function replaceNextPod(client: KubernetesClient, plan: RemedyPlan): Promise<RemedyOutcome> {
  const marked = await actOnWorkload(client, plan);
  if (marked.result !== 'done' && marked.result !== 'already-done') return marked;
  const { pods, replicas } = await present(client, plan);
  const left = plannedPods(plan).flatMap(({ uid }) => pods.filter((pod) => pod.metadata.uid === uid));
  const [next] = left;
  if (next === undefined) {
    // Nobody has begun before: they went by themselves, with their node or by other hands.
    const words =
      marked.result === 'done' ? 'all planned pods had gone already' : 'all planned pods have been replaced';
    return replaced('already-done', plan, 0, words);
  }
  const ready = pods.filter(isReady).length;
  if (isReady(next) && ready < replicas)
    return replaced(
      'done',
      plan,
      left.length,
      `${ready} of ${replicas} pods are ready, so ${next.metadata.name} waits`,
    );
  const { namespace } = plan.target;
  const written = await client.evictPod(namespace, next.metadata.name, next.metadata.uid, false);
  if (written.kind === 'refused')
    return replaced(
      'refused',
      plan,
      left.length,
      `the cluster refused to evict ${next.metadata.name}: ${written.message}`,
    );
  // Gone, or another pod of that name: what was planned for is not there any more, which is what was wanted.
  return replaced('done', plan, left.length - 1, `${next.metadata.name} was evicted`);
}

/** Whether as many pods as wanted are ready; told for `awaitRollout`. */
export async function readReplacement(
  client: KubernetesClient,
  plan: RemedyPlan,
): Promise<{ readonly complete: boolean; readonly failed: boolean; readonly words: string }> {
  const { pods, replicas } = await present(client, plan);
  const ready = pods.filter(isReady).length;
  return {
    complete: ready >= replicas,
    failed: false,
    words: `${ready} of ${replicas} pods of ${plan.target.name} are ready`,
  };
}

/** The workload's pods that are not on their way out. */
async function podsOf(client: KubernetesClient, namespace: string, workload: Workload): Promise<readonly Pod[]> {
  const labels = Object.entries(workload.spec.selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  if (labels.length === 0) return [];
  const [pods, sets] = await Promise.all([
    client.pods(namespace, labels.join(',')),
    client.replicaSets(namespace, workload),
  ]);
  const owners = new Set([workload.metadata.uid, ...sets.map((set) => set.metadata.uid)]);
  return pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && pod.metadata.ownerReferences.some((owner) => owners.has(owner.uid)),
  );
}

async function present(client: KubernetesClient, plan: RemedyPlan) {
  const ref = refOf(plan);
  const workload = await client.workload(ref);
  if (workload === null) return { pods: [], replicas: 0 };
  return { pods: await podsOf(client, ref.namespace, workload), replicas: workload.spec.replicas };
}

/** Losing a pod that does not serve costs nothing, so those go first. */
function worstFirst(a: Pod, b: Pod): number {
  return Number(isReady(a)) - Number(isReady(b)) || a.metadata.name.localeCompare(b.metadata.name);
}

/** Nothing is cordoned here: whether the scheduler avoids the node is the node's own taint, and is said. */
async function nodeWords(client: KubernetesClient, away: string | null): Promise<string> {
  if (away === null) return '';
  const node = (await client.nodes()).find((one) => one.metadata.name === away);
  if (node === undefined) return ` There is no node ${away} any more.`;
  const closed = node.spec.unschedulable || node.spec.taints.some((taint) => taint.effect !== 'PreferNoSchedule');
  return closed
    ? ` ${away} takes no new pods, so they come back elsewhere.`
    : ` ${away} still takes new pods: cordon it first (kubectl cordon ${away}), or some may come back there.`;
}

function replaced(result: RemedyOutcome['result'], plan: RemedyPlan, left: number, words: string): RemedyOutcome {
  const total = plannedPods(plan).length;
  return {
    result,
    readBack: `${total - left} of ${total} pods of ${plan.target.name} replaced: ${words}.`,
    observed: { left, total },
  };
}
