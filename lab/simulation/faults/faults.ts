/**
 * The kinds of trouble that a drill may ask for, with their parameters and what is assumed when a parameter is left out.
 * A fault says what happens to production; what is then seen follows from the mechanism (../world), never from its name.
 */

/** A slow statement that new code brings: `true` for the default one, its text, or all of its figures. */
export type SlowQuery =
  | boolean
  | string
  | {
      readonly statement?: string;
      readonly table?: string;
      readonly seconds?: number;
      readonly perMinute?: number;
    };

/** What faulty code or configuration does to the requests of the pods that run it. */
export interface CodeEffect {
  /** Share of requests that fail, 0 to 1. With `slowQuery`: the share that fails once connections are used up. */
  readonly errorRate?: number;
  /** Paths it concerns; all when absent. */
  readonly endpoints?: readonly string[];
  readonly p95Seconds?: number;
  readonly slowQuery?: SlowQuery;
  /** MiB a minute and pod; `true` for the default. */
  readonly memoryLeak?: boolean | number;
  /** The message that failing requests log. */
  readonly logPattern?: string;
}

interface Lasting {
  /** The fault ends by itself after this many milliseconds; absent: it stays until it is cured or ended. */
  readonly forMs?: number;
}

export type ProviderMode = 'down' | 'errors' | 'slow' | 'rate-limited' | 'unauthorised';
export type PodTrouble = 'CrashLoopBackOff' | 'ImagePullBackOff' | 'Pending';
export type NoiseKind =
  | 'harmless-deploy'
  | 'unrelated-alert'
  | 'flapping-alert'
  | 'stale-alert'
  | 'log-noise'
  | 'ticket-spam'
  | 'late-duplicate-webhook';

type Breadth = 'partial' | 'full';

export type FaultSpec = Lasting &
  (
    | ({ readonly kind: 'bad-deploy'; readonly deployment?: string; readonly change?: string } & CodeEffect)
    | {
        readonly kind: 'slow-query';
        readonly statement?: string;
        readonly table?: string;
        readonly seconds?: number;
        readonly perMinute?: number;
      }
    | { readonly kind: 'connection-leak'; readonly deployment?: string; readonly perMinute?: number }
    | { readonly kind: 'postgres-down'; readonly recovers?: 'on-delete' | 'never' }
    | { readonly kind: 'postgres-unreachable'; readonly from?: string }
    | { readonly kind: 'replica-lag'; readonly seconds?: number }
    | { readonly kind: 'replica-missing' }
    | { readonly kind: 'redis-down'; readonly recovers?: 'on-delete' | 'on-restart' | 'never' }
    | {
        readonly kind: 'cache-degraded';
        readonly hitRate?: number;
        readonly cause?: 'stale-connections' | 'evictions';
      }
    | {
        readonly kind: 'provider-outage';
        readonly provider?: string;
        readonly mode?: ProviderMode;
        readonly statusPage?: 'reports' | 'silent';
        /** Share of the calls to that provider that fail, 0 to 1. */
        readonly errorRate?: number;
      }
    | { readonly kind: 'memory-leak'; readonly deployment?: string; readonly mibPerMinute?: number }
    | {
        readonly kind: 'traffic-surge';
        readonly factor?: number;
        readonly endpoints?: readonly string[];
        readonly source?: 'customers' | 'abuse';
      }
    | { readonly kind: 'slow-endpoint'; readonly endpoint: string; readonly p95Seconds?: number }
    | {
        readonly kind: 'node-pressure';
        readonly node: string;
        readonly resource?: 'cpu' | 'memory' | 'disk';
      }
    | { readonly kind: 'node-down'; readonly node: string; readonly resource?: 'cpu' | 'memory' | 'disk' }
    | {
        readonly kind: 'pods-stuck';
        readonly deployment?: string;
        readonly reason?: PodTrouble;
        readonly change?: string;
      }
    | { readonly kind: 'config-change'; readonly configmap?: string; readonly effect?: CodeEffect }
    | { readonly kind: 'canary-regression'; readonly errorRate?: number; readonly p95Seconds?: number }
    | { readonly kind: 'infrastructure-down'; readonly scope?: 'zone' | 'cluster' | 'dns' }
    | { readonly kind: 'data-corruption'; readonly scope?: Breadth }
    | { readonly kind: 'security-breach'; readonly scope?: Breadth }
    | { readonly kind: 'authentication-broken'; readonly scope?: Breadth }
    | { readonly kind: 'minor-bug'; readonly what?: 'ui' | 'docs' | 'logging' }
    | {
        readonly kind: 'user-report';
        readonly through?: 'slack' | 'zendesk' | 'jira';
        readonly text?: string;
        readonly real?: boolean;
      }
    | {
        readonly kind: 'noise';
        readonly what: NoiseKind;
        readonly deployment?: string;
        readonly change?: string;
      }
    | {
        readonly kind: 'alert-storm';
        readonly alerts?: number;
        readonly services?: number;
        readonly perSecond?: number;
      }
  );

export type FaultKind = FaultSpec['kind'];

