import { pino } from 'pino';
import { createIncidentClient } from '../client.ts';
import { clockFromEnv } from '../config/clock.ts';
import { gatewayEnv, rotatedSecrets } from '../config/env.ts';
import { peopleOfPolicyFile } from '../config/people.ts';
import { loadPolicy } from '../config/policy.ts';
import { openStore } from '../store/store.ts';
import { createForwarder } from './forwarder.ts';
import { createGateway } from './gateway.ts';

const env = gatewayEnv();
const log = pino({ name: 'gateway', level: env.LOG_LEVEL });
const policy = await loadPolicy(env.INCIDENT_POLICY);
const clock = clockFromEnv();
const store = await openStore({ url: env.DATABASE_URL, onTrouble: (words) => log.warn(words) });
const client = createIncidentClient();
const forwarder = createForwarder({ store, client, policy: () => policy, clock, speed: env.INCIDENT_SPEED, log });
const people = peopleOfPolicyFile(
  env.INCIDENT_POLICY,
  loadPolicy,
  (words) => log.error(words),
  env.INCIDENT_TOKENS_FILE,
);
const app = createGateway({
  store,
  client,
  forwarder,
  policy: () => policy,
  people,
  clock,
  secrets: {
    alertmanagerTokens: rotatedSecrets(env.ALERTMANAGER_TOKEN),
    pagerdutySecrets: rotatedSecrets(env.PAGERDUTY_WEBHOOK_SECRET),
    decisionSigningKey: env.DECISION_SIGNING_KEY,
  },
  log,
});

/** First no new requests, then the deliveries under way, then the connections. */
async function stop(): Promise<void> {
  await app.close();
  await forwarder.stop();
  await client.close();
  await store.close();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop().then(() => process.exit(0)));
}
forwarder.start();
await app.listen({ host: env.HOST, port: env.PORT });
log.info(`The gateway takes alerts on http://${env.HOST}:${env.PORT}.`);
