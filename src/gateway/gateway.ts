import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { createIncidentReadings } from './live/incident-readings.ts';
import { registerMetrics } from './metrics.ts';
import type { GatewayOptions } from './options.ts';
import { answerRefusals, MAX_BODY_BYTES } from './refusals.ts';
import { acceptJsonOnly } from './request-body.ts';
import { registerBounces } from './routes/bounces.ts';
import { registerCustomerMails } from './routes/customer-mails.ts';
import { registerDecisions } from './routes/decisions.ts';
import { registerHealth } from './routes/health.ts';
import { registerIncidents } from './routes/incidents.ts';
import { registerLive } from './routes/live.ts';
import { registerOpenApi } from './routes/openapi.ts';
import { registerPagerdutyWebhook } from './routes/pagerduty-webhook.ts';
import { registerPostMortems } from './routes/post-mortems.ts';
import { registerPreview } from './routes/preview.ts';
import { registerQuickActions } from './routes/quick-actions.ts';
import { registerRecord } from './routes/record.ts';
import { registerReports } from './routes/reports.ts';
import { registerRunbookChanges } from './routes/runbook-changes.ts';
import { registerWebhooks } from './routes/webhooks.ts';
import { traceRequests } from './tracing.ts';

/** A request that is not finished by then has lost its sender; Alertmanager itself waits 10 s. */
const REQUEST_WITHIN_MS = 20_000;

/**
 * The HTTP side of the product. It authenticates, stamps the time of receipt, stores, and signs decisions; what
 * happens next is the incident's business. Building it does not listen, so that tests can inject requests.
 */
export function createGateway(options: GatewayOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_WITHIN_MS,
    forceCloseConnections: true,
    ...(options.log === undefined ? { logger: false } : { loggerInstance: options.log }),
    // What a request did is logged where it matters; a line for every probe and poll would bury it.
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 200 },
  });
  const readings = options.readings ?? createIncidentReadings(options);
  app.addHook('onClose', async () => readings.close());
  answerRefusals(app);
  registerMetrics(app, options);
  traceRequests(app);
  app.register(async (api) => {
    acceptJsonOnly(api);
    registerWebhooks(api, options);
    registerPagerdutyWebhook(api, options);
    registerBounces(api, options);
    registerCustomerMails(api, options);
    registerReports(api, options);
    registerIncidents(api, options);
    registerPostMortems(api, options);
    registerRunbookChanges(api, options);
    registerRecord(api, options);
    registerDecisions(api, options);
    registerOpenApi(api);
    registerPreview(api, options);
    registerLive(api, options, readings);
    registerQuickActions(api, options);
    registerHealth(api, options);
  });
  const { mount } = options;
  if (mount !== undefined) app.register(async (others) => mount(others));
  return app;
}
