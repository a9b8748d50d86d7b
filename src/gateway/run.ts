import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createIncidentClient } from '../client/incident-client.ts';
import { clockFromEnv } from '../config/clock.ts';
import { drillFiles } from '../config/drill-files.ts';
import { type GatewayEnv, gatewayEnv } from '../config/env.ts';
import { rotatedSecrets } from '../config/own-settings.ts';
import { peopleOfPolicyFile } from '../config/people.ts';
import { loadPolicy } from '../config/policy.ts';
import { type Console, mountConsole } from '../console/mount.ts';
import { mountStatusPage } from '../console/status/mount.ts';
import { openStore } from '../store/store.ts';
import { lineFields } from '../tracing/log-lines.ts';
import { inDatabaseSpan } from '../tracing/spans.ts';
import { startTracing } from '../tracing/tracing.ts';
import { createForwarder } from './forwarder.ts';
import { createGateway } from './gateway.ts';
import { createHistoryKeeper } from './history-keeper.ts';
import { integrationsOf } from './integrations.ts';
import { createIncidentReadings } from './live/incident-readings.ts';
import type { GatewayOptions } from './options.ts';
import { createReportForwarder } from './report-forwarder.ts';
import { accountsFromEnv } from './sign-in/from-env.ts';
import { SIGN_IN_PATH } from './sign-in/routes.ts';
import { slackFromEnv } from './slack/from-env.ts';
import { registerSlack } from './slack/routes.ts';

/**
 * The gateway as a process, with the console at the same address: reads the environment, listens, and ends in order
 * on SIGINT or SIGTERM. `extend` adds what only some gateways serve, before it listens. Throws EnvironmentError.
 */
export async function runGateway(
  extend: (app: FastifyInstance, webConsole: Console) => void = () => {},
): Promise<void> {
  const env = gatewayEnv();
  const log = pino({ name: 'gateway', level: env.LOG_LEVEL, ...lineFields });
  const tracing = await startTracing({
    process: 'gateway',
    endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    headers: env.OTEL_EXPORTER_OTLP_HEADERS,
    warn: (words) => log.warn(words),
  });
  const policy = await loadPolicy(env.INCIDENT_POLICY);
  const clock = clockFromEnv();
  const store = await openStore({
    url: env.DATABASE_URL,
    around: inDatabaseSpan,
    onTrouble: (words) => log.warn(words),
  });
  const client = createIncidentClient();
  const forwarder = createForwarder({ store, client, policy: () => policy, clock, speed: env.INCIDENT_SPEED, log });
  const historyKeeper = createHistoryKeeper({ store, client, clock, log });
  const reportForwarder = createReportForwarder({
    store,
    client,
    policy: () => policy,
    clock,
    speed: env.INCIDENT_SPEED,
    log,
  });
  const accounts = accountsFromEnv(env, policy.communication.consoleUrl);
  const directory = peopleOfPolicyFile(
    env.INCIDENT_POLICY,
    loadPolicy,
    (words) => log.error(words),
    env.INCIDENT_TOKENS_FILE,
  );
  const people = accounts?.tokens.knownTo(directory) ?? directory;
  const options: GatewayOptions = {
    store,
    client,
    forwarder,
    reportForwarder,
    policy: () => policy,
    people,
    clock,
    secrets: {
      alertmanagerTokens: rotatedSecrets(env.ALERTMANAGER_TOKEN),
      pagerdutySecrets: rotatedSecrets(env.PAGERDUTY_WEBHOOK_SECRET),
      zendeskSecrets: rotatedSecrets(env.ZENDESK_WEBHOOK_SECRET),
      jiraSecrets: rotatedSecrets(env.JIRA_WEBHOOK_SECRET),
      bounceTokens: rotatedSecrets(env.BOUNCES_TOKEN),
      decisionSigningKey: env.DECISION_SIGNING_KEY[0],
    },
    log,
    speed: env.INCIDENT_SPEED,
    onDecided: (incidentId) => slack.app?.changed(incidentId),
    mount: (site) =>
      registerSlack(site, { app: slack.app, signingSecrets: rotatedSecrets(env.SLACK_SIGNING_SECRET), clock }),
  };
  const slack = slackFromEnv(env, options);
  const readings = createIncidentReadings(options);
  const app = createGateway({ ...options, readings });
  const secureCookies = policy.communication.consoleUrl?.startsWith('https:') ?? false;
  const webConsole = mountConsole(app, {
    sessionSecrets: env.DECISION_SIGNING_KEY,
    secureCookies,
    signInPath: accounts === null ? null : SIGN_IN_PATH,
    clock,
    speed: env.INCIDENT_SPEED,
    product: () => policy.team.product,
    people: () => policy.people.map(({ id, name }) => ({ id, name })),
    historyUrl: (incidentId) => historyUrl(env, incidentId),
    policy: () => policy,
    drills: () => drillFiles('drills', env.DRILL_REPORTS_DIR),
    integrations: integrationsOf(env),
    live: readings,
  });
  accounts?.mount(app, { console: webConsole, people, secureCookies, log });
  mountStatusPage(app, {
    board: store.statusBoard,
    product: () => policy.team.product,
    components: () => policy.communication.statusPageComponents,
    clock,
    root: '/status',
    publicUrl: null,
    pageId: 'status',
  });
  extend(app, webConsole);

  /** First no new requests, then the deliveries under way, then the connections. */
  const stop = async (): Promise<void> => {
    await app.close();
    await slack.stop();
    await forwarder.stop();
    await reportForwarder.stop();
    await historyKeeper.stop();
    await client.close();
    await store.close();
    await tracing.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().then(() => process.exit(0)));
  }
  forwarder.start();
  reportForwarder.start();
  historyKeeper.start();
  await slack.start();
  await app.listen({ host: env.HOST, port: env.PORT });
  log.info(`Gateway listening on http://${env.HOST}:${env.PORT}.`);
}

/** An incident's workflow has the incident's own id. */
function historyUrl(
  { TEMPORAL_UI_URL: web, TEMPORAL_NAMESPACE: namespace }: GatewayEnv,
  incidentId: string,
): string | null {
  if (web === undefined) return null;
  const path = `namespaces/${encodeURIComponent(namespace ?? 'default')}/workflows/${encodeURIComponent(incidentId)}`;
  return new URL(path, web.endsWith('/') ? web : `${web}/`).href;
}
