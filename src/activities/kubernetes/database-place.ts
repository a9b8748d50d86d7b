import { type Instant, instant } from '../../domain/instant.ts';
import type { RemedyPlan } from '../../domain/remedy.ts';
import type {
  ChangeOutcome,
  DatabaseClusterPort,
  DatabaseObjects,
  DatabasePlace,
  DatabasePod,
  Fence,
} from '../failover/ports.ts';
import type { KubernetesClient, Patch, Written } from './client.ts';
import { claimAgainst, claimedWords, marksOf } from './marks.ts';
import type { Pod, Service, Workload } from './shapes.ts';

/** Kubernetes puts it on every pod of a StatefulSet, so a Service can choose one of them. */
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const READ_AGAIN_LIMIT = 6;

/**
 * What a database failover does in the cluster. The old primary is fenced by its StatefulSet, which then runs only
 * later ordinals (or, when the replica has a set of its own, nothing): deleting the pod alone would bring it back as a
 * second primary. Each write carries marks and claim, and the version that was read.
 */
export function createDatabaseCluster(client: KubernetesClient): DatabaseClusterPort {
  return {
    read: (place, plan) => readObjects(client, place, plan),
    fence: (place, fence, plan, dryRun) => fencePrimary(client, place, fence, plan, dryRun),
    point: (place, podName, plan, dryRun) => pointService(client, place, podName, plan, dryRun),
  };
}

async function readObjects(
  client: KubernetesClient,
  place: DatabasePlace,
  { incidentId, at }: { readonly incidentId: string; readonly at: Instant },
): Promise<DatabaseObjects | string> {
  const { namespace, primarySet, service: serviceName } = place;
  const [set, service, primaryPod, replicaPod] = await Promise.all([
    client.workload({ kind: 'statefulset', namespace, name: primarySet }),
    client.service(namespace, serviceName),
    client.pod(namespace, place.primaryPod),
    client.pod(namespace, place.replicaPod),
  ]);
  if (set === null) return `There is no statefulset ${primarySet} in ${namespace}.`;
  if (service === null) return `There is no service ${serviceName} in ${namespace}.`;
  const claim = claimAgainst(set.metadata.annotations, incidentId, at);
  return {
    set: { uid: set.metadata.uid, replicas: set.spec.replicas, firstOrdinal: set.spec.ordinals?.start ?? 0 },
    primaryPod: podFacts(primaryPod),
    replicaPod: podFacts(replicaPod),
    service: { uid: service.metadata.uid, pod: service.spec.selector?.[POD_NAME_LABEL] ?? null },
    claimedBy: claim === null ? null : claimedWords(claim),
  };
}

function podFacts(pod: Pod | null): DatabasePod | null {
  if (pod === null) return null;
  const ready = pod.status.conditions?.find(({ type }) => type === 'Ready');
  const isReady = ready?.status === 'True' && !pod.metadata.deletionTimestamp;
  return {
    uid: pod.metadata.uid,
    isReady,
    createdAt: instantOf(pod.metadata.creationTimestamp),
    notReadySinceAt: isReady ? null : instantOf(ready?.lastTransitionTime),
  };
}

function instantOf(time: string | null | undefined): Instant | null {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? null : instant(ms);
}

function fencePrimary(
  client: KubernetesClient,
  place: DatabasePlace,
  { replicas, firstOrdinal }: Fence,
  plan: RemedyPlan,
  dryRun: boolean,
): Promise<ChangeOutcome> {
  const ref = { kind: 'statefulset' as const, namespace: place.namespace, name: place.primarySet };
  return change<Workload>({
    read: () => client.workload(ref),
    isSo: ({ spec }) => spec.replicas === replicas && (spec.ordinals?.start ?? 0) === firstOrdinal,
    write: ({ metadata }) =>
      client.patchWorkload(
        ref,
        mergeOf(metadata.resourceVersion, plan, { replicas, ordinals: { start: firstOrdinal } }),
        dryRun,
      ),
  });
}

function pointService(
  client: KubernetesClient,
  place: DatabasePlace,
  podName: string,
  plan: RemedyPlan,
  dryRun: boolean,
): Promise<ChangeOutcome> {
  const { namespace, service } = place;
  return change<Service>({
    read: () => client.service(namespace, service),
    isSo: ({ spec }) => spec.selector?.[POD_NAME_LABEL] === podName,
    write: ({ metadata }) =>
      client.patchService(
        namespace,
        service,
        mergeOf(metadata.resourceVersion, plan, { selector: { [POD_NAME_LABEL]: podName } }),
        dryRun,
      ),
  });
}

function mergeOf(resourceVersion: string, plan: RemedyPlan, spec: unknown): Patch {
  return { type: 'merge', body: { metadata: { resourceVersion, annotations: marksOf(plan) }, spec } };
}

/** Controllers write status all the time, so a lost race is normal: read again and write again, so many times. */
async function change<T>(object: {
  read(): Promise<T | null>;
  isSo(found: T): boolean;
  write(found: T): Promise<Written>;
}): Promise<ChangeOutcome> {
  for (let attempt = 1; attempt <= READ_AGAIN_LIMIT; attempt += 1) {
    const found = await object.read();
    if (found === null) return { kind: 'refused', words: 'it is gone' };
    if (object.isSo(found)) return { kind: 'was-so' };
    const written = await object.write(found);
    if (written.kind === 'written') return { kind: 'changed' };
    if (written.kind !== 'conflict') return { kind: 'refused', words: written.message };
  }
  return { kind: 'refused', words: `it changed ${READ_AGAIN_LIMIT} times while we tried` };
}
