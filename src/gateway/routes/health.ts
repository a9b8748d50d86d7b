import type { FastifyInstance } from 'fastify';
import type { GatewayOptions } from '../options.ts';

/**
 * GET /livez: the process answers. GET /readyz: it can take alerts, which needs the store alone; Temporal may be away
 * meanwhile, and is named then, because the inbox keeps accepting (ADR 0008).
 */
export function registerHealth(app: FastifyInstance, options: GatewayOptions): void {
  app.get('/livez', async () => ({ live: true }));

  app.get('/readyz', async (_request, reply) => {
    const [counts, reports, temporal] = await Promise.all([
      options.store.inbox.counts().catch((error: Error) => error),
      options.store.reports.countPending().catch(() => null),
      options.client.trouble(),
    ]);
    const ready = !(counts instanceof Error);
    const { delivering, trouble } = options.forwarder.status();
    return reply.code(ready ? 200 : 503).send({
      ready,
      store: ready ? 'ok' : counts.message,
      temporal: temporal ?? 'ok',
      inboxPending: ready ? counts.pending : null,
      incidentsPending: ready ? counts.incidents : null,
      reportsPending: reports,
      forwarding: delivering + (options.reportForwarder?.under() ?? 0),
      trouble,
    });
  });
}