/** Every kind that the drill format knows and the world plays, in the order of its table. */
export const FAULT_KINDS: readonly FaultKind[] = [
  'bad-deploy',
  'slow-query',
  'connection-leak',
  'postgres-down',
  'postgres-unreachable',
  'replica-lag',
  'replica-missing',
  'redis-down',
  'cache-degraded',
  'provider-outage',
  'memory-leak',
  'traffic-surge',
  'slow-endpoint',
  'node-pressure',
  'node-down',
  'pods-stuck',
  'config-change',
  'canary-regression',
  'infrastructure-down',
  'data-corruption',
  'security-breach',
  'authentication-broken',
  'minor-bug',
  'user-report',
  'noise',
  'alert-storm',
];

export interface SlowStatement {
  readonly statement: string;
  readonly table: string;
  /** How long one execution takes on a busy database. */
  readonly seconds: number;
  /** How often it is asked for a minute once fifteen minutes have gathered callers. */
  readonly perMinute: number;
}

/** The statement of the runbook's own post-mortem: no index on (status, created_at), so the whole table is read. */
export const DEFAULT_SLOW_STATEMENT: SlowStatement = {
  statement: "SELECT * FROM requests WHERE status = 'pending' AND created_at < NOW() - INTERVAL '1 hour'",
  table: 'requests',
  seconds: 6,
  perMinute: 95,
};

export const FAULT_DEFAULTS = {
  deployment: 'noa-mcp',
  change: 'release of feature X',
  harmlessChange: 'copy tweak',
  configmap: 'noa-mcp-config',
  errorRate: 0.3,
  saturatedErrorRate: 0.45,
  leakedConnectionsPerMinute: 6,
  memoryLeakMibPerMinute: 40,
  cachedShare: 0.35,
  provider: 'claude',
  providerErrorRate: { down: 1, errors: 0.6, slow: 0.25, 'rate-limited': 0.7, unauthorised: 1 },
  surgeFactor: 4,
  slowEndpointP95Seconds: 6,
  canaryErrorRate: 0.2,
  replicaLagSeconds: 90,
  /** Of a problem that people notice before any alert has waited its time. */
  reportedErrorRate: 0.07,
  stormAlerts: 200,
  stormServices: 20,
  stormPerSecond: 20,
} as const;

/** The figures of a slow statement, completed from the default one; null when the code brings none. */
export function slowStatementOf(wanted: SlowQuery | undefined): SlowStatement | null {
  if (wanted === undefined || wanted === false) return null;
  if (wanted === true) return DEFAULT_SLOW_STATEMENT;
  const given = typeof wanted === 'string' ? { statement: wanted } : wanted;
  const statement = given.statement ?? DEFAULT_SLOW_STATEMENT.statement;
  const named = typeof wanted === 'string' ? undefined : wanted.table;
  return {
    statement,
    table: named ?? tableIn(statement) ?? DEFAULT_SLOW_STATEMENT.table,
    seconds: (typeof wanted === 'string' ? undefined : wanted.seconds) ?? DEFAULT_SLOW_STATEMENT.seconds,
    perMinute: (typeof wanted === 'string' ? undefined : wanted.perMinute) ?? DEFAULT_SLOW_STATEMENT.perMinute,
  };
}

/** What names a fault when an explanation is judged: it must contain all of them. */
export function namesOf(fault: FaultSpec): readonly string[] {
  switch (fault.kind) {
    case 'bad-deploy':
      return [fault.deployment ?? FAULT_DEFAULTS.deployment, fault.change ?? FAULT_DEFAULTS.change];
    case 'slow-query':
      return [slowStatementOf(fault)?.table ?? DEFAULT_SLOW_STATEMENT.table];
    case 'connection-leak':
    case 'memory-leak':
    case 'pods-stuck':
      return [fault.deployment ?? FAULT_DEFAULTS.deployment];
    case 'provider-outage':
      return [fault.provider ?? FAULT_DEFAULTS.provider];
    case 'slow-endpoint':
      return [fault.endpoint];
    case 'node-down':
    case 'node-pressure':
      return [fault.node];
    case 'config-change':
      return [fault.configmap ?? FAULT_DEFAULTS.configmap];
    default:
      return [];
  }
}

/** Kinds under which the fault is also rightly explained: a deploy that carried a mechanism is that mechanism too. */
export function kindsOf(fault: FaultSpec): readonly FaultKind[] {
  const effect = fault.kind === 'bad-deploy' ? fault : fault.kind === 'config-change' ? (fault.effect ?? {}) : null;
  const kinds: FaultKind[] = [fault.kind];
  if (effect !== null && slowStatementOf(effect.slowQuery) !== null) kinds.push('slow-query');
  if (effect?.memoryLeak) kinds.push('memory-leak');
  if (effect?.p95Seconds !== undefined) kinds.push('slow-endpoint');
  if (fault.kind === 'pods-stuck' && fault.change !== undefined) kinds.push('bad-deploy');
  return kinds;
}

function tableIn(statement: string): string | undefined {
  return /\b(?:from|update|into)\s+([a-z_][\w.]*)/i.exec(statement)?.[1];
}
