import type { ClusterContext } from './context.ts';
import { isOwnedBy, ownedBy } from './context.ts';
import { deploymentStatus, type RolloutProgress } from './deployment-status.ts';
import type { Kubelet } from './kubelet.ts';
import type { Deployment, DeploymentStatus, Pod, PodTemplate, ReplicaSet } from './objects.ts';
import { isPodReady, REVISION_ANNOTATION, TEMPLATE_HASH_LABEL } from './objects.ts';
import { canonicalJson, seededSuffix } from './seeded.ts';

const REVISION_HISTORY_ANNOTATION = 'deployment.kubernetes.io/revision-history';
/** Annotations that the real controller does not copy to ReplicaSets. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
]);
const DEFAULT_PROGRESS_DEADLINE_SECONDS = 600;
const DEFAULT_HISTORY_LIMIT = 10;
/** Far more rounds than a rollout step takes; reaching it is a mistake in the controller. */
const MAX_ROUNDS = 200;

/** The Deployment and ReplicaSet controllers: revisions, rolling updates, history, status. */
export class DeploymentController {
  readonly #context: ClusterContext;
  readonly #kubelet: Kubelet;
  readonly #progress = new Map<string, { signature: string; sinceMs: number; waiting: boolean; deadlineMs: number }>();

  constructor(context: ClusterContext, kubelet: Kubelet) {
    this.#context = context;
    this.#kubelet = kubelet;
  }

  /** ReplicaSets of a deployment, oldest revision first. */
  replicaSets(deployment: Deployment): ReplicaSet[] {
    return this.#context.store
      .list('ReplicaSet', deployment.metadata.namespace ?? null)
      .filter((one) => isOwnedBy(one.metadata, deployment.metadata.uid))
      .sort((a, b) => revisionOf(a) - revisionOf(b));
  }

  pods(replicaSet: ReplicaSet): Pod[] {
    return this.#context.store
      .list('Pod', replicaSet.metadata.namespace ?? null)
      .filter((one) => isOwnedBy(one.metadata, replicaSet.metadata.uid));
  }

