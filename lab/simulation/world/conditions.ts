import type { CodeEffect, FaultSpec, ProviderMode, SlowStatement } from '../faults/faults.ts';
import { FAULT_DEFAULTS, slowStatementOf } from '../faults/faults.ts';
import type { ClusterModel } from './api.ts';

/** A fault that has been asked for, and what it left in the cluster when it began. */
export interface PlacedFault {
  readonly id: string;
  readonly spec: FaultSpec;
  readonly startMs: number;
  endMs: number | null;
  phase: 'waiting' | 'active' | 'over';
  /** The image that a deploy of this fault brought. */
  image: string | null;
  /** The digest of the configuration that it brought. */
  digest: string | null;
  /** The pod (with its start) that stood when it began; another one is free of what was stale. */
  identity: string | null;
  /** The nodes that it took away. */
  nodes: readonly string[];
}

export interface ProviderCondition {
  readonly mode: ProviderMode;
  readonly errorRate: number;
  readonly reported: boolean;
}

/** Whether a process runs some code: its deployment, its image, and whether it is the canary of the deployment. */
export type Runs = (deployment: string, image: string, isCanary: boolean) => boolean;

export type NodeResource = 'cpu' | 'memory' | 'disk';

export interface SlowLoad extends SlowStatement {
  /** Which processes run it. */
  readonly runs: Runs;
  /** The share of requests that fails once it has used up the connections. */
  readonly failing: number;
}

/** Faulty code in the processes it `runs` in. */
export interface Defect {
  readonly runs: Runs;
  readonly errorRate: number;
  readonly endpoints: readonly string[] | null;
  readonly p95Seconds: number | null;
  readonly memoryMibPerMinute: number;
  readonly logPattern: string | null;
}

/** The physical state that the active faults bring about; everything seen is computed from here. */
export interface Conditions {
  readonly defects: readonly Defect[];
  readonly slow: readonly SlowLoad[];
  readonly providers: ReadonlyMap<string, ProviderCondition>;
  /** Connections leaked a minute, by deployment. */
  readonly leaks: ReadonlyMap<string, number>;
  readonly databaseDown: boolean;
  /** A new pod does not help: what it needs to start is damaged. */
  readonly databaseStaysDown: boolean;
  /** Share of the requests that touch a damaged page of the database. */
  readonly corruptShare: number;
  readonly unreachableFrom: ReadonlySet<string>;
  readonly cacheDown: boolean;
  readonly cacheHitRate: number | null;
  readonly cacheCause: 'stale-connections' | 'evictions' | null;
  readonly surges: readonly {
    readonly factor: number;
    readonly endpoints: readonly string[] | null;
    readonly abuse: boolean;
  }[];
  readonly busyNodes: ReadonlyMap<string, NodeResource>;
  readonly deadNodes: ReadonlySet<string>;
  readonly unauthorisedShare: number;
  readonly namesResolve: boolean;
  readonly clusterShare: number;
  readonly noisyLogs: boolean;
  readonly spamTicketsPerMinute: number;
  readonly replica: { readonly present: boolean; readonly lagSeconds: number };
}

export const HEALTHY: Conditions = {
  defects: [],
  slow: [],
  providers: new Map(),
  leaks: new Map(),
  databaseDown: false,
  databaseStaysDown: false,
  corruptShare: 0,
  unreachableFrom: new Set(),
  cacheDown: false,
  cacheHitRate: null,
  cacheCause: null,
  surges: [],
  busyNodes: new Map(),
  deadNodes: new Set(),
  unauthorisedShare: 0,
  namesResolve: true,
  clusterShare: 1,
  noisyLogs: false,
  spamTicketsPerMinute: 0,
  replica: { present: true, lagSeconds: 0 },
};

interface Standing {
  readonly cluster: ClusterModel;
  /** Name and start of the pod that stands for a system now. */
  identityOf(podName: string): string | null;
  readonly mainDeployment: string;
  readonly databasePod: string;
  readonly cachePod: string;
}

