import type { ClusterContext } from './context.ts';
import { ownedBy } from './context.ts';
import type { ClusterObject, Container, ContainerState, ContainerStatus, Node, Pod, PodTemplate } from './objects.ts';
import { kubernetesTime } from './objects.ts';

/** Scheduling, pulling and creating a container take this long before it runs. */
const START_AFTER_MS = 2_000;
/** Pods tolerate an unreachable node this long before they are evicted (the API server's default). */
const EVICTION_AFTER_MS = 300_000;

export interface Trouble {
  readonly reason: string;
  readonly ready: boolean;
}

/** What goes on with a pod that its object does not say. */
interface PodLife {
  readonly owner: string;
  runsAtMs: number | null;
  readyAtMs: number | null;
  /** Start of the container as it runs now. */
  startedAtMs: number;
  restarts: number;
  lastEnd: { readonly reason: string; readonly atMs: number; readonly startedAtMs: number } | null;
  trouble: Trouble | null;
}

/** Schedules pods and lives their lives: Pending, Running, ready; troubled, restarted, evicted. */
export class Kubelet {
  readonly #context: ClusterContext;
  readonly #lives = new Map<string, PodLife>();
  readonly #evictAtMs = new Map<string, number>();

  constructor(context: ClusterContext) {
    this.#context = context;
  }

