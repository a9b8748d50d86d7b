import type { WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';
import type { ClusterModel, PodView, ProviderTruth, WorldTruth } from '../world/api.ts';

/** The service that the simulated company runs: what it answers, by pod, and to the public. */
export interface ServiceUnderTest {
  readonly world: WorldTruth;
  /** Names of the AI providers, as the admin API's paths spell them. */
  readonly providers: readonly string[];
}

/** A change made through the admin API of one pod. */
export interface AdminAction {
  readonly atMs: number;
  readonly pod: string;
  readonly change:
    | { readonly kind: 'breaker'; readonly provider: string; readonly open: boolean; readonly wasOpen: boolean }
    | {
        readonly kind: 'failover';
        readonly primary: string;
        readonly fallback: string | null;
        readonly before: string | null;
      };
}

/**
 * One pod's HTTP API: GET /health, GET /api/v1/providers, GET and POST
 * /api/v1/admin/circuit-breaker/{provider}[/open|/close], GET and POST /api/v1/admin/providers/failover
 * `{"primary","fallback"}` (a null fallback takes the failover back).
 */
export function answerOfPod(
  service: ServiceUnderTest,
  pod: string,
  request: { readonly method: string; readonly path: string; readonly rawBody: Buffer; readonly atMs: number },
  record: (action: AdminAction) => void,
): WireResponse {
  const path = `/${request.path.replace(/^\/+/, '').replace(/\/$/, '')}`;
  const open = publicAnswer(service, pod, request.method, path);
  if (open !== null) return open;
  const breaker = /^\/api\/v1\/admin\/circuit-breaker\/([^/]+)(?:\/(open|close))?$/.exec(path);
  if (breaker !== null) {
    return breakerAnswer(service, pod, { provider: breaker[1] ?? '', action: breaker[2] ?? null, ...request }, record);
  }
  if (path === '/api/v1/admin/providers/failover') return failoverAnswer(service, pod, request, record);
  return { status: 404, body: { error: `Cannot ${request.method} ${path}` } };
}

function publicAnswer(service: ServiceUnderTest, pod: string, method: string, path: string): WireResponse | null {
  if (method !== 'GET' && method !== 'HEAD') return null;
  if (path === '/health') {
    const { ok, detail } = service.world.health();
    return { status: ok ? 200 : 503, body: { status: ok ? 'ok' : 'error', detail } };
  }
  if (path !== '/api/v1/providers') return null;
  const health = service.world.health();
  if (!health.ok) return { status: 503, body: { error: 'service unavailable', detail: health.detail } };
  const { breakers, failovers } = service.world.admin(pod);
  const providers = service.providers.map((name) => ({
    name,
    status: statusOf(service.world.provider(name)),
    circuitBreaker: breakers[name] ?? 'closed',
    failover: failovers[name] ?? null,
  }));
  return { status: 200, body: { providers } };
}

function statusOf({ mode }: ProviderTruth): string {
  if (mode === 'ok') return 'healthy';
  return mode === 'down' || mode === 'unauthorised' ? 'unavailable' : 'degraded';
}

function breakerAnswer(
  service: ServiceUnderTest,
  pod: string,
  request: {
    readonly method: string;
    readonly provider: string;
    readonly action: string | null;
    readonly atMs: number;
  },
  record: (action: AdminAction) => void,
): WireResponse {
  const { provider } = request;
  if (!service.providers.includes(provider)) return { status: 404, body: { error: `unknown provider ${provider}` } };
  const state = () => service.world.admin(pod).breakers[provider] ?? 'closed';
  if (request.action !== null) {
    if (request.method !== 'POST') return { status: 405, body: { error: 'use POST' } };
    const wasOpen = state() === 'open';
    const open = request.action === 'open';
    service.world.setBreaker(pod, provider, open);
    record({ atMs: request.atMs, pod, change: { kind: 'breaker', provider, open, wasOpen } });
  } else if (request.method !== 'GET') return { status: 405, body: { error: 'use GET' } };
  return { status: 200, body: { provider, state: state() } };
}

function failoverAnswer(
  service: ServiceUnderTest,
  pod: string,
  request: { readonly method: string; readonly rawBody: Buffer; readonly atMs: number },
  record: (action: AdminAction) => void,
): WireResponse {
  const current = () => service.world.admin(pod).failovers;
  if (request.method === 'GET') return { status: 200, body: { failovers: current() } };
  if (request.method !== 'POST') return { status: 405, body: { error: 'use GET or POST' } };
  const wanted = failoverBody(request.rawBody);
  if (wanted === null || !service.providers.includes(wanted.primary)) {
    return {
      status: 400,
      body: { error: 'the body must be {"primary": provider, "fallback": another provider or null}' },
    };
  }
  const { primary, fallback } = wanted;
  if (fallback !== null && (fallback === primary || !service.providers.includes(fallback))) {
    return { status: 400, body: { error: `${fallback} cannot stand in for ${primary}` } };
  }
  const before = current()[primary] ?? null;
  service.world.setFailover(pod, primary, fallback);
  record({ atMs: request.atMs, pod, change: { kind: 'failover', primary, fallback, before } });
  return { status: 200, body: { primary, fallback, failovers: current() } };
}

function failoverBody(rawBody: Buffer): { primary: string; fallback: string | null } | null {
  try {
    const { primary, fallback = null } = JSON.parse(rawBody.toString('utf8')) as Record<string, unknown>;
    return typeof primary === 'string' && (fallback === null || typeof fallback === 'string')
      ? { primary, fallback }
      : null;
  } catch {
    return null;
  }
}

export interface ServiceApi {
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

/** The public address: what a customer reaches through the load balancer. The admin paths do not leave the cluster. */
export function createServiceApi(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly cluster: ClusterModel;
  readonly service: ServiceUnderTest;
  /** The deployment behind the public address. */
  readonly deployment: string;
}): ServiceApi {
  const server = createWireServer({
    system: 'service-api',
    clock: options.clock,
    faults: options.faults,
    log: options.log,
  });
  for (const path of ['/health', '/api/v1/providers']) {
    server.route('GET', path, () => {
      const pod = firstReadyPod(options.cluster, options.deployment);
      if (pod === null) return { status: 503, body: 'no healthy upstream' };
      return publicAnswer(options.service, pod.name, 'GET', path) ?? { status: 404, body: { error: 'not found' } };
    });
  }
  return { listen: (port) => server.listen(port), close: () => server.close() };
}

function firstReadyPod(cluster: ClusterModel, deployment: string): PodView | null {
  return cluster.deployment(deployment)?.pods.find((pod) => pod.ready) ?? null;
}
