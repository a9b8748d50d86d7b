import type { ClusterModel, DeploymentView, NodeView, PodView, RevisionView } from '../../world/api.ts';
import { ClusterContext, isOwnedBy } from './context.ts';
import { DeploymentController, revisionOf, withoutHash } from './deployment-controller.ts';
import { Kubelet } from './kubelet.ts';
import type { ClusterObject, Deployment, Pod, PodTemplate, ReplicaSet } from './objects.ts';
import { CHANGE_CAUSE_ANNOTATION, isPodReady, memoryMiB, POD_NAME_LABEL, RATE_LIMIT_ANNOTATION } from './objects.ts';
import { managedBy, seedCluster } from './seed-cluster.ts';
import { canonicalJson } from './seeded.ts';
import type { ClusterSettings } from './settings.ts';
import { StatefulSetController } from './stateful-set-controller.ts';
import { ObjectStore } from './store.ts';

const PRESSURE_CONDITIONS: Readonly<Record<string, string>> = {
  memory: 'MemoryPressure',
  disk: 'DiskPressure',
  pid: 'PIDPressure',
};

/** The objects and the controllers; the API server (./api-server.ts) and the world both work on it. */
export class Cluster implements ClusterModel {
  readonly store: ObjectStore;
  readonly namespace: string;
  readonly kubelet: Kubelet;
  readonly #context: ClusterContext;
  readonly #deployments: DeploymentController;
  readonly #statefulSets: StatefulSetController;
  readonly #said = new Map<string, Set<string>>();
  #nowMs: number;
  #views: { version: number; pods: PodView[]; deployments: DeploymentView[] } | null = null;

