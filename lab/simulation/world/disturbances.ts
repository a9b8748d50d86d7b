import { FAULT_DEFAULTS } from '../faults/faults.ts';
import type { ClusterModel, DeploymentView } from './api.ts';
import type { PlacedFault } from './conditions.ts';

export interface Stage {
  readonly cluster: ClusterModel;
  readonly databasePod: string;
  readonly cachePod: string;
  identityOf(podName: string): string | null;
}

/** What a fault does to the cluster's objects at the instant it begins. */
export function beginFault(fault: PlacedFault, atMs: number, stage: Stage): void {
  const { cluster } = stage;
  const spec = fault.spec;
  switch (spec.kind) {
    case 'bad-deploy':
      fault.image = deploy(cluster, spec.deployment, spec.change ?? FAULT_DEFAULTS.change, atMs);
      return;
    case 'noise':
      if (spec.what === 'harmless-deploy') {
        deploy(cluster, spec.deployment, spec.change ?? FAULT_DEFAULTS.harmlessChange, atMs);
      }
      return;
    case 'pods-stuck':
      if (spec.change !== undefined) fault.image = deploy(cluster, spec.deployment, spec.change, atMs);
      return;
    case 'config-change': {
      const name = spec.configmap ?? FAULT_DEFAULTS.configmap;
      cluster.changeConfigMap(name, atMs);
      fault.digest = cluster.configMapDigest?.(name) ?? null;
      return;
    }
    case 'postgres-down':
      breakPod(stage.databasePod, fault, atMs, stage);
      return;
    case 'redis-down':
      breakPod(stage.cachePod, fault, atMs, stage);
      return;
    case 'cache-degraded':
      fault.identity = stage.identityOf(stage.cachePod);
      return;
    case 'node-down':
      cluster.setNode(spec.node, { ready: false, pressure: null }, atMs);
      return;
    case 'infrastructure-down':
      fault.nodes = nodesOf(spec.scope ?? 'zone', cluster);
      for (const node of fault.nodes) cluster.setNode(node, { ready: false, pressure: null }, atMs);
      return;
    case 'node-pressure':
      cluster.setNode(spec.node, { ready: true, pressure: spec.resource ?? 'memory' }, atMs);
      return;
    default:
      return;
  }
}

/** What a fault goes on doing: pods that replace broken ones break too while the reason stands. True when it acted. */
export function keepFault(fault: PlacedFault, atMs: number, stage: Stage): boolean {
  const spec = fault.spec;
  if (spec.kind === 'postgres-down' && spec.recovers === 'never')
    return breakPod(stage.databasePod, fault, atMs, stage);
  if (spec.kind === 'redis-down' && spec.recovers === 'never') return breakPod(stage.cachePod, fault, atMs, stage);
  if (spec.kind === 'pods-stuck') return stickPods(fault, atMs, stage);
  return false;
}

/** Takes back what only the fault kept up. */
export function endFault(fault: PlacedFault, atMs: number, stage: Stage): void {
  const { cluster } = stage;
  const spec = fault.spec;
  if (spec.kind === 'node-down' || spec.kind === 'node-pressure') {
    cluster.setNode(spec.node, { ready: true, pressure: null }, atMs);
  }
  for (const node of fault.nodes) cluster.setNode(node, { ready: true, pressure: null }, atMs);
  if (spec.kind === 'postgres-down') mendPod(stage.databasePod, fault, atMs, stage);
  if (spec.kind === 'redis-down') mendPod(stage.cachePod, fault, atMs, stage);
  if (spec.kind === 'pods-stuck') {
    const reason = spec.reason ?? 'CrashLoopBackOff';
    for (const pod of deploymentOf(cluster, spec.deployment)?.pods ?? []) {
      if (pod.reason === reason) cluster.troublePod(pod.name, null, atMs);
    }
  }
}

/** The nodes that go with it: those of the zone of the first one, or all; names that do not resolve take none. */
function nodesOf(scope: 'zone' | 'cluster' | 'dns', cluster: ClusterModel): readonly string[] {
  const nodes = cluster.nodes?.() ?? [];
  switch (scope) {
    case 'dns':
      return [];
    case 'cluster':
      return nodes.map(({ name }) => name);
    case 'zone':
      return nodes.filter(({ zone }) => zone === nodes[0]?.zone).map(({ name }) => name);
  }
}

function deploy(cluster: ClusterModel, named: string | undefined, change: string, atMs: number): string {
  const name = named ?? FAULT_DEFAULTS.deployment;
  const deployment = cluster.deployment(name);
  if (deployment === null) throw new Error(`A fault deploys ${name}, but the cluster has no deployment of that name.`);
  const image = nextImage(deployment);
  cluster.deploy(name, { image, changeCause: change }, atMs);
  return image;
}

/** The version after the highest that was ever rolled out, so that an image always means one piece of code. */
function nextImage(deployment: DeploymentView): string {
  const images = [deployment.current, ...deployment.history].map((revision) => revision.image);
  const repository = deployment.current.image.replace(/:[^:/]*$/, '');
  const minors = images.map((image) => Number(VERSION.exec(image)?.[2] ?? deployment.current.revision));
  const start = VERSION.exec(deployment.current.image)?.[1] ?? '1';
  return `${repository}:${start}.${Math.max(...minors) + 1}.0`;
}

const VERSION = /:(v?\d+)\.(\d+)[^:/]*$/;

function breakPod(name: string, fault: PlacedFault, atMs: number, stage: Stage): boolean {
  const pod = stage.cluster.pods().find((one) => one.name === name);
  if (pod === undefined || pod.reason === 'CrashLoopBackOff') return false;
  stage.cluster.troublePod(name, { reason: 'CrashLoopBackOff', ready: false }, atMs);
  fault.identity = stage.identityOf(name);
  return true;
}

function mendPod(name: string, fault: PlacedFault, atMs: number, stage: Stage): void {
  if (stage.identityOf(name) === fault.identity) stage.cluster.troublePod(name, null, atMs);
}

function stickPods(fault: PlacedFault, atMs: number, stage: Stage): boolean {
  const spec = fault.spec;
  if (spec.kind !== 'pods-stuck') return false;
  const reason = spec.reason ?? 'CrashLoopBackOff';
  const deployment = deploymentOf(stage.cluster, spec.deployment);
  if (deployment === null) return false;
  const pods = [...deployment.pods].sort((a, b) => (a.name < b.name ? -1 : 1));
  const history = [deployment.current, ...deployment.history];
  const brought = (revision: number) => history.find((one) => one.revision === revision)?.image === fault.image;
  // Without a deploy two thirds of the pods are stuck, and whatever replaces them as well.
  const stuck = fault.image === null ? Math.ceil((deployment.wantedReplicas * 2) / 3) : pods.length;
  const candidates = pods.filter((pod) => fault.image === null || brought(pod.revision));
  const standing = candidates.filter((pod) => pod.reason === reason).length;
  const more = candidates.filter((pod) => pod.reason !== reason).slice(0, Math.max(0, stuck - standing));
  for (const pod of more) stage.cluster.troublePod(pod.name, { reason, ready: false }, atMs);
  return more.length > 0;
}

function deploymentOf(cluster: ClusterModel, named: string | undefined): DeploymentView | null {
  return cluster.deployment(named ?? FAULT_DEFAULTS.deployment);
}
