import { epochMs, isBefore, secondsBetween } from '../../domain/instant.ts';
import type { DeploymentFact, PodFact, UsageFact } from './ports.ts';
import {
  BEFORE_MINUTES,
  count,
  firstOf,
  instantWords,
  jsonBody,
  type Look,
  type Probe,
  type ProbeTable,
  required,
  seriesFromAt,
} from './probe.ts';
import { rangeOf } from './queries.ts';
import { beganToRiseAt, MEMORY_CLEARANCE_BYTES } from './trend.ts';

type ClusterProbe = 'nodes' | 'pods' | 'rollouts' | 'resources' | 'config-changes';

const SOURCE = 'Kubernetes';
const CLUSTER = 'The Kubernetes cluster';

/** Above this share of its memory or CPU a pod or a node is near its end (R2.3). */
const NEAR_LIMIT = 0.9;

const nodes: Probe = {
  source: SOURCE,
  async ask({ cluster }) {
    const all = await required(cluster, CLUSTER).nodes();
    const troubled = all.filter((node) => !node.ready || node.problems.length > 0);
    const words =
      troubled.length === 0
        ? `${all.length === 1 ? 'The one node is' : `All ${all.length} nodes are`} ready.`
        : `${troubled.length} of ${count(all.length, 'node')} in trouble: ${troubled.map((node) => `${node.name} (${node.problems.join(', ')})`).join('; ')}.`;
    return {
      command: 'kubectl get nodes',
      words,
      abnormal: troubled.length > 0,
      excerpt: words,
      ...jsonBody(all),
      finding: { probe: 'nodes', nodes: firstOf([...troubled, ...all.filter((node) => !troubled.includes(node))]) },
    };
  },
};

const pods: Probe = {
  source: SOURCE,
  async ask({ cluster }, { service }) {
    const port = required(cluster, CLUSTER);
    const [all, warnings] = await Promise.all([
      port.pods(service.namespace),
      port.warnings(service.namespace).catch(() => []),
    ]);
    const troubled = all.filter(isTroubled);
    const latest = warnings[0];
    const warned =
      latest === undefined || troubled.length === 0
        ? ''
        : ` Latest warning: ${latest.reason} on ${latest.object}, ${latest.message.slice(0, 160)}.`;
    const words =
      troubled.length === 0
        ? `All ${all.length} pods run and are ready.`
        : `${troubled.length} of ${count(all.length, 'pod')} in trouble: ${firstOf(troubled).map(podWords).join('; ')}.${warned}`;
    const listed = firstOf([...troubled, ...all.filter((pod) => !troubled.includes(pod))]).map(
      ({ memoryLimitMiB: _limit, ...pod }) => pod,
    );
    return {
      command: `kubectl get pods -n ${service.namespace} -o wide`,
      words,
      abnormal: troubled.length > 0,
      excerpt: all
        .map(
          (pod) =>
            `${pod.name} ${pod.phase}${pod.ready ? '' : ' (not ready)'} restarts=${pod.restarts} ${pod.node ?? '-'}`,
        )
        .join('\n'),
      finding: { probe: 'pods', pods: listed, total: all.length },
      ...jsonBody({ pods: all, warnings }),
    };
  },
};

const rollouts: Probe = {
  source: SOURCE,
  async ask({ cluster }, look) {
    const all = await required(cluster, CLUSTER).rollouts(look.service.namespace);
    const recent = all.filter((deployment) => isRecent(deployment, look));
    const words =
      recent.length === 0
        ? `Nothing was rolled out in the ${BEFORE_MINUTES / 60} hours before the problem or since.`
        : recent.map((deployment) => rolloutWords(deployment, look)).join(' ');
    const byNewest = [...all].sort(
      (a, b) => epochMs(b.current?.rolledOutAt ?? EPOCH) - epochMs(a.current?.rolledOutAt ?? EPOCH),
    );
    return {
      command: `kubectl rollout history deployment -n ${look.service.namespace}`,
      words,
      abnormal: recent.length > 0,
      excerpt: byNewest
        .map(
          ({ name, current }) =>
            `${name}: revision ${current?.revision ?? '?'} ${current?.rolledOutAt ?? ''} ${current?.change ?? ''}`,
        )
        .join('\n'),
      finding: {
        probe: 'rollouts',
        deployments: firstOf(byNewest).map(({ history: _history, ...deployment }) => deployment),
      },
      ...jsonBody(all),
    };
  },
};

