import type { SeriesPoint } from '../../domain/crossings.ts';
import type { BuildFact, CommitFact, Finding, RolloutRevision } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import type { WrittenTickets } from '../../domain/ticket.ts';
import type { Deadlines } from '../deadlines.ts';

/**
 * What collecting evidence needs of each system; worker.ts wires the real clients in. Every method makes one bounded
 * attempt and rejects with a sentence for people when it got no answer. A port that is null is not configured.
 */
export interface EvidencePorts {
  readonly cluster: ClusterPort | null;
  readonly metrics: MetricsPort | null;
  /** What becomes of alerts on their way to people. */
  readonly alertRouting: AlertRoutingPort | null;
  readonly database: DatabasePort | null;
  readonly cache: CachePort | null;
  readonly providers: ProvidersPort | null;
  readonly statusPage: StatusPagePort | null;
  readonly serviceApi: ServiceApiPort | null;
  /** Where customers write; empty when nothing of the kind is configured. */
  readonly tickets: readonly WrittenTicketsPort[];
  readonly social: MentionsPort | null;
  readonly record: RecordPort | null;
  /** Who knows the team's commits and its builds; empty when nothing of the kind is configured. */
  readonly code: readonly ChangeSource<CommitFact>[];
  readonly builds: readonly ChangeSource<BuildFact>[];
  readonly logSearch: LogSearchPort | null;
  readonly panels: PanelPort | null;
  readonly store: EvidenceStore;
  readonly clock: () => Instant;
  /** How the deadline of each question is counted; by the wall clock when left out. */
  readonly deadlines?: Deadlines;
}

type FindingOf<P extends Finding['probe']> = Extract<Finding, { probe: P }>;

export type PodFact = FindingOf<'pods'>['pods'][number] & { readonly memoryLimitMiB: number | null };
export type NodeFact = FindingOf<'nodes'>['nodes'][number];
export type DeploymentFact = FindingOf<'rollouts'>['deployments'][number] & {
  readonly history: readonly RolloutRevision[];
};
export type UsageFact = Pick<FindingOf<'resources'>, 'pods' | 'nodes'>;
export type ConfigChange = FindingOf<'config-changes'>['changes'][number];
export type StatementFact = FindingOf<'slow-statements'>['statements'][number];
export type ActivityFact = Omit<FindingOf<'database-connections'>, 'probe'>;
export interface AnswerFact {
  readonly answers: boolean;
  readonly milliseconds: number | null;
  readonly error: string | null;
}
export type ProviderFact = FindingOf<'providers'>['providers'][number];
export type HealthFact = FindingOf<'service-health'>['checks'][number];
export type PastIncidentFact = FindingOf<'past-incidents'>['incidents'][number];
export type AlertFact = FindingOf<'firing-alerts'>['alerts'][number];

export interface RoutedAlert {
  readonly name: string;
  readonly severity: string | null;
  readonly startsAt: Instant;
  readonly summary: string;
  /** Why nobody is told of it, in words; null when somebody is. */
  readonly heldBack: string | null;
}

export interface AlertRoutingPort {
  alerts(): Promise<readonly RoutedAlert[]>;
}

/** A warning event of the namespace, newest first. */
export interface WarningFact {
  readonly object: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly lastAt: Instant | null;
}

export interface LogLine {
  readonly pod: string;
  readonly at: Instant | null;
  readonly line: string;
}

export interface LogQuery {
  readonly namespace: string;
  readonly selector: string;
  readonly container: string | null;
  readonly tailLines: number | null;
  readonly sinceAt: Instant | null;
  readonly limitBytesPerPod: number;
}

export interface ClusterPort {
  nodes(): Promise<readonly NodeFact[]>;
  pods(namespace: string): Promise<readonly PodFact[]>;
  warnings(namespace: string): Promise<readonly WarningFact[]>;
  rollouts(namespace: string): Promise<readonly DeploymentFact[]>;
  usage(namespace: string): Promise<UsageFact>;
  configChanges(namespace: string): Promise<readonly ConfigChange[]>;
  /** Lines of all matching pods, merged, oldest first; pods that gave none are named in `missing`. */
  logs(query: LogQuery): Promise<{ readonly lines: readonly LogLine[]; readonly missing: readonly string[] }>;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** Null for NaN and the infinities: no number, and never zero. */
  readonly value: number | null;
}

