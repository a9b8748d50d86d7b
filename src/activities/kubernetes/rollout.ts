import type { RemedyPlan } from '../../domain/remedy.ts';
import { refOf } from './acting.ts';
import type { RolloutState } from './api.ts';
import type { KubernetesClient } from './client.ts';
import { refsOfWords } from './objects.ts';
import { readReplacement } from './replacing.ts';
import { restartPlans } from './restoring.ts';
import { isReady, type Pod, type Workload } from './shapes.ts';

/** Where the consequences of a plan stand, told as kubectl's `rollout status` does. Never writes. */
export async function readRollout(client: KubernetesClient, plan: RemedyPlan): Promise<RolloutState> {
  if (plan.action === 'replace-pods') return readReplacement(client, plan);
  const several = deploymentsOf(plan);
  if (several !== null) return readSeveral(client, several, plan.target.namespace);
  const ref = refOf(plan);
  const workload = await client.workload(ref);
  if (workload === null) return failed(`${ref.name} does not exist any more.`);
  if (workload.metadata.uid !== plan.preconditions.uid) return failed(`${ref.name} was recreated meanwhile.`);
  if (plan.action === 'delete-pod') {
    const pod = ref.kind === 'statefulset' ? await client.pod(ref.namespace, plan.target.name) : null;
    return ref.kind === 'statefulset' ? replacedPod(plan, pod) : deploymentState(workload);
  }
  return ref.kind === 'statefulset' ? statefulSetState(workload) : deploymentState(workload);
}

/** The deployments that a plan on something else rolls out; null when its target is the workload itself. */
function deploymentsOf(plan: RemedyPlan): readonly string[] | null {
  if (plan.action === 'restore-config') return restartPlans(plan).map(({ target }) => target.name);
  if (plan.target.kind !== 'manifest') return null;
  const refs = refsOfWords(String(plan.parameters.objects ?? ''), plan.target.namespace);
  return refs.filter(({ kind }) => kind === 'Deployment').map(({ name }) => name);
}

/** Complete when all are; failed when one is. A deployment that a way back deleted has nothing left to roll out. */
async function readSeveral(
  client: KubernetesClient,
  names: readonly string[],
  namespace: string,
): Promise<RolloutState> {
  const states: RolloutState[] = [];
  for (const name of names) {
    const found = await client.workload({ kind: 'deployment', namespace, name });
    if (found !== null) states.push(deploymentState(found));
  }
  const unfinished = states.find((state) => state.failed) ?? states.find((state) => !state.complete);
  return unfinished ?? complete(states.map(({ words }) => words).join(' ') || 'Nothing has to be rolled out.');
}

function deploymentState(deployment: Workload): RolloutState {
  const { name, generation } = deployment.metadata;
  const { replicas } = deployment.spec;
  const status = deployment.status;
  // Conditions speak of an older request until the controller has seen this one.
  if (generation > status.observedGeneration) return waiting(`the controller has not seen the change of ${name} yet`);
  const progress = status.conditions.find((condition) => condition.type === 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded')
    return failed(`${name} stopped making progress: ${progress.message ?? progress.reason}`);
  if (status.updatedReplicas < replicas) return waiting(`${status.updatedReplicas} of ${replicas} pods replaced`);
  if (status.replicas > status.updatedReplicas)
    return waiting(
      `${replicas} of ${replicas} pods replaced, ${status.replicas - status.updatedReplicas} old ones still stopping`,
    );
  if (status.availableReplicas < status.updatedReplicas)
    return waiting(`${status.availableReplicas} of ${replicas} new pods ready`);
  return complete(`All ${replicas} pods of ${name} are new and ready.`);
}

function statefulSetState(set: Workload): RolloutState {
  const { name, generation } = set.metadata;
  const { replicas } = set.spec;
  const status = set.status;
  if (generation > status.observedGeneration) return waiting(`the controller has not seen the change of ${name} yet`);
  const rolled = status.updateRevision === undefined || status.currentRevision === status.updateRevision;
  if (!rolled) return waiting(`${Math.min(status.updatedReplicas, replicas)} of ${replicas} pods replaced`);
  if (status.readyReplicas < replicas) return waiting(`${status.readyReplicas} of ${replicas} pods ready`);
  return complete(`All ${replicas} pods of ${name} are new and ready.`);
}

function replacedPod(plan: RemedyPlan, pod: Pod | null): RolloutState {
  const name = plan.target.name;
  if (pod === null) return waiting(`${name} is gone and not back yet`);
  if (pod.metadata.uid === plan.preconditions.podUid) return waiting(`${name} is still stopping`);
  return isReady(pod)
    ? complete(`${name} is back and ready.`)
    : waiting(`${name} is back (${pod.status.phase}) and not ready yet`);
}

function waiting(words: string): RolloutState {
  return { complete: false, failed: false, words };
}

function failed(words: string): RolloutState {
  return { complete: false, failed: true, words };
}

function complete(words: string): RolloutState {
  return { complete: true, failed: false, words };
}