const resources: Probe = {
  source: 'Kubernetes metrics API',
  async ask({ cluster, metrics }, look) {
    const { service } = look;
    const [usage, memory] = await Promise.all([
      required(cluster, CLUSTER).usage(service.namespace),
      metrics === null ? [] : rangeOf(metrics, look, 'memory').catch(() => []),
    ]);
    const byMemory = [...usage.pods].sort((a, b) => b.memoryMiB - a.memoryMiB);
    const near = nearLimits(usage);
    const [top] = byMemory;
    const words =
      near.length > 0
        ? `Near exhaustion: ${near.join('; ')}.`
        : `No pod or node is near its limits${top === undefined ? '' : `; the largest pod is ${top.name} with ${top.memoryMiB} MiB`}.`;
    return {
      command: `kubectl top nodes; kubectl top pods -n ${service.namespace} --sort-by=memory`,
      words,
      abnormal: near.length > 0,
      excerpt: byMemory
        .map((pod) => `${pod.name} ${pod.cpuMillicores}m ${pod.memoryMiB}Mi/${pod.memoryLimitMiB ?? '-'}`)
        .join('\n'),
      finding: {
        probe: 'resources',
        pods: firstOf(byMemory),
        nodes: firstOf(usage.nodes),
        memoryRoseAt: beganToRiseAt(memory, MEMORY_CLEARANCE_BYTES),
      },
      ...jsonBody(usage),
    };
  },
};

const configChanges: Probe = {
  source: SOURCE,
  async ask({ cluster }, look) {
    const { namespace } = look.service;
    const all = await required(cluster, CLUSTER).configChanges(namespace);
    const recent = all.filter((change) => !isBefore(change.changedAt, seriesFromAt(look)));
    const words =
      recent.length === 0
        ? `No ConfigMap was changed in the ${BEFORE_MINUTES / 60} hours before the problem or since.`
        : `Changed recently: ${recent.map((change) => `${change.configmap} at ${instantWords(change.changedAt)} by ${change.by}`).join('; ')}.`;
    return {
      command: `kubectl get configmaps -n ${namespace} -o yaml --show-managed-fields`,
      words,
      abnormal: recent.length > 0,
      excerpt: words,
      finding: { probe: 'config-changes', changes: firstOf(all) },
      ...jsonBody(all),
    };
  },
};

export const CLUSTER_PROBES: ProbeTable<ClusterProbe> = {
  nodes,
  pods,
  rollouts,
  resources,
  'config-changes': configChanges,
};

const EPOCH = '1970-01-01T00:00:00.000Z';

function isTroubled(pod: PodFact): boolean {
  if (pod.phase === 'Succeeded' || pod.phase === 'Terminating') return false;
  return !pod.ready || pod.problem !== null || pod.lastTermination === 'OOMKilled';
}

function podWords(pod: PodFact): string {
  const state = pod.problem ?? (pod.ready ? pod.phase : `${pod.phase}, not ready`);
  const killed = pod.lastTermination === 'OOMKilled' ? ', killed for memory before' : '';
  return `${pod.name} ${state}${pod.restarts > 0 ? `, ${count(pod.restarts, 'restart')}` : ''}${killed}`;
}

function isRecent({ current }: DeploymentFact, look: Look): boolean {
  return current !== null && !isBefore(current.rolledOutAt, seriesFromAt(look));
}

function rolloutWords({ name, current, previous }: DeploymentFact, { request }: Look): string {
  if (current === null) return '';
  const minutes = Math.round(secondsBetween(current.rolledOutAt, request.aroundAt) / 60);
  const when =
    minutes >= 0
      ? `${count(minutes, 'minute')} before the problem began`
      : `${count(-minutes, 'minute')} after the problem began`;
  const change = current.change === null ? '' : ` ("${current.change}")`;
  const back =
    previous === null ? 'there is no revision to go back to' : `revision ${previous.revision} could be gone back to`;
  return `${name} revision ${current.revision}${change} was rolled out at ${instantWords(current.rolledOutAt)}, ${when}; ${back}.`;
}

function nearLimits(usage: UsageFact): readonly string[] {
  const near = usage.pods.filter(
    (pod) => pod.memoryLimitMiB !== null && pod.memoryMiB >= pod.memoryLimitMiB * NEAR_LIMIT,
  );
  const full = usage.nodes.filter(
    (node) => node.cpuPercent >= NEAR_LIMIT * 100 || node.memoryPercent >= NEAR_LIMIT * 100,
  );
  return [
    ...near.map((pod) => `pod ${pod.name} uses ${pod.memoryMiB} of ${pod.memoryLimitMiB} MiB`),
    ...full.map((node) => `node ${node.name} is at ${node.cpuPercent}% CPU and ${node.memoryPercent}% memory`),
  ];
}