  /** The instant at which an unfinished rollout is given up as too slow. */
  nextAtMs(): number | null {
    const deadlines = [...this.#progress.values()].filter((one) => one.waiting).map((one) => one.deadlineMs);
    return deadlines.length === 0 ? null : Math.min(...deadlines);
  }

  /** Brings everything as far as it goes at this instant. */
  reconcile(atMs: number): void {
    for (const { metadata } of this.#context.store.list('Deployment')) {
      const read = () => this.#context.store.get('Deployment', metadata.namespace ?? null, metadata.name);
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const deployment = read();
        if (deployment === null || !this.#step(deployment, atMs)) break;
      }
      const deployment = read();
      if (deployment !== null) this.#writeStatus(deployment, atMs);
    }
  }

  /** Makes the ReplicaSet of a template that has none yet, or takes the one that has it (an undo). */
  adopt(deployment: Deployment, atMs: number): ReplicaSet {
    const all = this.replicaSets(deployment);
    const wanted = canonicalJson(deployment.spec.template);
    const same = all.find((one) => canonicalJson(withoutHash(one.spec.template)) === wanted);
    const highest = Math.max(0, ...all.filter((one) => one !== same).map(revisionOf));
    if (same === undefined) {
      const created = this.#createReplicaSet(deployment, highest + 1, atMs);
      this.#stamp(deployment, highest + 1);
      return created;
    }
    const revision = Math.max(revisionOf(same), highest + 1);
    const adopted = this.#context.store.update<'ReplicaSet'>(same, (copy) => {
      const old = revisionOf(same);
      const history = copy.metadata.annotations?.[REVISION_HISTORY_ANNOTATION];
      copy.metadata.annotations = {
        ...copy.metadata.annotations,
        ...copiedAnnotations(deployment),
        [REVISION_ANNOTATION]: String(revision),
        ...(revision === old
          ? {}
          : { [REVISION_HISTORY_ANNOTATION]: history === undefined ? String(old) : `${history},${old}` }),
      };
    });
    this.#stamp(deployment, revision);
    return adopted;
  }

  #stamp(deployment: Deployment, revision: number): void {
    this.#context.store.update<'Deployment'>(deployment, (copy) => {
      copy.metadata.annotations = { ...copy.metadata.annotations, [REVISION_ANNOTATION]: String(revision) };
    });
  }

  #createReplicaSet(deployment: Deployment, revision: number, atMs: number): ReplicaSet {
    const hash = seededSuffix(`template/${canonicalJson(deployment.spec.template)}`, 10);
    const template = structuredClone(deployment.spec.template);
    template.metadata.labels = { ...template.metadata.labels, [TEMPLATE_HASH_LABEL]: hash };
    return this.#context.store.create<'ReplicaSet'>(
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name: `${deployment.metadata.name}-${hash}`,
          namespace: deployment.metadata.namespace ?? 'default',
          generation: 1,
          labels: { ...template.metadata.labels },
          annotations: { ...copiedAnnotations(deployment), [REVISION_ANNOTATION]: String(revision) },
          ownerReferences: [ownedBy(deployment)],
        },
        spec: {
          replicas: 0,
          selector: { matchLabels: { ...deployment.spec.selector.matchLabels, [TEMPLATE_HASH_LABEL]: hash } },
          template,
        },
        status: { replicas: 0 },
      },
      atMs,
    );
  }

  /** One step of one deployment; false when there is nothing left to do now. */
  #step(deployment: Deployment, atMs: number): boolean {
    const { store } = this.#context;
    const before = store.version;
    const paused = deployment.spec.paused === true;
    const current = paused ? this.#newest(deployment) : this.adopt(deployment, atMs);
    if (current === null) return false;
    const old = this.replicaSets(deployment).filter((one) => one.metadata.uid !== current.metadata.uid);
    if (paused) this.#scale(deployment, current, deployment.spec.replicas, atMs);
    else {
      this.#scaleUp(deployment, current, old, atMs);
      this.#scaleDown(deployment, current, old, atMs);
      this.#forgetHistory(deployment, old);
    }
    for (const replicaSet of this.replicaSets(deployment)) this.#syncPods(deployment, replicaSet, atMs);
    return store.version !== before;
  }

  #newest(deployment: Deployment): ReplicaSet | null {
    return this.replicaSets(deployment).at(-1) ?? null;
  }

  #scaleUp(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[], atMs: number): void {
    const desired = deployment.spec.replicas;
    if (current.spec.replicas >= desired) {
      this.#scale(deployment, current, desired, atMs);
      return;
    }
    const oldTotal = old.reduce((sum, one) => sum + one.spec.replicas, 0);
    const { surge } = limitsOf(deployment);
    const room = desired + surge - oldTotal - current.spec.replicas;
    const wanted = Math.min(desired, current.spec.replicas + Math.max(0, room));
    this.#scale(deployment, current, wanted, atMs);
  }

  #scaleDown(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[], atMs: number): void {
    const { store } = this.#context;
    const fresh = store.get('ReplicaSet', current.metadata.namespace ?? null, current.metadata.name) ?? current;
    const oldPods = old.reduce((sum, one) => sum + one.spec.replicas, 0);
    if (oldPods === 0) return;
    const minAvailable = deployment.spec.replicas - limitsOf(deployment).unavailable;
    const newAvailable = this.pods(fresh).filter(isPodReady).length;
    let removable = oldPods + fresh.spec.replicas - minAvailable - (fresh.spec.replicas - newAvailable);
    const oldAvailable = old.reduce((sum, one) => sum + this.pods(one).filter(isPodReady).length, 0);
    let surplus = oldAvailable + newAvailable - minAvailable;
    for (const replicaSet of old) {
      const unhealthy = replicaSet.spec.replicas - this.pods(replicaSet).filter(isPodReady).length;
      const healthy = replicaSet.spec.replicas - unhealthy;
      // Unhealthy old pods go first: losing them costs no availability.
      const cleaned = Math.max(0, Math.min(unhealthy, removable));
      removable -= cleaned;
      const given = Math.max(0, Math.min(healthy, surplus, removable));
      surplus -= given;
      removable -= given;
      this.#scale(deployment, replicaSet, replicaSet.spec.replicas - cleaned - given, atMs);
    }
  }

  #scale(deployment: Deployment, replicaSet: ReplicaSet, replicas: number, atMs: number): void {
    const from = replicaSet.spec.replicas;
    if (from === replicas) return;
    this.#context.store.update<'ReplicaSet'>(replicaSet, (copy) => {
      copy.spec.replicas = replicas;
    });
    const message = `Scaled ${replicas > from ? 'up' : 'down'} replica set ${replicaSet.metadata.name} from ${from} to ${replicas}`;
    this.#context.event(
      deployment,
      { type: 'Normal', reason: 'ScalingReplicaSet', message, component: 'deployment-controller' },
      atMs,
    );
  }

  #syncPods(deployment: Deployment, replicaSet: ReplicaSet, atMs: number): void {
    const pods = this.pods(replicaSet);
    const missing = replicaSet.spec.replicas - pods.length;
    for (let i = 0; i < missing; i += 1) {
      const name = `${replicaSet.metadata.name}-${this.#context.suffix(replicaSet.metadata.name, 5)}`;
      this.#kubelet.create(
        { name, controlledBy: replicaSet, owner: deployment.metadata.name, template: replicaSet.spec.template },
        atMs,
      );
      this.#context.event(
        replicaSet,
        {
          type: 'Normal',
          reason: 'SuccessfulCreate',
          message: `Created pod: ${name}`,
          component: 'replicaset-controller',
        },
        atMs,
      );
    }
    if (missing >= 0) return;
    // As the real controller chooses: not ready before ready, younger before older.
    const order = [...pods].sort(
      (a, b) =>
        Number(isPodReady(a)) - Number(isPodReady(b)) ||
        Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp) ||
        (a.metadata.name < b.metadata.name ? -1 : 1),
    );
    for (const pod of order.slice(0, -missing)) {
      this.#kubelet.remove(pod, atMs);
      this.#context.event(
        replicaSet,
        {
          type: 'Normal',
          reason: 'SuccessfulDelete',
          message: `Deleted pod: ${pod.metadata.name}`,
          component: 'replicaset-controller',
        },
        atMs,
      );
    }
  }

  #forgetHistory(deployment: Deployment, old: readonly ReplicaSet[]): void {
    const idle = old.filter((one) => one.spec.replicas === 0 && this.pods(one).length === 0);
    const limit = deployment.spec.revisionHistoryLimit ?? DEFAULT_HISTORY_LIMIT;
    for (const replicaSet of idle.slice(0, Math.max(0, idle.length - limit))) this.#context.store.remove(replicaSet);
  }

  #writeStatus(deployment: Deployment, atMs: number): void {
    const { store } = this.#context;
    for (const replicaSet of this.replicaSets(deployment)) {
      const pods = this.pods(replicaSet);
      const ready = pods.filter(isPodReady).length;
      store.update<'ReplicaSet'>(replicaSet, (copy) => {
        copy.status = {
          replicas: pods.length,
          observedGeneration: copy.metadata.generation,
          ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
        };
      });
    }
    const status = this.#statusOf(deployment, atMs);
    store.update<'Deployment'>(deployment, (copy) => {
      copy.status = status;
    });
  }

  #statusOf(deployment: Deployment, atMs: number): DeploymentStatus {
    const current = this.#newest(deployment);
    const pods = this.replicaSets(deployment).flatMap((one) => this.pods(one));
    const desired = deployment.spec.replicas;
    const counts = {
      all: pods.length,
      updated: current === null ? 0 : this.pods(current).length,
      ready: pods.filter(isPodReady).length,
    };
    const progress = this.#trackProgress(
      deployment,
      `${deployment.metadata.generation}/${counts.updated}/${counts.ready}/${counts.all}`,
      counts.updated === desired && counts.all === desired && counts.ready >= desired,
      atMs,
    );
    const available = counts.ready >= desired - limitsOf(deployment).unavailable;
    return deploymentStatus(deployment, counts, available, progress, current?.metadata.name ?? '', atMs);
  }

  #trackProgress(deployment: Deployment, signature: string, complete: boolean, atMs: number): RolloutProgress {
    const known = this.#progress.get(deployment.metadata.uid);
    const deadlineMs = (deployment.spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_SECONDS) * 1000;
    const generation = signature.split('/')[0];
    // A finished rollout stays finished when a pod falls ill later: that is not the rollout's failure.
    const finishedBefore = known !== undefined && !known.waiting && known.signature.split('/')[0] === generation;
    if (
      complete ||
      (finishedBefore && deployment.status.conditions?.some((one) => one.reason === 'NewReplicaSetAvailable'))
    ) {
      this.#progress.set(deployment.metadata.uid, { signature, sinceMs: atMs, waiting: false, deadlineMs: 0 });
      return 'complete';
    }
    if (known === undefined || known.signature !== signature) {
      this.#progress.set(deployment.metadata.uid, {
        signature,
        sinceMs: atMs,
        waiting: true,
        deadlineMs: atMs + deadlineMs,
      });
      return 'going';
    }
    if (atMs < known.sinceMs + deadlineMs) return 'going';
    known.waiting = false;
    return 'failed';
  }
}

export function revisionOf(replicaSet: ReplicaSet): number {
  return Number(replicaSet.metadata.annotations?.[REVISION_ANNOTATION] ?? 0);
}

export function withoutHash(template: PodTemplate): PodTemplate {
  const { [TEMPLATE_HASH_LABEL]: _hash, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

function copiedAnnotations(deployment: Deployment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key)),
  );
}

function limitsOf(deployment: Deployment): { surge: number; unavailable: number } {
  const { strategy, replicas } = deployment.spec;
  if (strategy?.type === 'Recreate') return { surge: 0, unavailable: replicas };
  const count = (value: number | string | undefined, whenAbsent: number, round: (n: number) => number) => {
    if (value === undefined) return whenAbsent;
    if (typeof value === 'number') return value;
    return value.endsWith('%') ? round((Number.parseFloat(value) / 100) * replicas) : Number(value);
  };
  const surge = count(strategy?.rollingUpdate?.maxSurge, 1, Math.ceil);
  const unavailable = count(strategy?.rollingUpdate?.maxUnavailable, 0, Math.floor);
  return surge === 0 && unavailable === 0 ? { surge: 0, unavailable: 1 } : { surge, unavailable };
}
