import { BUCKETS } from './latency.ts';
import type { WorldSettings } from './settings.ts';

/** The HTTP statuses that the service answers with; each has a counter per endpoint. */
export const STATUSES = ['200', '404', '429', '500', '502', '503', '504', '401'] as const;
export type Status = (typeof STATUSES)[number];

/** What providers answer, as `ai_requests_total` counts it; 504 stands for our own time limit. */
export const PROVIDER_STATUSES = ['200', '401', '429', '500', '503', '504', '529'] as const;
export type ProviderStatus = (typeof PROVIDER_STATUSES)[number];

/** Why a request failed inside the service, provider failures apart. Log lines are written from these counts. */
export const CAUSES = [
  'code',
  'pool-wait',
  'too-many-clients',
  'database-refused',
  'database-unreachable',
  'cache-refused',
  'corrupt-page',
  'overload',
  'reconnect',
  'ordinary',
  'rate-limited',
  'unauthorised',
  'name-resolution',
] as const;
export type Cause = (typeof CAUSES)[number];

export const PROVIDER_CAUSES = ['breaker-open', 'refused', 'server-error', 'timeout', 'rate-limited', 'key'] as const;
export type ProviderCause = (typeof PROVIDER_CAUSES)[number];

/** Where each figure of a process stands in its row of numbers. Counters first, then gauges. */
export interface Layout {
  readonly width: number;
  readonly gaugesFrom: number;
  readonly endpoints: WorldSettings['endpoints'];
  readonly providers: readonly string[];
  /** The indexes of the endpoints that a deployment serves. */
  endpointsOf(deployment: string): readonly number[];
  status(endpoint: number, status: Status): number;
  bucket(endpoint: number): number;
  durationSum(endpoint: number): number;
  provider(provider: number, status: ProviderStatus): number;
  cause(cause: Cause): number;
  providerCause(provider: number, cause: ProviderCause): number;
  readonly cacheHits: number;
  readonly cacheRequests: number;
  readonly cpuSeconds: number;
  readonly served: number;
  readonly memoryMiB: number;
  readonly poolActive: number;
  readonly poolIdle: number;
  readonly poolWaiting: number;
  readonly up: number;
}

const NONE: readonly number[] = [];

export function layoutOf(settings: WorldSettings): Layout {
  const endpoints = settings.endpoints;
  const providers = Object.keys(settings.providers);
  const buckets = endpoints.length * STATUSES.length;
  const sums = buckets + endpoints.length * BUCKETS;
  const providerCounts = sums + endpoints.length;
  const causes = providerCounts + providers.length * PROVIDER_STATUSES.length;
  const providerCauses = causes + CAUSES.length;
  const singles = providerCauses + providers.length * PROVIDER_CAUSES.length;
  const gauges = singles + 4;
  const served = new Map<string, number[]>();
  for (const [index, endpoint] of endpoints.entries()) {
    served.set(endpoint.deployment, [...(served.get(endpoint.deployment) ?? []), index]);
  }
  return {
    width: gauges + 5,
    gaugesFrom: gauges,
    endpoints,
    providers,
    endpointsOf: (deployment) => served.get(deployment) ?? NONE,
    status: (endpoint, status) => endpoint * STATUSES.length + STATUSES.indexOf(status),
    bucket: (endpoint) => buckets + endpoint * BUCKETS,
    durationSum: (endpoint) => sums + endpoint,
    provider: (provider, status) =>
      providerCounts + provider * PROVIDER_STATUSES.length + PROVIDER_STATUSES.indexOf(status),
    cause: (cause) => causes + CAUSES.indexOf(cause),
    providerCause: (provider, cause) =>
      providerCauses + provider * PROVIDER_CAUSES.length + PROVIDER_CAUSES.indexOf(cause),
    cacheHits: singles,
    cacheRequests: singles + 1,
    cpuSeconds: singles + 2,
    served: singles + 3,
    memoryMiB: gauges,
    poolActive: gauges + 1,
    poolIdle: gauges + 2,
    poolWaiting: gauges + 3,
    up: gauges + 4,
  };
}
