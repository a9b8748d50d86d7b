import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { DEFAULT_PEOPLE } from '../../../lab/simulation/systems/people.ts';
import { createSlack } from '../../../lab/simulation/systems/slack/slack.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { fixedPeople } from '../../../src/config/people.ts';
import { loadPolicy } from '../../../src/config/policy.ts';
import { separateCorrelation } from '../../../src/domain/correlation.ts';
import { createForwarder } from '../../../src/gateway/forwarder.ts';
import { createGateway } from '../../../src/gateway/gateway.ts';
import type { GatewayOptions } from '../../../src/gateway/options.ts';
import { registerSlack } from '../../../src/gateway/slack/routes.ts';
import { createSlackApp } from '../../../src/gateway/slack/slack-app.ts';
import { createSlackWeb } from '../../../src/gateway/slack/web-api.ts';
import { openStore } from '../../../src/store/store.ts';
import type { TestPostgres } from '../../store/test-postgres.ts';
import { pretendIncident } from './pretend-incident.ts';

export const INCIDENT = 'incident-20241023-1430';
export const SIGNING = 'signing-secret-of-today';

/** A gateway with its Slack app, listening; the simulated Slack; a real store; and one incident by the domain's rules. */
export async function slackRig(
  postgres: TestPostgres,
  databaseUrl?: string,
  extend: (app: FastifyInstance, clock: () => string) => void = () => {},
) {
  const policy = await loadPolicy('policy/noa.yaml');
  const clock = { now: '2024-10-23T14:30:05.000Z' };
  const nowMs = () => Date.parse(clock.now);
  const store = await openStore({ url: databaseUrl ?? (await postgres.fresh()) });
  const faults = new WireFaults();
  const slack = createSlack({
    clock: nowMs,
    faults,
    log: new WireLedger(),
    people: DEFAULT_PEOPLE,
    botToken: 'xoxb-test',
  });
  const { url: slackUrl } = await slack.listen();
  await store.inbox.take({
    alert: {
      source: 'person',
      fingerprint: 'f',
      status: 'firing',
      name: 'API error rate',
      summary: 'API error rate',
      service: 'api',
      labels: {},
      annotations: {},
      startsAt: '2024-10-23T14:30:00.000Z',
      endsAt: null,
      claimedSeverity: 'P1',
      receivedAt: clock.now,
      link: null,
      alreadyPaged: false,
    },
    startsAt: 'f',
    correlation: separateCorrelation('first'),
    detectedAt: '2024-10-23T14:30:00.000Z',
    reopenWindowMinutes: 30,
    ignoredBecause: null,
  });
  const incident = pretendIncident(INCIDENT, policy, () => clock.now);
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const { client } = incident;
  const shared = { store, client, policy: () => policy, clock: () => clock.now };
  const forwarder = createForwarder({ ...shared, speed: 1, log });
  const options: GatewayOptions = {
    ...shared,
    forwarder,
    people: fixedPeople(
      policy.people.map((person) => ({
        ...person,
        tokenSha256: createHash('sha256').update(`token-of-${person.id}`).digest('hex'),
      })),
    ),
    secrets: { alertmanagerTokens: ['a'], pagerdutySecrets: [], decisionSigningKey: 'a-key-that-signs-decisions' },
    onDecided: (id) => app.changed(id),
    mount: (site) => registerSlack(site, { app, signingSecrets: ['of-yesterday', SIGNING], clock: () => clock.now }),
  };
  const app = createSlackApp({
    gateway: options,
    web: createSlackWeb({ apiUrl: `${slackUrl}/api/`, botToken: 'xoxb-test' }),
  });
  const gateway = createGateway(options);
  extend(gateway, () => clock.now);
  const url = await gateway.listen({ host: '127.0.0.1', port: 0 });
  app.start();
  const to = (path: string, user: string) => ({
    url: `${url}/slack/${path}`,
    signingSecret: SIGNING,
    userId: `U0${user.toUpperCase()}`,
  });

  const until = async <T>(look: () => T | null | undefined | false): Promise<T> => {
    for (let left = 400; left > 0; left--) {
      const found = look();
      if (found !== null && found !== undefined && found !== false) return found;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error(`It did not come. Responses: ${JSON.stringify(slack.responses)}`);
  };
  const answersTo = (id: string) =>
    slack.responses.filter((one) => one.id === id).map(({ body }) => (body as { text: string }).text);
  return {
    policy,
    clock,
    store,
    slack,
    faults,
    incident,
    url,
    slackUrl,
    app,
    gateway,
    to,
    until,
    answersTo,
    /** Types a command and waits for what it is answered, at once or later. */
    async type(user: string, text: string, channel = 'incidents'): Promise<string> {
      const sent = await slack.sendSlashCommand({ ...to('commands', user), text, channel });
      if (sent.body !== '') return (JSON.parse(sent.body) as { text?: string }).text ?? sent.body;
      return until(() => answersTo(sent.responseId)[0]);
    },
    async close() {
      await gateway.close();
      await app.stop();
      await forwarder.stop();
      await slack.close();
      await store.close();
    },
  };
}

export type SlackRig = Awaited<ReturnType<typeof slackRig>>;
