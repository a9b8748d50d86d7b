import type { Crossing, SeriesPoint } from './crossings.ts';
import type { Instant } from './instant.ts';

/** The machine's questions about production; policy's service says how each is asked (R1.6, R2, R3, R5). */
export const PROBE_NAMES = [
  'nodes',
  'pods',
  'rollouts',
  'resources',
  'database-answers',
  'database-connections',
  'slow-statements',
  'database-logs',
  'cache-answers',
  'cache-statistics',
  'service-logs',
  'worker-logs',
  'firing-alerts',
  'error-rate',
  'latency',
  'request-rate',
  'endpoints',
  'slow-endpoints',
  'affected-users',
  'cache-hit-rate',
  'providers',
  'provider-traffic',
  'config-changes',
  'status-page',
  'support-tickets',
  'social-mentions',
  'service-health',
  'past-incidents',
  'log-export',
  'metrics-snapshot',
  'commits',
  'builds',
  'log-search',
] as const;
export type ProbeName = (typeof PROBE_NAMES)[number];

/** A change of a deployment: one revision of its rollout history (R2.2, R2.10). */
export interface RolloutRevision {
  readonly revision: number;
  readonly image: string;
  /** The change-cause, or null when nobody wrote one. */
  readonly change: string | null;
  readonly rolledOutAt: Instant;
}