  constructor(settings: ClusterSettings, seed: number, startMs: number) {
    this.store = new ObjectStore(seed);
    this.namespace = settings.namespace;
    this.#nowMs = startMs;
    this.#context = new ClusterContext(this.store, seed);
    this.kubelet = new Kubelet(this.#context);
    this.#deployments = new DeploymentController(this.#context, this.kubelet);
    this.#statefulSets = new StatefulSetController(this.#context, this.kubelet);
    seedCluster(
      {
        context: this.#context,
        kubelet: this.kubelet,
        deployments: this.#deployments,
        statefulSets: this.#statefulSets,
      },
      settings,
      startMs,
    );
    this.reconcile(startMs);
  }

  deployment(name: string): DeploymentView | null {
    return this.deployments().find((one) => one.name === name) ?? null;
  }

  deployments(): readonly DeploymentView[] {
    return this.#read().deployments;
  }

  pods(): readonly PodView[] {
    return this.#read().pods;
  }

  nodes(): readonly NodeView[] {
    return this.store.list('Node').map(({ metadata, status }) => ({
      name: metadata.name,
      zone: metadata.labels?.['topology.kubernetes.io/zone'] ?? '',
      ready: status.conditions.some(({ type, status: holds }) => type === 'Ready' && holds === 'True'),
      pressures: status.conditions.flatMap(({ type, status: holds }) =>
        type !== 'Ready' && holds === 'True' ? [type] : [],
      ),
    }));
  }

  deploy(name: string, change: { readonly image: string; readonly changeCause: string }, atMs: number): number {
    const deployment = this.store.get('Deployment', this.namespace, name);
    if (deployment === null) throw new Error(`There is no deployment ${name} to deploy to.`);
    this.store.update<'Deployment'>(deployment, (copy) => {
      const container = copy.spec.template.spec.containers[0];
      if (container !== undefined) container.image = change.image;
      copy.metadata.annotations = { ...copy.metadata.annotations, [CHANGE_CAUSE_ANNOTATION]: change.changeCause };
    });
    this.reconcile(atMs);
    return this.deployment(name)?.current.revision ?? 0;
  }

  troublePod(name: string, trouble: { readonly reason: string; readonly ready: boolean } | null, atMs: number): void {
    const pod = this.store.get('Pod', this.namespace, name);
    // A pod that has been replaced takes its trouble with it.
    if (pod === null) return;
    this.kubelet.trouble(pod, trouble, atMs);
    this.reconcile(atMs);
  }

  restartContainer(podName: string, reason: string, atMs: number): void {
    const pod = this.store.get('Pod', this.namespace, podName);
    if (pod === null) return;
    this.kubelet.restartContainer(pod, reason, atMs);
    this.reconcile(atMs);
  }

  setNode(name: string, state: { readonly ready: boolean; readonly pressure: string | null }, atMs: number): void {
    const node = this.store.get('Node', null, name);
    if (node === null) throw new Error(`There is no node ${name}.`);
    const time = new Date(atMs).toISOString().replace(/\.\d+/, '');
    const pressed = state.pressure === null ? null : PRESSURE_CONDITIONS[state.pressure];
    const changed = this.store.update<'Node'>(node, (copy) => {
      for (const condition of copy.status.conditions) {
        const status =
          condition.type === 'Ready'
            ? state.ready
              ? 'True'
              : 'Unknown'
            : condition.type === pressed
              ? 'True'
              : 'False';
        if (condition.status === status) continue;
        condition.status = status;
        condition.reason = reasonOf(condition.type, status);
        condition.lastTransitionTime = time;
      }
      const taints = [];
      if (!state.ready) taints.push({ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' });
      if (pressed !== undefined && pressed !== null)
        taints.push({ key: `node.kubernetes.io/${state.pressure}-pressure`, effect: 'NoSchedule' });
      copy.spec = taints.length === 0 ? {} : { taints };
    });
    const reason = !state.ready
      ? 'NodeNotReady'
      : state.pressure === null
        ? 'NodeReady'
        : state.pressure === 'memory'
          ? 'NodeHasInsufficientMemory'
          : `NodeHas${capital(state.pressure)}Pressure`;
    // A busy processor is no condition of a node and makes no event: only the metrics tell of it.
    if (pressed !== undefined)
      this.#context.event(
        changed,
        {
          type: state.ready && state.pressure === null ? 'Normal' : 'Warning',
          reason,
          message: `Node ${name} status is now: ${reason}`,
          component: 'node-controller',
        },
        atMs,
      );
    this.kubelet.nodeChanged(changed, state.ready, atMs);
    this.reconcile(atMs);
  }

  changeConfigMap(name: string, atMs: number): void {
    const configMap = this.store.get('ConfigMap', this.namespace, name);
    if (configMap === null) throw new Error(`There is no ConfigMap ${name}.`);
    this.#said.set(name, (this.#said.get(name) ?? new Set()).add(canonicalJson(configMap.data)));
    // Edits of ConfigMaps make no event; managedFields is the only trace (contracts §5).
    this.store.update<'ConfigMap'>(configMap, (copy) => {
      copy.data = { ...copy.data, revision: String(Number(copy.data.revision ?? '0') + 1) };
      copy.metadata.managedFields = [...(copy.metadata.managedFields ?? []), managedBy('kubectl-edit', atMs)];
    });
  }

  configMapDigest(name: string): string | null {
    const configMap = this.store.get('ConfigMap', this.namespace, name);
    return configMap === null ? null : canonicalJson(configMap.data);
  }

  servicePod(name: string): string | null {
    return this.store.get('Service', this.namespace, name)?.spec.selector[POD_NAME_LABEL] ?? null;
  }

  /** As ingress-nginx reads it: requests a minute over all its controllers; the strictest of the namespace holds. */
  rateLimitPerMinute(): number | null {
    const limits = this.store
      .list('Ingress', this.namespace)
      .map((one) => Number(one.metadata.annotations?.[RATE_LIMIT_ANNOTATION] ?? Number.NaN))
      .filter((limit) => limit > 0);
    return limits.length === 0 ? null : Math.min(...limits);
  }

  /** Makes an object that a client applied; the controllers take it from there. */
  create(object: ClusterObject, atMs: number): ClusterObject {
    const created = this.store.create(object as never, atMs) as ClusterObject;
    this.reconcile(atMs);
    return this.store.get(created.kind, created.metadata.namespace ?? null, created.metadata.name) ?? created;
  }

  /** Deletes an object and, as the garbage collector does, what it owns. */
  remove(object: ClusterObject, atMs: number): void {
    this.store.remove(object);
    for (const kind of ['ReplicaSet', 'Pod'] as const) {
      for (const one of this.store.list(kind)) {
        if (!isOwnedBy(one.metadata, object.metadata.uid)) continue;
        if (one.kind === 'Pod') this.kubelet.remove(one, atMs);
        else this.remove(one, atMs);
      }
    }
    this.reconcile(atMs);
  }

  /** What a ConfigMap said before, newest last; clients that put one back are told apart from those that edit it. */
  wasSaid(name: string, data: unknown): boolean {
    return this.#said.get(name)?.has(canonicalJson(data)) ?? false;
  }

  nextChangeAtMs(): number | null {
    const next = Math.min(
      this.kubelet.nextAtMs() ?? Number.POSITIVE_INFINITY,
      this.#deployments.nextAtMs() ?? Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(next) ? next : null;
  }

  advanceTo(ms: number): void {
    for (;;) {
      const next = this.nextChangeAtMs();
      if (next === null || next > ms) break;
      this.#nowMs = Math.max(this.#nowMs, next);
      this.kubelet.advanceTo(this.#nowMs);
      this.reconcile(this.#nowMs);
    }
    this.#nowMs = Math.max(this.#nowMs, ms);
    this.#context.forgetOldEvents(this.#nowMs);
  }

  /** Runs the controllers until they rest at that instant, as they do after every write. */
  reconcile(atMs: number): void {
    for (let before = -1; before !== this.store.version; ) {
      before = this.store.version;
      this.#deployments.reconcile(atMs);
      this.#statefulSets.reconcile(atMs);
    }
  }

  /** The templates of a deployment's revisions without their hash, newest last. */
  templatesOf(name: string): { revision: number; template: PodTemplate }[] {
    const deployment = this.store.get('Deployment', this.namespace, name);
    if (deployment === null) return [];
    return this.#deployments
      .replicaSets(deployment)
      .map((one) => ({ revision: revisionOf(one), template: withoutHash(one.spec.template) }));
  }

  #read(): { pods: PodView[]; deployments: DeploymentView[] } {
    if (this.#views?.version === this.store.version) return this.#views;
    const pods = this.store.list('Pod', this.namespace).map((pod) => this.#podView(pod));
    const deployments = this.store.list('Deployment', this.namespace).map((one) => this.#deploymentView(one, pods));
    this.#views = { version: this.store.version, pods, deployments };
    return this.#views;
  }

  #deploymentView(deployment: Deployment, pods: readonly PodView[]): DeploymentView {
    const history = this.#deployments.replicaSets(deployment).map(revisionView);
    const current = history.at(-1);
    if (current === undefined) throw new Error(`The deployment ${deployment.metadata.name} has no revision.`);
    return {
      name: deployment.metadata.name,
      current,
      history,
      wantedReplicas: deployment.spec.replicas,
      readyReplicas: deployment.status.readyReplicas ?? 0,
      memoryLimitMiB: memoryMiB(deployment.spec.template.spec.containers[0]?.resources?.limits?.memory),
      pods: pods.filter((pod) => pod.owner === deployment.metadata.name),
    };
  }

  #podView(pod: Pod): PodView {
    const life = this.kubelet.life(pod);
    const replicaSet = this.store
      .list('ReplicaSet', this.namespace)
      .find((one) => isOwnedBy(pod.metadata, one.metadata.uid));
    return {
      name: pod.metadata.name,
      owner: life?.owner ?? '',
      labels: pod.metadata.labels ?? {},
      node: pod.spec.nodeName ?? '',
      revision: replicaSet === undefined ? this.#statefulSets.revisionOfPod(pod) : revisionOf(replicaSet),
      startedAtMs: life?.startedAtMs ?? 0,
      ready: isPodReady(pod),
      phase: pod.status.phase,
      restarts: life?.restarts ?? 0,
      reason: life?.trouble?.reason ?? null,
      lastTermination: life?.lastEnd?.reason ?? null,
    };
  }
}

function revisionView(replicaSet: ReplicaSet): RevisionView {
  return {
    revision: revisionOf(replicaSet),
    image: replicaSet.spec.template.spec.containers[0]?.image ?? '',
    changeCause: replicaSet.metadata.annotations?.[CHANGE_CAUSE_ANNOTATION] ?? null,
    createdAtMs: Date.parse(replicaSet.metadata.creationTimestamp),
  };
}

function reasonOf(type: string, status: string): string {
  if (type === 'Ready') return status === 'True' ? 'KubeletReady' : 'NodeStatusUnknown';
  const thing = type.replace('Pressure', '');
  if (type === 'MemoryPressure')
    return status === 'True' ? 'KubeletHasInsufficientMemory' : 'KubeletHasSufficientMemory';
  return status === 'True' ? `KubeletHas${thing}Pressure` : `KubeletHasNo${thing}Pressure`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