  /** `owner` is the name of the Deployment or StatefulSet; with `readyAtOnce` the pod has been there for long. */
  create(
    pod: {
      readonly name: string;
      readonly controlledBy: ClusterObject;
      readonly owner: string;
      readonly template: PodTemplate;
    },
    atMs: number,
    readyAtOnce = false,
  ): Pod {
    const { store } = this.#context;
    const namespace = pod.controlledBy.metadata.namespace ?? 'default';
    const node = this.#pickNode();
    const created = store.create<'Pod'>(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: pod.name,
          namespace,
          labels: { ...pod.template.metadata.labels },
          ...(pod.template.metadata.annotations === undefined
            ? {}
            : { annotations: { ...pod.template.metadata.annotations } }),
          ownerReferences: [ownedBy(pod.controlledBy)],
        },
        spec: { ...structuredClone(pod.template.spec), ...(node === null ? {} : { nodeName: node.metadata.name }) },
        status: { phase: 'Pending', startTime: kubernetesTime(atMs), conditions: [] },
      },
      atMs,
    );
    const runsAtMs = node === null ? null : atMs + START_AFTER_MS;
    this.#lives.set(created.metadata.uid, {
      owner: pod.owner,
      runsAtMs: readyAtOnce ? null : runsAtMs,
      readyAtMs: readyAtOnce || runsAtMs === null ? null : atMs + this.#context.readyDelayMs(pod.owner),
      startedAtMs: atMs,
      restarts: 0,
      lastEnd: null,
      trouble: null,
    });
    if (!readyAtOnce) this.#announceCreation(created, node, atMs);
    return this.#show(created, atMs, readyAtOnce ? 'ready' : 'pending');
  }

  remove(pod: Pod, atMs: number): void {
    this.#context.event(
      pod,
      {
        type: 'Normal',
        reason: 'Killing',
        message: `Stopping container ${pod.spec.containers[0]?.name ?? ''}`,
        component: 'kubelet',
      },
      atMs,
    );
    this.#lives.delete(pod.metadata.uid);
    this.#context.store.remove(pod);
  }

  life(pod: Pod): Readonly<PodLife> | null {
    return this.#lives.get(pod.metadata.uid) ?? null;
  }

  trouble(pod: Pod, trouble: Trouble | null, atMs: number): void {
    const life = this.#lives.get(pod.metadata.uid);
    if (life === undefined) return;
    life.trouble = trouble;
    if (trouble === null) {
      this.#show(pod, atMs, this.#stageOf(life));
      return;
    }
    const words = TROUBLE_EVENTS[trouble.reason];
    if (!trouble.ready || words !== undefined) {
      const { reason, message } = words ?? {
        reason: 'Unhealthy',
        message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
      };
      this.#context.event(pod, { type: 'Warning', reason, message, component: 'kubelet' }, atMs);
    }
    this.#show(pod, atMs, this.#stageOf(life));
  }

  restartContainer(pod: Pod, reason: string, atMs: number): void {
    const life = this.#lives.get(pod.metadata.uid);
    if (life === undefined) return;
    life.lastEnd = { reason, atMs, startedAtMs: life.startedAtMs };
    life.restarts += 1;
    life.startedAtMs = atMs;
    life.runsAtMs = null;
    life.readyAtMs = atMs + this.#context.readyDelayMs(life.owner);
    this.#context.event(
      pod,
      {
        type: 'Warning',
        reason: 'BackOff',
        message: `Back-off restarting failed container ${pod.spec.containers[0]?.name ?? ''} in pod ${pod.metadata.name}`,
        component: 'kubelet',
      },
      atMs,
    );
    this.#show(pod, atMs, 'running');
  }

  /** Pods of a node that went away are not ready, and evicted after five minutes; a node that is back places pods. */
  nodeChanged(node: Node, ready: boolean, atMs: number): void {
    if (ready) this.#evictAtMs.delete(node.metadata.name);
    else if (!this.#evictAtMs.has(node.metadata.name))
      this.#evictAtMs.set(node.metadata.name, atMs + EVICTION_AFTER_MS);
    for (const pod of this.#context.store.list('Pod')) {
      const life = this.#lives.get(pod.metadata.uid);
      if (life === undefined) continue;
      if (pod.spec.nodeName === node.metadata.name) this.#show(pod, atMs, this.#stageOf(life));
      else if (pod.spec.nodeName === undefined && ready) this.#place(pod, life, node, atMs);
    }
  }

  nextAtMs(): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const life of this.#lives.values()) next = Math.min(next, life.runsAtMs ?? next, life.readyAtMs ?? next);
    for (const atMs of this.#evictAtMs.values()) next = Math.min(next, atMs);
    return Number.isFinite(next) ? next : null;
  }

  /** Does what is due at that instant. */
  advanceTo(atMs: number): void {
    const { store } = this.#context;
    for (const pod of store.list('Pod')) {
      const life = this.#lives.get(pod.metadata.uid);
      if (life === undefined) continue;
      const runs = life.runsAtMs !== null && life.runsAtMs <= atMs;
      const ready = life.readyAtMs !== null && life.readyAtMs <= atMs;
      if (!runs && !ready) continue;
      if (runs) {
        life.startedAtMs = life.runsAtMs ?? atMs;
        life.runsAtMs = null;
      }
      if (ready) life.readyAtMs = null;
      this.#show(store.get('Pod', pod.metadata.namespace ?? null, pod.metadata.name) ?? pod, atMs, this.#stageOf(life));
    }
    for (const [nodeName, evictAtMs] of this.#evictAtMs) if (evictAtMs <= atMs) this.#evict(nodeName, atMs);
  }

  #evict(nodeName: string, atMs: number): void {
    this.#evictAtMs.delete(nodeName);
    // With no node left the controller stops evicting: it is rather itself that is cut off (full disruption mode).
    if (!this.#context.store.list('Node').some(isReady)) return;
    for (const pod of this.#context.store.list('Pod')) {
      // The StatefulSet controller does not replace a pod whose node may still be running it.
      const ofStatefulSet = pod.metadata.ownerReferences?.some((owner) => owner.kind === 'StatefulSet') ?? false;
      if (pod.spec.nodeName !== nodeName || ofStatefulSet) continue;
      this.#context.event(
        pod,
        {
          type: 'Normal',
          reason: 'TaintManagerEviction',
          message: `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`,
          component: 'taint-eviction-controller',
        },
        atMs,
      );
      this.remove(pod, atMs);
    }
  }

  #place(pod: Pod, life: PodLife, node: Node, atMs: number): void {
    const placed = this.#context.store.update<'Pod'>(pod, (copy) => {
      copy.spec.nodeName = node.metadata.name;
    });
    life.runsAtMs = atMs + START_AFTER_MS;
    life.readyAtMs = atMs + this.#context.readyDelayMs(life.owner);
    this.#announceCreation(placed, node, atMs);
    this.#show(placed, atMs, 'pending');
  }

  #stageOf(life: PodLife): Stage {
    if (life.runsAtMs !== null) return 'pending';
    return life.readyAtMs !== null ? 'running' : 'ready';
  }

  #show(pod: Pod, atMs: number, stage: Stage): Pod {
    const life = this.#lives.get(pod.metadata.uid);
    if (life === undefined) return pod;
    const node = pod.spec.nodeName === undefined ? null : this.#context.store.get('Node', null, pod.spec.nodeName);
    return this.#context.store.update<'Pod'>(pod, (copy) => {
      copy.status = statusOf(pod, life, node === null ? 'unplaced' : stage, node !== null && !isReady(node), atMs);
    });
  }

  #pickNode(): Node | null {
    const { store } = this.#context;
    const pods = store.list('Pod');
    const fits = store
      .list('Node')
      .filter(
        (node) =>
          isReady(node) &&
          !node.spec.unschedulable &&
          (node.spec.taints ?? []).every((taint) => taint.effect !== 'NoSchedule'),
      )
      .map((node) => ({ node, load: pods.filter((pod) => pod.spec.nodeName === node.metadata.name).length }))
      .sort((a, b) => a.load - b.load || (a.node.metadata.name < b.node.metadata.name ? -1 : 1));
    return fits[0]?.node ?? null;
  }

  #announceCreation(pod: Pod, node: Node | null, atMs: number): void {
    const { name, namespace } = pod.metadata;
    const container = pod.spec.containers[0];
    const say = (type: 'Normal' | 'Warning', reason: string, message: string, component: string) =>
      this.#context.event(pod, { type, reason, message, component }, atMs);
    if (node === null) {
      say('Warning', 'FailedScheduling', '0 nodes are available for the pod.', 'default-scheduler');
      return;
    }
    say(
      'Normal',
      'Scheduled',
      `Successfully assigned ${namespace}/${name} to ${node.metadata.name}`,
      'default-scheduler',
    );
    say('Normal', 'Pulled', `Container image "${container?.image ?? ''}" already present on machine`, 'kubelet');
    say('Normal', 'Created', `Created container: ${container?.name ?? ''}`, 'kubelet');
    say('Normal', 'Started', `Started container ${container?.name ?? ''}`, 'kubelet');
  }
}