/** Facts as data, by the probe that found them. All lists are bounded (20 entries). */
export type Finding =
  | {
      readonly probe: 'nodes';
      readonly nodes: readonly { name: string; ready: boolean; problems: readonly string[] }[];
    }
  | {
      readonly probe: 'pods';
      readonly pods: readonly {
        name: string;
        app: string;
        node: string | null;
        phase: string;
        ready: boolean;
        restarts: number;
        problem: string | null;
        lastTermination: string | null;
        startedAt: Instant | null;
      }[];
      readonly total: number;
    }
  | {
      readonly probe: 'rollouts';
      readonly deployments: readonly {
        name: string;
        current: RolloutRevision | null;
        previous: RolloutRevision | null;
        replicas: number;
        ready: number;
      }[];
    }
  | {
      readonly probe: 'resources';
      readonly pods: readonly {
        name: string;
        cpuMillicores: number;
        memoryMiB: number;
        memoryLimitMiB: number | null;
      }[];
      readonly nodes: readonly { name: string; cpuPercent: number; memoryPercent: number }[];
      /** When the memory of all pods together began to rise; null when it did not. */
      readonly memoryRoseAt?: Instant | null;
    }
  | {
      readonly probe: 'database-answers' | 'cache-answers';
      readonly answers: boolean;
      readonly milliseconds: number | null;
      readonly error: string | null;
    }
  | {
      readonly probe: 'cache-statistics';
      /** Since the cache's process started, 0 to 1; null before its first lookup. */
      readonly hitRatio: number | null;
      readonly evictedKeys: number;
      readonly connectedClients: number;
      /** Silent for ten minutes; null when the cache does not tell. */
      readonly idleClients: number | null;
      readonly clientLimit: number | null;
      readonly rejectedConnections: number;
      readonly usedMemoryMiB: number;
      /** Null when it may use whatever the machine has. */
      readonly memoryLimitMiB: number | null;
      readonly uptimeSeconds: number;
    }
  | {
      readonly probe: 'database-connections';
      readonly byState: Readonly<Record<string, number>>;
      readonly active: number;
      readonly total: number;
      readonly limit: number;
      readonly longestActiveSeconds: number | null;
      readonly waitingOnLocks: number;
      /** Connections that nobody uses, by the application that holds them. */
      readonly unusedByApplication?: Readonly<Record<string, number>>;
      /** When the number of busy connections began to rise, by the metrics; null when it did not. */
      readonly roseAt?: Instant | null;
      /** By the metrics too, as `query` asks for them: when more were busy than may be (R5.5). */
      readonly crossings?: readonly Crossing[];
      readonly query?: string;
    }
  | {
      readonly probe: 'slow-statements';
      readonly statements: readonly {
        query: string;
        calls: number;
        meanMilliseconds: number;
        totalMilliseconds: number;
      }[];
    }
  | {
      readonly probe: 'service-logs' | 'worker-logs' | 'database-logs' | 'log-export';
      readonly lines: number;
      readonly patterns: readonly LogPattern[];
    }
  | {
      readonly probe: 'firing-alerts';
      readonly alerts: readonly {
        name: string;
        severity: string | null;
        activeAt: Instant;
        summary: string;
        /** Why nobody is told of it: silenced by whom until when, or inhibited by what. */
        heldBack?: string;
      }[];
    }
  | {
      readonly probe: 'error-rate';
      readonly ratio: number | null;
      readonly trend: readonly SeriesPoint[];
      readonly roseAt: Instant | null;
      readonly crossings?: readonly Crossing[];
    }
  | {
      readonly probe: 'latency';
      readonly p95Seconds: number | null;
      readonly trend: readonly SeriesPoint[];
      readonly roseAt: Instant | null;
      readonly crossings?: readonly Crossing[];
    }
  | {
      readonly probe: 'request-rate';
      readonly perMinute: number | null;
      readonly baselinePerMinute: number;
      readonly ratio: number | null;
    }
  | {
      readonly probe: 'endpoints';
      readonly endpoints: readonly {
        endpoint: string;
        errorRatio: number | null;
        perMinute: number | null;
        /** The workload that answers most of its requests, where the metrics say so. */
        servedBy?: string | null;
      }[];
    }
  | {
      readonly probe: 'slow-endpoints';
      readonly endpoints: readonly {
        endpoint: string;
        p95Seconds: number | null;
        /** When it became slow; null when it is not or nobody saw it begin. */
        roseAt?: Instant | null;
      }[];
    }
  | {
      readonly probe: 'affected-users';
      readonly affected: number | null;
      readonly total: number | null;
      readonly ratio: number | null;
    }
  | { readonly probe: 'cache-hit-rate'; readonly ratio: number | null }
  | {
      readonly probe: 'providers';
      readonly providers: readonly {
        name: string;
        api: 'ok' | 'unauthorised' | 'down' | 'unknown';
        statusPage: 'operational' | 'degraded' | 'down' | 'unknown';
        detail: string;
      }[];
    }
  | {
      readonly probe: 'provider-traffic';
      readonly providers: readonly { name: string; perMinute: number | null; errorRatio: number | null }[];
    }
  | {
      readonly probe: 'config-changes';
      readonly changes: readonly { configmap: string; changedAt: Instant; by: string }[];
    }
  | {
      readonly probe: 'status-page';
      readonly indicator: string;
      readonly openIncidents: readonly string[];
      /** Parts that are not shown as operational; absent in what was stored before they were read. */
      readonly unwell?: readonly { name: string; status: string }[];
    }
  | {
      readonly probe: 'service-health';
      readonly checks: readonly { url: string; status: number | null; ok: boolean; detail: string }[];
    }
  | {
      readonly probe: 'support-tickets';
      /** Since detection, by the system they were written in; null when it gave no answer. */
      readonly systems: readonly {
        system: string;
        count: number | null;
        /** False when there are more than were counted. */
        exact: boolean;
        newest: readonly { ref: string; url: string; title: string; at: Instant }[];
      }[];
    }
  | {
      readonly probe: 'social-mentions';
      readonly networks: readonly { network: string; count: number | null; exact: boolean }[];
      readonly newest: readonly { network: string; url: string; text: string; at: Instant }[];
    }
  | {
      readonly probe: 'past-incidents';
      readonly incidents: readonly {
        id: string;
        title: string;
        severity: string;
        resolvedAt: Instant | null;
        cause: string | null;
        fix: string | null;
        resolveMinutes: number | null;
        score: number;
        why: readonly string[];
      }[];
    }
  | {
      readonly probe: 'metrics-snapshot';
      readonly series: readonly {
        name: string;
        unit: string;
        points: readonly SeriesPoint[];
        query?: string;
        /** When it began to climb, for what climbs; null when it did not. */
        roseAt?: Instant | null;
        /** When it crossed the limit that matters, and came back (R5.5); absent where none is known. */
        crossings?: readonly Crossing[];
      }[];
    }
  | {
      readonly probe: 'commits';
      readonly fromAt: Instant;
      readonly untilAt: Instant;
      readonly total: number;
      /** Newest first. */
      readonly commits: readonly CommitFact[];
    }
  | {
      readonly probe: 'builds';
      readonly fromAt: Instant;
      readonly untilAt: Instant;
      readonly total: number;
      /** Newest first. */
      readonly builds: readonly BuildFact[];
    }
  | {
      readonly probe: 'log-search';
      readonly fromAt: Instant;
      readonly untilAt: Instant;
      /** Documents that match, however many of them were read. */
      readonly matched: number;
      readonly patterns: readonly LogPattern[];
    };

