import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from '../config/clock.ts';
import { VERSION } from '../config/version.ts';
import { epochMs } from '../domain/instant.ts';
import { SEVERITIES } from '../domain/severity.ts';
import type { Store } from '../store/store.ts';

export interface MetricsOptions {
  readonly store: Store;
  readonly clock: Clock;
}

/** Open incidents that one scrape looks at; more than this at once is another kind of emergency. */
const MAX_INCIDENTS = 1_000;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * GET /metrics for Prometheus. Base units, names that begin with `incident_`; never an incident's id or a person as a
 * label. What is read from the store is read when it is asked for; with the store away those series are absent, which
 * is not zero.
 */
export function registerMetrics(app: FastifyInstance, options: MetricsOptions): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'incident_gateway_' });
  countRequests(app, registry);
  const readStore = storeGauges(registry, options);
  new Gauge({
    name: 'incident_build_info',
    help: 'Always 1; the version is the label.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: VERSION }, 1);

  app.get('/metrics', async (_request, reply) => {
    await readStore();
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

function countRequests(app: FastifyInstance, registry: Registry): void {
  const durations = new Histogram({
    name: 'incident_gateway_request_duration_seconds',
    help: 'Requests by route and status: alerts are /webhooks/…, decisions /api/incidents/…',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    // Paths that no route knows would make a series each.
    const route = request.routeOptions.url ?? 'unknown';
    durations.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}

function storeGauges(registry: Registry, { store, clock }: MetricsOptions): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
  const pending = gauge('incident_inbox_pending', 'Alerts accepted and not yet handed to Temporal.');
  const open = gauge('incident_open', 'Incidents that are not closed, by severity.', ['severity']);
  const unacknowledged = gauge('incident_unacknowledged', 'Open incidents that nobody has acknowledged.');
  const overdue = gauge('incident_update_overdue_seconds', 'How late the latest promised update of all incidents is.');
  const failures = new Counter({
    name: 'incident_store_reads_failed_total',
    help: 'Scrapes that found the store away.',
    registers: [registry],
  });
  return async () => {
    for (const one of [pending, open, unacknowledged, overdue]) one.reset();
    try {
      const [counts, incidents] = await Promise.all([
        store.inbox.counts(),
        store.projection.list({ state: 'open', limit: MAX_INCIDENTS }),
      ]);
      const facts = incidents.flatMap((incident) => incident.facts ?? []);
      const nowMs = epochMs(clock());
      pending.set(counts.pending);
      for (const severity of SEVERITIES)
        open.set({ severity }, facts.filter((one) => one.severity === severity).length);
      unacknowledged.set(facts.filter((one) => one.acknowledgedAt === null && one.resolvedAt === null).length);
      const late = facts.flatMap((one) =>
        one.nextUpdateAt === null || one.resolvedAt !== null ? [] : [(nowMs - epochMs(one.nextUpdateAt)) / 1000],
      );
      overdue.set(Math.max(0, ...late));
    } catch {
      failures.inc();
    }
  };
}
