import type { ClusterModel, DeploymentView, PodView, RevisionView } from '../../../simulation/world/api.ts';

interface FakeDeployment {
  name: string;
  revisions: RevisionView[];
  wanted: number;
  memoryLimitMiB: number;
  pods: PodView[];
}

const POD_SECONDS = 20;

/** A cluster small enough to be read: rollouts replace one pod every twenty seconds, oldest first. */
export class FakeCluster implements ClusterModel {
  readonly #deployments = new Map<string, FakeDeployment>();
  #others: PodView[] = [];
  #due: { atMs: number; act: (atMs: number) => void }[] = [];
  #serial = 0;
  readonly #digests = new Map<string, string>();
  limitPerMinute: number | null = null;

  constructor(startMs: number) {
    this.#add('noa-mcp', 3, startMs);
    this.#add('noa-claude-flow', 2, startMs);
    this.#others = [
      this.#pod('noa-postgres-0', 'noa-postgres', 1, startMs),
      this.#pod('noa-redis-0', 'noa-redis', 1, startMs),
    ];
  }

  deployment(name: string): DeploymentView | null {
    const one = this.#deployments.get(name);
    return one === undefined ? null : this.#view(one);
  }

  deployments(): readonly DeploymentView[] {
    return [...this.#deployments.values()].map((one) => this.#view(one));
  }

  pods(): readonly PodView[] {
    return [...this.deployments().flatMap((one) => one.pods), ...this.#others];
  }

  deploy(name: string, change: { readonly image: string; readonly changeCause: string }, atMs: number): number {
    return this.#newRevision(name, change.image, change.changeCause, atMs);
  }

  /** What `kubectl rollout restart` does. */
  restart(name: string, atMs: number): void {
    const current = this.deployment(name)?.current;
    if (current !== undefined) this.#newRevision(name, current.image, current.changeCause, atMs);
  }

  /** What `kubectl rollout undo` does: the old template becomes the newest revision. */
  undo(name: string, toRevision: number, atMs: number): void {
    const found = this.deployment(name)?.history.find((one) => one.revision === toRevision);
    if (found === undefined) throw new Error(`no revision ${toRevision}`);
    this.#newRevision(name, found.image, found.changeCause, atMs);
  }

  scale(name: string, replicas: number, atMs: number): void {
    const one = this.#deployments.get(name) as FakeDeployment;
    one.wanted = replicas;
    const revision = one.revisions.at(-1)?.revision ?? 1;
    while (one.pods.length < replicas) one.pods.push(this.#pod(this.#podName(name), name, revision, atMs));
    one.pods.length = replicas;
  }

  deletePod(name: string, atMs: number): void {
    this.#change(name, (pod) => this.#pod(name, pod.owner, pod.revision, atMs));
  }

  troublePod(name: string, trouble: { readonly reason: string; readonly ready: boolean } | null): void {
    this.#change(name, (pod) => ({ ...pod, ready: trouble?.ready ?? true, reason: trouble?.reason ?? null }));
  }

  restartContainer(podName: string, reason: string, atMs: number): void {
    this.#change(podName, (pod) => ({ ...pod, ready: false, restarts: pod.restarts + 1, reason }));
    this.#schedule(atMs + POD_SECONDS * 1000, () =>
      this.#change(podName, (pod) => ({ ...pod, ready: true, reason: null })),
    );
  }

  setNode(): void {}

  changeConfigMap(name: string, atMs: number): void {
    this.#digests.set(name, String(atMs));
  }

  restoreConfigMap(name: string): void {
    this.#digests.delete(name);
  }

  configMapDigest(name: string): string | null {
    return this.#digests.get(name) ?? 'first';
  }

  rateLimitPerMinute(): number | null {
    return this.limitPerMinute;
  }

  nextChangeAtMs(): number | null {
    return this.#due[0]?.atMs ?? null;
  }

  advanceTo(ms: number): void {
    for (let first = this.#due[0]; first !== undefined && first.atMs <= ms; first = this.#due[0]) {
      this.#due.shift();
      first.act(first.atMs);
    }
  }

  #add(name: string, replicas: number, startMs: number): void {
    const revision: RevisionView = {
      revision: 1,
      image: `registry.example/${name}:1.41.0`,
      changeCause: 'release 1.41',
      createdAtMs: startMs - 86_400_000,
    };
    const pods = Array.from({ length: replicas }, () => this.#pod(this.#podName(name), name, 1, startMs - 86_400_000));
    this.#deployments.set(name, { name, revisions: [revision], wanted: replicas, memoryLimitMiB: 1024, pods });
  }

  #newRevision(name: string, image: string, changeCause: string | null, atMs: number): number {
    const one = this.#deployments.get(name);
    if (one === undefined) throw new Error(`no deployment ${name}`);
    const revision = (one.revisions.at(-1)?.revision ?? 0) + 1;
    one.revisions.push({ revision, image, changeCause, createdAtMs: atMs });
    for (let index = 0; index < one.wanted; index++) {
      this.#schedule(atMs + (index + 1) * POD_SECONDS * 1000, (at) => {
        one.pods.shift();
        one.pods.push(this.#pod(this.#podName(name), name, revision, at));
      });
    }
    return revision;
  }

  #podName(owner: string): string {
    this.#serial++;
    return `${owner}-${String(this.#serial).padStart(4, '0')}`;
  }

  #pod(name: string, owner: string, revision: number, atMs: number): PodView {
    const node = `node-${(name.charCodeAt(name.length - 1) % 3) + 1}`;
    return {
      name,
      owner,
      labels: { app: owner },
      node,
      revision,
      startedAtMs: atMs,
      ready: true,
      phase: 'Running',
      restarts: 0,
      reason: null,
    };
  }

  #change(name: string, to: (pod: PodView) => PodView): void {
    for (const one of this.#deployments.values()) one.pods = one.pods.map((pod) => (pod.name === name ? to(pod) : pod));
    this.#others = this.#others.map((pod) => (pod.name === name ? to(pod) : pod));
  }

  #schedule(atMs: number, act: (atMs: number) => void): void {
    this.#due.push({ atMs, act });
    this.#due.sort((a, b) => a.atMs - b.atMs);
  }

  #view(one: FakeDeployment): DeploymentView {
    const current = one.revisions.at(-1) as RevisionView;
    return {
      name: one.name,
      current,
      history: one.revisions,
      wantedReplicas: one.wanted,
      readyReplicas: one.pods.filter((pod) => pod.ready).length,
      memoryLimitMiB: one.memoryLimitMiB,
      pods: one.pods,
    };
  }
}