/** A commit to the team's code (R2.12, R5.3). */
export interface CommitFact {
  readonly sha: string;
  readonly committedAt: Instant;
  readonly author: string;
  /** The first line of its message, at most 200 characters. */
  readonly message: string;
  readonly link: string | null;
}

/** A run of a build or deployment pipeline (R2.13). */
export interface BuildFact {
  readonly system: string;
  readonly name: string;
  readonly number: number;
  readonly result: 'succeeded' | 'failed' | 'cancelled' | 'running' | 'unknown';
  readonly startedAt: Instant;
  /** Null while it runs. */
  readonly finishedAt: Instant | null;
  readonly branch: string | null;
  /** First lines of the changes it was made of, at most five. */
  readonly changes: readonly string[];
  readonly link: string | null;
}

/** Kinds of log lines the runbook tells people to look for (R2.6). */
export type LogKind =
  | 'database-connection'
  | 'timeout'
  | 'provider'
  | 'rate-limit'
  | 'out-of-memory'
  | 'cache'
  | 'name-resolution'
  | 'authentication'
  | 'data-corruption'
  | 'overload'
  | 'fatal'
  | 'exception'
  | 'other';

export interface LogPattern {
  readonly kind: LogKind;
  /** The line with numbers and ids replaced by placeholders; at most 200 characters. */
  readonly pattern: string;
  readonly count: number;
  readonly firstAt: Instant | null;
  readonly example: string;
  /** How many of the lines tell of a request that was answered with a failure; absent when lines do not say. */
  readonly failedRequests?: number;
}

/** One piece of evidence: what was asked, of whom, when, and what the answer means in words. */
export interface EvidenceItem {
  readonly id: string;
  readonly probe: ProbeName;
  readonly source: string;
  readonly collectedAt: Instant;
  /** The command or query a person would have typed. */
  readonly command: string;
  readonly link: string | null;
  readonly words: string;
  /** True when the words describe something out of the ordinary. */
  readonly abnormal: boolean;
  readonly finding: Finding;
  /** At most 1 KB; the whole answer is in the evidence store under `digest`. */
  readonly excerpt: string;
  readonly digest: string | null;
  readonly sizeBytes: number;
  /** Digest of a picture in the evidence store (R2.9, R5.4); absent where there is nothing to draw. */
  readonly picture?: string | null;
}

/** A question that got no answer; named, never silently left out. */
export interface EvidenceGap {
  readonly probe: ProbeName;
  readonly source: string;
  /** Where nobody can be asked, asking again is of no use. */
  readonly kind: 'not-configured' | 'no-answer';
  readonly reason: string;
}

export interface EvidenceBundle {
  readonly purpose: EvidencePurpose;
  readonly collectedAt: Instant;
  readonly items: readonly EvidenceItem[];
  readonly gaps: readonly EvidenceGap[];
}

export type EvidencePurpose = 'first-assessment' | 'investigation' | 'after-remedy' | 'root-cause' | 'user-report';

/** What one sweep is asked to collect, around which instant. */
export interface EvidenceRequest {
  readonly incidentId: string;
  readonly purpose: EvidencePurpose;
  readonly probes: readonly ProbeName[];
  /** When the problem is thought to have begun; series reach from two hours before it. */
  readonly aroundAt: Instant;
  readonly at: Instant;
}
