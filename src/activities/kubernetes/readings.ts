import type { Finding, RolloutRevision } from '../../domain/evidence.ts';
import { epochMs, type Instant } from '../../domain/instant.ts';
import type { KubernetesClient, LogWindow } from './client.ts';
import { cpuMillicores, memoryMiB } from './quantities.ts';
import { byRevision, currentRollout, instantOf, revisionToGoBackTo, rolloutRevision } from './revisions.ts';
import { type EventObject, isReady, type NodeObject, type Pod } from './shapes.ts';

type PodFact = Extract<Finding, { probe: 'pods' }>['pods'][number] & { readonly memoryLimitMiB: number | null };
type NodeFact = Extract<Finding, { probe: 'nodes' }>['nodes'][number];
type DeploymentFact = Extract<Finding, { probe: 'rollouts' }>['deployments'][number] & {
  readonly history: readonly RolloutRevision[];
};
type UsageFact = Pick<Extract<Finding, { probe: 'resources' }>, 'pods' | 'nodes'>;
type ConfigChange = Extract<Finding, { probe: 'config-changes' }>['changes'][number];

/** Oldest first; the pods whose log could not be read are named. */
export interface MergedLogs {
  readonly lines: readonly { readonly pod: string; readonly at: Instant | null; readonly line: string }[];
  readonly missing: readonly string[];
}

export interface LogSelection {
  readonly namespace: string;
  readonly selector: string;
  readonly container: string | null;
  readonly tailLines: number | null;
  readonly sinceAt: Instant | null;
  readonly limitBytesPerPod: number;
}

/** The cluster as evidence (R2.0–R2.3, R2.6, R2.10, R2.11): reads only, each method one bounded sweep. */
export function createClusterReadings(client: KubernetesClient) {
  return {
    nodes: async (): Promise<readonly NodeFact[]> => (await client.nodes()).map(nodeFact),
    pods: async (namespace: string): Promise<readonly PodFact[]> => (await client.pods(namespace, null)).map(podFact),
    warnings: async (namespace: string) => newestFirst((await client.warnings(namespace)).map(warningFact)),
    rollouts: (namespace: string): Promise<readonly DeploymentFact[]> => readRollouts(client, namespace),
    usage: (namespace: string): Promise<UsageFact> => readUsage(client, namespace),
    configChanges: (namespace: string): Promise<readonly ConfigChange[]> => readConfigChanges(client, namespace),
    logs: (selection: LogSelection): Promise<MergedLogs> => readLogs(client, selection),
  };
}

/** More pods than this are not asked for their logs at once. */
const LOG_PODS_LIMIT = 20;
const HISTORY_LIMIT = 10;

function nodeFact(node: NodeObject): NodeFact {
  const ready = node.status.conditions.find((condition) => condition.type === 'Ready');
  const pressures = node.status.conditions.filter(
    (condition) => condition.type !== 'Ready' && condition.status === 'True',
  );
  const notReady = ready?.status === 'True' ? [] : [`NotReady${ready?.message ? `: ${ready.message}` : ''}`];
  return {
    name: node.metadata.name,
    ready: ready?.status === 'True',
    problems: [...notReady, ...pressures.map((condition) => condition.type)],
  };
}

function podFact(pod: Pod): PodFact {
  const containers = pod.status.containerStatuses ?? [];
  return {
    name: pod.metadata.name,
    app:
      pod.metadata.labels.app ??
      pod.metadata.labels['app.kubernetes.io/name'] ??
      pod.metadata.ownerReferences[0]?.name ??
      '',
    node: pod.spec.nodeName ?? null,
    phase: pod.metadata.deletionTimestamp ? 'Terminating' : pod.status.phase,
    ready: isReady(pod),
    restarts: containers.reduce((sum, container) => sum + container.restartCount, 0),
    problem: problemOf(pod),
    lastTermination:
      containers.map((container) => container.lastState?.terminated?.reason).find((reason) => reason) ?? null,
    startedAt: instantOf(pod.status.startTime ?? pod.metadata.creationTimestamp),
    memoryLimitMiB: memoryLimitOf(pod),
  };
}

/** What `kubectl get pods` would show in its status column instead of Running; null when all is well. */
function problemOf(pod: Pod): string | null {
  for (const container of pod.status.containerStatuses ?? []) {
    const waiting = container.state?.waiting?.reason;
    if (waiting && waiting !== 'ContainerCreating' && waiting !== 'PodInitializing') return waiting;
    const ended = container.state?.terminated;
    if (ended && pod.status.phase !== 'Succeeded') return ended.reason ?? `exit code ${ended.exitCode ?? 'unknown'}`;
  }
  if (pod.status.phase === 'Failed') return pod.status.reason ?? 'Failed';
  if (pod.status.phase !== 'Pending') return null;
  const unscheduled = pod.status.conditions?.find(
    (condition) => condition.type === 'PodScheduled' && condition.status === 'False',
  );
  return unscheduled === undefined
    ? null
    : `${unscheduled.reason ?? 'Pending'}${unscheduled.message ? `: ${unscheduled.message}` : ''}`;
}

function memoryLimitOf(pod: Pod): number | null {
  const limits = pod.spec.containers.map((container) => container.resources?.limits?.memory);
  if (limits.some((limit) => limit === undefined)) return null;
  return limits.reduce((sum, limit) => sum + memoryMiB(limit ?? '0'), 0);
}

