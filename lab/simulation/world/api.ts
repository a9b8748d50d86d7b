import type { Post } from './posts.ts';
import type { Ticket } from './tickets.ts';

/**
 * The seams inside the simulated production. One seeded world decides what is true at a world instant (`…Ms`: epoch
 * milliseconds); the systems in ../systems serve that truth on the wire. Time is always given from outside.
 * The simulation imports nothing of the product: it could be anybody's.
 */

/** A revision of a deployment, as its rollout history tells it. */
export interface RevisionView {
  readonly revision: number;
  readonly image: string;
  readonly changeCause: string | null;
  readonly createdAtMs: number;
}

export interface PodView {
  readonly name: string;
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly node: string;
  readonly revision: number;
  readonly startedAtMs: number;
  readonly ready: boolean;
  readonly phase: 'Pending' | 'Running' | 'Failed';
  readonly restarts: number;
  /** Waiting or terminated reason: CrashLoopBackOff, OOMKilled, ImagePullBackOff, …; null when well. */
  readonly reason: string | null;
  /** Why its container ended last, e.g. OOMKilled; null or absent when it never did. */
  readonly lastTermination?: string | null;
}

export interface NodeView {
  readonly name: string;
  readonly zone: string;
  readonly ready: boolean;
  /** Conditions that hold: MemoryPressure, DiskPressure, PIDPressure. */
  readonly pressures: readonly string[];
}

export interface DeploymentView {
  readonly name: string;
  readonly current: RevisionView;
  readonly history: readonly RevisionView[];
  readonly wantedReplicas: number;
  readonly readyReplicas: number;
  readonly memoryLimitMiB: number;
  readonly pods: readonly PodView[];
}

/** The cluster's objects and controllers (implemented by ../systems/kubernetes); the world reads and disturbs it. */
export interface ClusterModel {
  deployment(name: string): DeploymentView | null;
  deployments(): readonly DeploymentView[];
  pods(): readonly PodView[];
  /** Absent in a cluster that shows no nodes. */
  nodes?(): readonly NodeView[];
  /** Somebody deploys: a new revision with a change-cause, rolled out pod by pod over world time. */
  deploy(name: string, change: { readonly image: string; readonly changeCause: string }, atMs: number): number;
  /** A pod is in trouble (or well again with null) until it is replaced. */
  troublePod(name: string, trouble: { readonly reason: string; readonly ready: boolean } | null, atMs: number): void;
  /** A container is killed and restarted in place, e.g. OOMKilled. */
  restartContainer(podName: string, reason: string, atMs: number): void;
  setNode(name: string, state: { readonly ready: boolean; readonly pressure: string | null }, atMs: number): void;
  changeConfigMap(name: string, atMs: number): void;
  /** The pod that a Service's selector names; null when it names none. */
  servicePod?(name: string): string | null;
  /** Changes whenever the data of that ConfigMap changes, and comes back when the old data does; null: there is none. */
  configMapDigest?(name: string): string | null;
  /** Requests a minute that the ingress lets through once a strict rate limit is applied; null: no limit is. */
  rateLimitPerMinute?(): number | null;
  /** The next instant at which a controller does something by itself (a pod becomes ready, …); null when at rest. */
  nextChangeAtMs(): number | null;
  /** Runs the controllers up to that instant. Never backwards. */
  advanceTo(ms: number): void;
}

/** What the world tells the systems. All of it is a function of the seed, the faults and what was done to it. */
export interface WorldTruth {
  readonly nowMs: number;
  /** Series for Prometheus: counters and gauges sampled every `scrapeSeconds` up to now. */
  readonly series: SeriesSource;
  /** Log lines of a pod within a window, oldest first, as the container wrote them. */
  logs(podName: string, sinceMs: number, untilMs: number): readonly { readonly atMs: number; readonly line: string }[];
  podUsage(podName: string): { readonly cpuMillicores: number; readonly memoryMiB: number };
  nodeUsage(nodeName: string): { readonly cpuMillicores: number; readonly memoryMiB: number };
  database(): DatabaseTruth;
  cache(): CacheTruth;
  provider(name: string): ProviderTruth;
  /** The service's own admin API, per pod (breakers and failover are per process unless told otherwise). */
  admin(podName: string): AdminState;
  setBreaker(podName: string, provider: string, open: boolean): void;
  setFailover(podName: string, primary: string, fallback: string | null): void;
  health(): { readonly ok: boolean; readonly detail: string };
  tickets(sinceMs: number): readonly Ticket[];
  /** What is written about us in public. */
  posts(sinceMs: number): readonly Post[];
  /** For the judge, never for the product: failed and all requests in a window, integrated. */
  requests(fromMs: number, untilMs: number): { readonly total: number; readonly failed: number };
}

export interface SeriesMatcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  /** Tells whether a value matches, where the asker knows better than a plain regular expression. */
  matches?(labelValue: string): boolean;
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Ascending epoch milliseconds. */
  readonly times: Float64Array | readonly number[];
  readonly values: Float64Array | readonly number[];
  /** Instants of staleness markers: the target was gone. */
  readonly staleTimes?: readonly number[];
}

export interface SeriesSource {
  select(matchers: readonly SeriesMatcher[], fromMs: number, toMs: number): Series[];
}

export interface DatabaseTruth {
  readonly answers: boolean;
  readonly maxConnections: number;
  /** Rows of pg_stat_activity as they would stand now. */
  readonly activity: readonly {
    readonly pid: number;
    readonly state: 'active' | 'idle' | 'idle in transaction';
    readonly query: string;
    readonly queryStartMs: number;
    readonly applicationName: string;
    readonly waitEventType: string | null;
  }[];
  readonly statements: readonly {
    readonly query: string;
    readonly calls: number;
    readonly totalExecMs: number;
    readonly meanExecMs: number;
  }[];
}

/** What the cache would say of itself. Counters begin when its process starts. */
export interface CacheTruth {
  readonly answers: boolean;
  readonly hits: number;
  readonly misses: number;
  /** Keys thrown out because the memory was full. */
  readonly evictedKeys: number;
  readonly connectedClients: number;
  /** Of those, the ones that have been silent for long. */
  readonly idleClients: number;
  readonly usedMemoryMiB: number;
  readonly memoryLimitMiB: number;
  readonly keys: number;
  readonly uptimeSeconds: number;
}

/** The streaming replica of the database, and what of the primary's writes it holds. */
export interface ReplicaTruth {
  readonly present: boolean;
  readonly lagSeconds: number;
  /** A primary of its own, on a timeline of its own. */
  readonly promoted: boolean;
  readonly streaming: boolean;
  /** Until when the primary took writes; now, while it does. */
  readonly primaryWrittenMs: number;
  /** Commit time of the last transaction that arrived. */
  readonly lastReplayMs: number;
}

export interface ProviderTruth {
  readonly name: string;
  readonly mode: 'ok' | 'down' | 'errors' | 'slow' | 'rate-limited' | 'unauthorised';
  /** Share of its calls that go wrong in that mode, 0 to 1. */
  readonly errorRate: number;
  readonly statusPage: 'operational' | 'degraded' | 'down';
}

export interface AdminState {
  readonly breakers: Readonly<Record<string, 'open' | 'closed'>>;
  readonly failovers: Readonly<Record<string, string>>;
}
