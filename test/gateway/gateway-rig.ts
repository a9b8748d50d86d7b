import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { fixedPeople, type PeopleDirectory } from '../../src/config/people.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Instant } from '../../src/domain/instant.ts';
import type { Role } from '../../src/domain/people.ts';
import type { PersonPolicy, Policy } from '../../src/domain/policy.ts';
import { createForwarder, type Forwarder } from '../../src/gateway/forwarder.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { openStore, type Store } from '../../src/store/store.ts';

export const SECRETS = {
  alertmanagerTokens: ['alertmanager-token', 'alertmanager-token-of-tomorrow'],
  pagerdutySecrets: ['pagerduty-secret'],
  bounceTokens: ['bounces-token'],
  decisionSigningKey: 'a-key-that-signs-decisions',
};

export interface GatewayRig {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly forwarder: Forwarder;
  readonly policy: Policy;
  readonly clock: { now: Instant };
  readonly warnings: string[];
  alertmanager(alerts: readonly unknown[], more?: object): Promise<{ status: number; json: Record<string, unknown> }>;
  close(): Promise<void>;
}

/** A gateway with a store of its own (or a shared one), people whose token is their id, and a clock that stands still. */
export async function gatewayRig(options: {
  url: string;
  client: IncidentClient;
  start?: boolean;
  people?: PeopleDirectory;
}): Promise<GatewayRig> {
  const policy = await loadPolicy('policy/noa.yaml');
  const store = await openStore({ url: options.url });
  const clock = { now: '2024-10-23T14:30:05.000Z' };
  const warnings: string[] = [];
  const log = {
    info: () => {},
    warn: (words: string) => warnings.push(words),
    error: (words: string) => warnings.push(words),
  };
  const { client } = options;
  const shared = { store, client, policy: () => policy, clock: () => clock.now };
  const forwarder = createForwarder({ ...shared, speed: 1, log });
  const app = createGateway({ ...shared, forwarder, people: options.people ?? fixedPeople(PEOPLE), secrets: SECRETS });
  if (options.start !== false) forwarder.start();
  return {
    app,
    store,
    forwarder,
    policy,
    clock,
    warnings,
    async alertmanager(alerts, more = {}) {
      const answer = await app.inject({
        method: 'POST',
        url: '/webhooks/alertmanager',
        headers: { authorization: 'Bearer alertmanager-token', 'content-type': 'application/json' },
        payload: JSON.stringify({
          version: '4',
          groupKey: '{}:{}',
          truncatedAlerts: 0,
          status: 'firing',
          receiver: 'r',
          alerts,
          ...more,
        }),
      });
      return { status: answer.statusCode, json: answer.json() };
    },
    async close() {
      await app.close();
      await forwarder.stop();
      await store.close();
    },
  };
}

export function wireAlert(changes: object = {}): object {
  return {
    status: 'firing',
    labels: { alertname: 'APIErrorRateCritical', service: 'api', severity: 'P0' },
    annotations: { summary: 'API Error Rate >50% for 5 minutes' },
    startsAt: '2024-10-23T14:30:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus/graph?g0.expr=x',
    fingerprint: 'f1',
    ...changes,
  };
}

/** Headers of somebody whose token is their id. */
export function as(person: string): Record<string, string> {
  return { authorization: `Bearer ${person}`, 'content-type': 'application/json' };
}

function person(id: string, roles: readonly Role[], pagingId: string | null = null): PersonPolicy {
  const tokenSha256 = createHash('sha256').update(id).digest('hex');
  return { id, name: id, email: `${id}@example.com`, roles, chatId: null, pagingId, contacts: [], tokenSha256 };
}

export const PEOPLE: readonly PersonPolicy[] = [
  person('commander', ['commander', 'approver'], 'PCOMMANDER'),
  person('responder', ['responder']),
  person('viewer', ['viewer']),
  person('admin', ['admin']),
];