function warningFact(event: EventObject) {
  return {
    object: `${event.involvedObject.kind ?? 'object'}/${event.involvedObject.name ?? '?'}`,
    reason: event.reason ?? 'unknown',
    message: event.message ?? '',
    count: event.count ?? 1,
    lastAt: instantOf(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp),
  };
}

function newestFirst<T extends { readonly lastAt: Instant | null }>(events: readonly T[]): readonly T[] {
  return [...events].sort((a, b) => (b.lastAt ?? '').localeCompare(a.lastAt ?? ''));
}

async function readRollouts(client: KubernetesClient, namespace: string): Promise<readonly DeploymentFact[]> {
  const deployments = await client.workloads('deployment', namespace);
  return Promise.all(
    deployments.map(async (deployment): Promise<DeploymentFact> => {
      const sets = await client.replicaSets(namespace, deployment);
      const previous = revisionToGoBackTo(deployment, sets);
      return {
        name: deployment.metadata.name,
        current: currentRollout(deployment, sets),
        previous: previous === null ? null : rolloutRevision(previous),
        replicas: deployment.spec.replicas,
        ready: deployment.status.readyReplicas,
        history: byRevision(sets).slice(0, HISTORY_LIMIT).map(rolloutRevision),
      };
    }),
  );
}

async function readUsage(client: KubernetesClient, namespace: string): Promise<UsageFact> {
  const [podUsage, nodeUsage, pods, nodes] = await Promise.all([
    client.podUsage(namespace),
    client.nodeUsage(),
    client.pods(namespace, null),
    client.nodes(),
  ]);
  const limits = new Map(pods.map((pod) => [pod.metadata.name, memoryLimitOf(pod)]));
  const capacity = new Map(
    nodes.map((node) => [node.metadata.name, node.status.allocatable ?? node.status.capacity ?? {}]),
  );
  return {
    pods: podUsage.map(({ metadata, containers }) => ({
      name: metadata.name,
      cpuMillicores: Math.round(
        (containers ?? []).reduce((sum, { usage }) => sum + cpuMillicores(usage.cpu ?? '0'), 0),
      ),
      memoryMiB: Math.round((containers ?? []).reduce((sum, { usage }) => sum + memoryMiB(usage.memory ?? '0'), 0)),
      memoryLimitMiB: limits.get(metadata.name) ?? null,
    })),
    nodes: nodeUsage.map(({ metadata, usage }) => ({
      name: metadata.name,
      cpuPercent: percent(cpuMillicores(usage?.cpu ?? '0'), cpuMillicores(capacity.get(metadata.name)?.cpu ?? '0')),
      memoryPercent: percent(memoryMiB(usage?.memory ?? '0'), memoryMiB(capacity.get(metadata.name)?.memory ?? '0')),
    })),
  };
}

/** Edits of ConfigMaps emit no events, so the runbook's `get events | grep ConfigMap` finds nothing: who wrote is in managedFields. */
async function readConfigChanges(client: KubernetesClient, namespace: string): Promise<readonly ConfigChange[]> {
  const changes = (await client.configMaps(namespace)).flatMap(({ metadata }) => {
    const writes = metadata.managedFields.flatMap(({ manager, time }) => {
      const changedAt = instantOf(time);
      return changedAt === null ? [] : [{ configmap: metadata.name, changedAt, by: manager ?? 'unknown' }];
    });
    return writes.sort((a, b) => epochMs(b.changedAt) - epochMs(a.changedAt)).slice(0, 1);
  });
  return changes.sort((a, b) => epochMs(b.changedAt) - epochMs(a.changedAt));
}

async function readLogs(client: KubernetesClient, selection: LogSelection): Promise<MergedLogs> {
  const pods = (await client.pods(selection.namespace, selection.selector)).slice(0, LOG_PODS_LIMIT);
  const window: LogWindow = {
    limitBytes: selection.limitBytesPerPod,
    ...(selection.tailLines === null ? {} : { tailLines: selection.tailLines }),
    ...(selection.sinceAt === null ? {} : { sinceAt: selection.sinceAt }),
  };
  const read = await Promise.allSettled(
    pods.map((pod) =>
      client.podLog(selection.namespace, pod.metadata.name, containerIn(pod, selection.container), window),
    ),
  );
  if (read.length > 0 && read.every((one) => one.status === 'rejected'))
    throw (read[0] as PromiseRejectedResult).reason;
  const lines = read.flatMap((one, index) =>
    one.status === 'fulfilled' ? linesOf(pods[index]?.metadata.name ?? '', one.value) : [],
  );
  return {
    lines: lines.sort((a, b) => (a.at ?? '').localeCompare(b.at ?? '')),
    missing: pods.filter((_, index) => read[index]?.status === 'rejected').map((pod) => pod.metadata.name),
  };
}

/** The container policy names, when this pod has it; else the API server's own choice. */
function containerIn(pod: Pod, wanted: string | null): string | null {
  const names = pod.spec.containers.map((container) => container.name);
  return wanted !== null && names.includes(wanted) ? wanted : (names[0] ?? null);
}

function linesOf(pod: string, text: string): MergedLogs['lines'] {
  return text.split('\n').flatMap((raw) => {
    if (raw.trim() === '') return [];
    const stamped = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) (.*)$/.exec(raw);
    return [{ pod, at: instantOf(stamped?.[1]), line: stamped?.[2] ?? raw }];
  });
}

function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.round((part / whole) * 100);
}