export interface SampledSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly SeriesPoint[];
}

export interface RangeQuery {
  readonly query: string;
  readonly fromAt: Instant;
  readonly untilAt: Instant;
  readonly stepSeconds: number;
}

export interface MetricsPort {
  /** The vector as of now; empty when there is no such series. */
  instant(query: string): Promise<readonly Sample[]>;
  range(query: RangeQuery): Promise<readonly SampledSeries[]>;
  firingAlerts(): Promise<readonly AlertFact[]>;
}

export interface DatabasePort {
  answers(): Promise<AnswerFact>;
  activity(): Promise<ActivityFact>;
  /** The ten slowest by mean, and all (20 at most) whose mean is above the threshold. */
  slowStatements(thresholdMilliseconds: number): Promise<readonly StatementFact[]>;
}

export type CacheFact = Omit<FindingOf<'cache-statistics'>, 'probe'>;

export interface CachePort {
  answers(): Promise<AnswerFact>;
  statistics(): Promise<CacheFact>;
}

export interface ProvidersPort {
  health(name: string): Promise<ProviderFact>;
}

export interface StatusPagePort {
  summary(): Promise<{
    readonly indicator: string;
    readonly openIncidents: readonly string[];
    readonly components: readonly { readonly name: string; readonly status: string }[];
  }>;
}

/** One place where customers write. */
export interface WrittenTicketsPort {
  readonly system: string;
  /** Those written from `at` until `until` (or now). */
  since(at: Instant, now: Instant, until?: Instant): Promise<WrittenTickets>;
  /** What a person would type to see them. */
  commandSince(at: Instant): string;
}

/** Never rejects: a network that gives no answer is its own gap. */
export interface MentionsPort {
  readonly networks: readonly string[];
  mentions(
    handle: string,
    sinceAt: Instant,
  ): Promise<{
    readonly networks: readonly {
      readonly network: string;
      readonly count: number | null;
      readonly exact: boolean;
      readonly gap: string | null;
    }[];
    readonly newest: readonly {
      readonly network: string;
      readonly url: string;
      readonly text: string;
      readonly at: Instant;
    }[];
  }>;
}

export interface ServiceApiPort {
  /** Never rejects: a service that does not answer is the finding. */
  check(path: string): Promise<HealthFact>;
}

/** One place that knows what was changed or built in a window of time. */
export interface ChangeSource<T> {
  readonly name: string;
  /** The question as a person would have typed it. */
  command(window: ChangeWindow): string;
  /** `complete` is false when there was more than is read. */
  between(window: ChangeWindow): Promise<{ readonly found: readonly T[]; readonly complete: boolean }>;
}

export interface ChangeWindow {
  readonly fromAt: Instant;
  readonly untilAt: Instant;
}

export interface LogSearchQuery extends ChangeWindow {
  readonly namespace: string;
  readonly selectors: readonly string[];
  readonly anyOf: readonly string[];
  readonly limit: number;
  /** Nobody listens any more when this is over. */
  readonly deadlineMilliseconds: number;
}

/** Logs of all pods, also of those that are gone (R2.7). */
export interface LogSearchPort {
  /** Rejects when only part of the logs was searched. */
  search(query: LogSearchQuery): Promise<{ readonly matched: number; readonly lines: readonly LogLine[] }>;
  link(query: LogSearchQuery): string | null;
  command(query: LogSearchQuery): string;
}

/** Pictures of dashboards. May take long or fail: our own chart stands in for it. */
export interface PanelPort {
  panel(panel: {
    readonly dashboardUrl: string;
    readonly panelId: number;
    readonly fromAt: Instant;
    readonly untilAt: Instant;
  }): Promise<Buffer>;
}

export interface EvidenceStore {
  put(body: string | Buffer, mediaType: string): Promise<{ readonly digest: string; readonly sizeBytes: number }>;
}

/** Incidents that are over and were like this one, the most similar first. */
export interface RecordPort {
  similar(incidentId: string, limit: number): Promise<readonly PastIncidentFact[]>;
}