/** Adds up what the active faults do. */
export function conditionsOf(faults: readonly PlacedFault[], standing: Standing): Conditions {
  const active = faults.filter((fault) => fault.phase === 'active').filter(playsByItself);
  return active.length === 0 ? HEALTHY : active.reduce((sum, fault) => withFault(sum, fault, standing), HEALTHY);
}

/**
 * Whoever reports a real problem while another fault is under way reports that one; a report of nothing does nothing.
 * Only a real report that stands alone needs something that is broken.
 */
function playsByItself({ spec }: PlacedFault, _index: number, active: readonly PlacedFault[]): boolean {
  if (spec.kind !== 'user-report') return true;
  const others = active.some((other) => other.spec.kind !== 'user-report' && other.spec.kind !== 'noise');
  return spec.real === true && !others;
}

function withFault(sum: Conditions, fault: PlacedFault, standing: Standing): Conditions {
  const spec = fault.spec;
  switch (spec.kind) {
    case 'bad-deploy':
      return withCode(sum, spec, (deployment, image) => deployment === deploymentOf(spec) && image === fault.image);
    case 'config-change':
      return configurationStands(fault, standing) ? withCode(sum, spec.effect ?? {}, () => true) : sum;
    case 'slow-query':
      return withCode(
        sum,
        { slowQuery: spec, errorRate: FAULT_DEFAULTS.saturatedErrorRate },
        (deployment) => deployment === standing.mainDeployment,
      );
    case 'slow-endpoint':
      return withCode(
        sum,
        { endpoints: [spec.endpoint], p95Seconds: spec.p95Seconds ?? FAULT_DEFAULTS.slowEndpointP95Seconds },
        () => true,
      );
    case 'memory-leak': {
      const leak = spec.mibPerMinute ?? FAULT_DEFAULTS.memoryLeakMibPerMinute;
      return withCode(sum, { memoryLeak: leak }, (deployment) => deployment === deploymentOf(spec));
    }
    case 'connection-leak': {
      const leaked = spec.perMinute ?? FAULT_DEFAULTS.leakedConnectionsPerMinute;
      return { ...sum, leaks: added(sum.leaks, deploymentOf(spec), leaked) };
    }
    case 'provider-outage': {
      const mode = spec.mode ?? 'down';
      const condition: ProviderCondition = {
        mode,
        errorRate: spec.errorRate ?? FAULT_DEFAULTS.providerErrorRate[mode],
        // Their page tells of their trouble, never of a key of ours that they refuse.
        reported: spec.statusPage === 'reports' && mode !== 'unauthorised',
      };
      return { ...sum, providers: new Map(sum.providers).set(spec.provider ?? FAULT_DEFAULTS.provider, condition) };
    }
    case 'postgres-down':
      return {
        ...sum,
        databaseDown: sum.databaseDown || standsAsBefore(fault, spec.recovers, standing.databasePod, standing),
        databaseStaysDown: sum.databaseStaysDown || spec.recovers === 'never',
      };
    case 'postgres-unreachable':
      return { ...sum, unreachableFrom: new Set([...sum.unreachableFrom, spec.from ?? FAULT_DEFAULTS.deployment]) };
    case 'redis-down':
      return { ...sum, cacheDown: sum.cacheDown || standsAsBefore(fault, spec.recovers, standing.cachePod, standing) };
    case 'cache-degraded': {
      const stale = (spec.cause ?? 'stale-connections') === 'stale-connections';
      const cured = stale && standing.identityOf(standing.cachePod) !== fault.identity;
      return cured
        ? sum
        : {
            ...sum,
            cacheHitRate: Math.min(sum.cacheHitRate ?? 1, spec.hitRate ?? FAULT_DEFAULTS.cachedShare),
            cacheCause: stale ? 'stale-connections' : 'evictions',
          };
    }
    case 'traffic-surge': {
      const surge = {
        factor: spec.factor ?? FAULT_DEFAULTS.surgeFactor,
        endpoints: spec.endpoints ?? null,
        abuse: spec.source === 'abuse',
      };
      return { ...sum, surges: [...sum.surges, surge] };
    }
    case 'node-pressure':
      return { ...sum, busyNodes: new Map(sum.busyNodes).set(spec.node, spec.resource ?? 'memory') };
    case 'node-down':
      return { ...sum, deadNodes: new Set([...sum.deadNodes, spec.node]) };
    case 'infrastructure-down':
      if (spec.scope === 'dns') return { ...sum, namesResolve: false };
      if (spec.scope === 'zone') return { ...sum, deadNodes: new Set([...sum.deadNodes, ...fault.nodes]) };
      return { ...sum, clusterShare: 0 };
    case 'data-corruption':
      return { ...sum, corruptShare: spec.scope === 'partial' ? 0.004 : 0.03 };
    case 'canary-regression':
      return withCode(sum, canaryEffect(spec), (_deployment, _image, isCanary) => isCanary);
    case 'authentication-broken':
      return { ...sum, unauthorisedShare: spec.scope === 'partial' ? 0.3 : 1 };
    case 'replica-lag':
      return { ...sum, replica: { ...sum.replica, lagSeconds: spec.seconds ?? FAULT_DEFAULTS.replicaLagSeconds } };
    case 'replica-missing':
      return { ...sum, replica: { present: false, lagSeconds: 0 } };
    case 'user-report':
      // A person stumbles over it before any alert has waited its time.
      return withCode(
        sum,
        { errorRate: FAULT_DEFAULTS.reportedErrorRate },
        (deployment) => deployment === standing.mainDeployment,
      );
    case 'noise':
      if (spec.what === 'log-noise') return { ...sum, noisyLogs: true };
      return spec.what === 'ticket-spam' ? { ...sum, spamTicketsPerMinute: 1.5 } : sum;
    default:
      return sum;
  }
}