type Stage = 'unplaced' | 'pending' | 'running' | 'ready';

function isReady(node: Node): boolean {
  return node.status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

const TROUBLE_EVENTS: Readonly<Record<string, { reason: string; message: string }>> = {
  CrashLoopBackOff: { reason: 'BackOff', message: 'Back-off restarting failed container' },
  ImagePullBackOff: { reason: 'Failed', message: 'Error: ImagePullBackOff' },
  ErrImagePull: { reason: 'Failed', message: 'Error: ErrImagePull' },
  Pending: { reason: 'FailedScheduling', message: '0/3 nodes are available: 3 Insufficient memory.' },
};

/** Reasons under which the container does not run but waits. */
const WAITING = new Set(['CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'CreateContainerConfigError']);
/** Reasons under which no container of the pod has ever run. */
const NEVER_RAN = new Set(['ImagePullBackOff', 'ErrImagePull', 'CreateContainerConfigError', 'Pending']);

function statusOf(pod: Pod, life: PodLife, stage: Stage, nodeLost: boolean, atMs: number): Pod['status'] {
  const { trouble } = life;
  const unscheduled = stage === 'unplaced' || trouble?.reason === 'Pending';
  const pending = unscheduled || stage === 'pending' || (trouble !== null && NEVER_RAN.has(trouble.reason));
  const ready = !pending && !nodeLost && stage === 'ready' && (trouble?.ready ?? true);
  const time = kubernetesTime(atMs);
  const condition = (type: string, yes: boolean, reason?: string) => {
    const old = pod.status.conditions.find((one) => one.type === type);
    const status = yes ? ('True' as const) : ('False' as const);
    const since = old?.status === status ? old.lastTransitionTime : time;
    return { type, status, lastTransitionTime: since, ...(reason === undefined ? {} : { reason }) };
  };
  return {
    phase: pending ? 'Pending' : trouble?.reason === 'Evicted' ? 'Failed' : 'Running',
    ...(unscheduled ? {} : { podIP: podAddress(pod), hostIP: '10.0.0.10' }),
    startTime: pod.status.startTime ?? time,
    conditions: [
      condition('PodScheduled', !unscheduled, unscheduled ? 'Unschedulable' : undefined),
      condition('Initialized', !unscheduled),
      condition('ContainersReady', ready, ready ? undefined : 'ContainersNotReady'),
      condition('Ready', ready, ready ? undefined : 'ContainersNotReady'),
    ],
    ...(unscheduled
      ? {}
      : { containerStatuses: pod.spec.containers.map((one) => containerStatus(one, life, stage, ready)) }),
  };
}

function containerStatus(container: Container, life: PodLife, stage: Stage, ready: boolean): ContainerStatus {
  const { trouble, lastEnd } = life;
  const started = kubernetesTime(life.startedAtMs);
  let state: ContainerState = { running: { startedAt: started } };
  if (trouble !== null && WAITING.has(trouble.reason)) state = { waiting: { reason: trouble.reason } };
  else if (trouble !== null && !trouble.ready && (trouble.reason === 'OOMKilled' || trouble.reason === 'Error')) {
    state = {
      terminated: {
        reason: trouble.reason,
        exitCode: exitCodeOf(trouble.reason),
        startedAt: started,
        finishedAt: started,
      },
    };
  } else if (stage === 'pending') state = { waiting: { reason: 'ContainerCreating' } };
  const lastState: ContainerState =
    lastEnd === null
      ? {}
      : {
          terminated: {
            reason: lastEnd.reason,
            exitCode: exitCodeOf(lastEnd.reason),
            startedAt: kubernetesTime(lastEnd.startedAtMs),
            finishedAt: kubernetesTime(lastEnd.atMs),
          },
        };
  return {
    name: container.name,
    image: container.image,
    ready,
    started: state.running !== undefined,
    restartCount: life.restarts,
    state,
    lastState,
  };
}

function exitCodeOf(reason: string): number {
  return reason === 'OOMKilled' ? 137 : reason === 'Completed' ? 0 : 1;
}

function podAddress(pod: Pod): string {
  const hex = pod.metadata.uid.replaceAll('-', '');
  return `10.244.${Number.parseInt(hex.slice(0, 2), 16) % 8}.${(Number.parseInt(hex.slice(2, 4), 16) % 250) + 2}`;
}
