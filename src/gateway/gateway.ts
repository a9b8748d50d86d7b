import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { IncidentClient } from '../client.ts';
import type { Clock } from '../config/clock.ts';
import type { PeopleDirectory } from '../config/people.ts';
import type { Policy } from '../domain/policy.ts';
import type { Store } from '../store/store.ts';
import type { Forwarder } from './forwarder.ts';
import { createIncidentReadings, type IncidentReadings } from './live/incident-readings.ts';
import { registerMetrics } from './metrics.ts';
import { answerRefusals } from './refusals.ts';
import type { ReportForwarder } from './report-forwarder.ts';
import { acceptJsonOnly, MAX_BODY_BYTES } from './request-body.ts';
import { registerBounces } from './routes/bounces.ts';
import { registerCustomerMails } from './routes/customer-mails.ts';
import { registerDecisions } from './routes/decisions.ts';
import { registerHealth } from './routes/health.ts';
import { registerIncidents } from './routes/incidents.ts';
import { registerLive } from './routes/live.ts';
import { registerPagerdutyWebhook } from './routes/pagerduty-webhook.ts';
import { registerPostMortems } from './routes/post-mortems.ts';
import { registerPreview } from './routes/preview.ts';
import { registerQuickActions } from './routes/quick-actions.ts';
import { registerRecord } from './routes/record.ts';
import { registerReports } from './routes/reports.ts';
import { registerRunbookChanges } from './routes/runbook-changes.ts';
import { registerWebhooks } from './routes/webhooks.ts';
import { traceRequests } from './tracing.ts';

export interface GatewaySecrets {
  /** Several while one is being exchanged for another. */
  readonly alertmanagerTokens: readonly string[];
  /** None: PagerDuty's webhook is not configured. */
  readonly pagerdutySecrets: readonly string[];
  /** None: tickets are not taken for reports. */
  readonly zendeskSecrets?: readonly string[];
  readonly jiraSecrets?: readonly string[];
  /** None: reports of mails that came back are not taken. */
  readonly bounceTokens?: readonly string[];
  /** One key, which the workers accept beside others while keys are exchanged. */
  readonly decisionSigningKey: string;
}

export interface GatewayOptions {
  readonly store: Store;
  readonly client: IncidentClient;
  readonly forwarder: Forwarder;
  /** Absent: reports wait in the store for a gateway that has one. */
  readonly reportForwarder?: ReportForwarder;
  readonly policy: () => Policy;
  readonly people: PeopleDirectory;
  readonly clock: Clock;
  readonly secrets: GatewaySecrets;
  readonly log?: FastifyBaseLogger;
  /** Incident seconds per second; 1 when left out. */
  readonly speed?: number;
  /** How everybody who follows an incident shares one reading; absent, this gateway makes its own. */
  readonly readings?: IncidentReadings;
  /** Told of each decision that an incident accepted, by whatever door it came. */
  readonly onDecided?: (incidentId: string) => void;
  /** Adds what others serve at the same address: the console, the status page, chat's webhooks. */
  readonly mount?: (app: FastifyInstance) => void | Promise<void>;
}

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
    registerPreview(api, options);
    registerLive(api, options, readings);
    registerQuickActions(api, options);
    registerHealth(api, options);
  });
  const { mount } = options;
  if (mount !== undefined) app.register(async (others) => mount(others));
  return app;
}