function withCode(sum: Conditions, effect: CodeEffect, runs: Defect['runs']): Conditions {
  const slow = slowStatementOf(effect.slowQuery);
  const other = slow !== null || effect.p95Seconds !== undefined || effect.memoryLeak !== undefined;
  const leak = effect.memoryLeak === true ? FAULT_DEFAULTS.memoryLeakMibPerMinute : effect.memoryLeak || 0;
  const defect: Defect = {
    runs,
    errorRate: slow !== null ? 0 : (effect.errorRate ?? (other ? 0 : FAULT_DEFAULTS.errorRate)),
    endpoints: effect.endpoints ?? null,
    p95Seconds: effect.p95Seconds ?? null,
    memoryMibPerMinute: leak,
    logPattern: effect.logPattern ?? null,
  };
  const loads =
    slow === null ? [] : [{ ...slow, runs, failing: effect.errorRate ?? FAULT_DEFAULTS.saturatedErrorRate }];
  return { ...sum, defects: [...sum.defects, defect], slow: [...sum.slow, ...loads] };
}

/** Restoring the configuration changes its digest; a cluster that keeps none cannot be restored. */
function configurationStands(fault: PlacedFault, standing: Standing): boolean {
  const name = fault.spec.kind === 'config-change' ? (fault.spec.configmap ?? FAULT_DEFAULTS.configmap) : '';
  return (standing.cluster.configMapDigest?.(name) ?? null) === fault.digest;
}

function canaryEffect(spec: { readonly errorRate?: number; readonly p95Seconds?: number }): CodeEffect {
  const errorRate = spec.errorRate ?? (spec.p95Seconds === undefined ? FAULT_DEFAULTS.canaryErrorRate : 0);
  return { errorRate, ...(spec.p95Seconds === undefined ? {} : { p95Seconds: spec.p95Seconds }) };
}

function standsAsBefore(
  fault: PlacedFault,
  recovers: 'on-delete' | 'on-restart' | 'never' | undefined,
  podName: string,
  standing: Standing,
): boolean {
  // A pod that was deleted or restarted comes back under its own name with another start.
  return recovers === 'never' ? true : standing.identityOf(podName) === fault.identity;
}

function deploymentOf(spec: { readonly deployment?: string }): string {
  return spec.deployment ?? FAULT_DEFAULTS.deployment;
}

function added(to: ReadonlyMap<string, number>, key: string, value: number): ReadonlyMap<string, number> {
  return new Map(to).set(key, (to.get(key) ?? 0) + value);
}
