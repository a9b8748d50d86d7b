import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { createForwarder } from '../../src/gateway/forwarder.ts';

import { type TemporalRig, temporalRig } from '../client/temporal-rig.ts';
import { type OwnPostgres, ownPostgres } from '../store/test-postgres.ts';
import { as, type GatewayRig, gatewayRig, wireAlert } from './gateway-rig.ts';

let postgres: OwnPostgres;
let temporal: TemporalRig;
let client: IncidentClient;
const rigs: GatewayRig[] = [];

beforeAll(async () => {
  [postgres, temporal] = await Promise.all([ownPostgres(), temporalRig()]);
  await temporal.startWorker();
  client = temporal.client();
}, 60_000);
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});
afterAll(async () => {
  await temporal.stop();
  await postgres.stop();
}, 30_000);

async function gateway(url: string, start = true, withClient = client): Promise<GatewayRig> {
  const rig = await gatewayRig({ url, client: withClient, start });
  rigs.push(rig);
  return rig;
}

/** Minutes keep the incidents of the tests apart: they share one Temporal, and a name is a workflow id. */
function alertOf(service: string, n: number, minute: number): object {
  const startsAt = `2024-10-23T14:${String(minute).padStart(2, '0')}:00Z`;
  return wireAlert({ fingerprint: `${service}-${n}`, startsAt, labels: { alertname: `A${n}`, service } });
}

async function arrived(incidentId: string): Promise<readonly string[]> {
  const timeline = await client.timelineSince(incidentId, 0);
  if (!timeline.ok) return [];
  return timeline.value.flatMap((event) => (event.kind === 'alert-received' ? [event.alert.fingerprint] : []));
}

const numbered = (service: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${service}-${n}`);

describe('forwarding', () => {
  it('brings the first alert to its incident at once and later ones in order', async () => {
    const rig = await gateway(await postgres.fresh());
    const { json } = await rig.alertmanager([alertOf('order', 0, 1)]);
    const id = String(json.incidentId);
    for (let n = 1; n < 30; n++) await rig.alertmanager([alertOf('order', n, 1)]);
    await expect.poll(() => arrived(id), { timeout: 10_000 }).toEqual(numbered('order', 30));
    await expect.poll(() => rig.store.inbox.counts()).toEqual({ pending: 0, incidents: 0 });
  });

  it('loses nothing when the gateway dies between storing and forwarding', async () => {
    const url = await postgres.fresh();
    const dying = await gateway(url, false);
    const { json } = await dying.alertmanager([alertOf('crash', 0, 2), alertOf('crash', 1, 2)]);
    const id = String(json.incidentId);
    expect(await arrived(id)).toEqual([]);
    await gateway(url);
    await expect.poll(() => arrived(id), { timeout: 10_000 }).toEqual(numbered('crash', 2));
  });

  it('delivers again after a death between delivering and noting it down, as the same update', async () => {
    const url = await postgres.fresh();
    const first = await gateway(url, false);
    const { json } = await first.alertmanager([alertOf('twice', 0, 3)]);
    const id = String(json.incidentId);
    // It delivers and then hangs for good before it can write that down; its lock ends with it.
    const inbox = { ...first.store.inbox, markForwarded: () => new Promise<void>(() => {}) };
    const deliveryLocks = () => ({ tryAcquire: async () => true, release: async () => {}, close: async () => {} });
    const log = { info() {}, warn() {}, error() {} };
    const options = { client, policy: () => first.policy, clock: () => first.clock.now, speed: 1, log };
    createForwarder({ ...options, store: { ...first.store, inbox, deliveryLocks } }).start();
    await expect.poll(() => arrived(id), { timeout: 10_000 }).toEqual(['twice-0']);
    await gateway(url);
    await expect.poll(() => first.store.inbox.counts(), { timeout: 10_000 }).toEqual({ pending: 0, incidents: 0 });
    expect(await arrived(id)).toEqual(['twice-0']);
  });

  it('keeps the order when several gateways deliver at once', async () => {
    const url = await postgres.fresh();
    const gateways = [await gateway(url), await gateway(url), await gateway(url)];
    let id = '';
    for (let n = 0; n < 45; n++) {
      const answer = await gateways[n % 3]?.alertmanager([alertOf('many', n, 4)]);
      id = String(answer?.json.incidentId);
    }
    await expect.poll(() => arrived(id).then((all) => all.length), { timeout: 15_000 }).toBe(45);
    expect(await arrived(id)).toEqual(numbered('many', 45));
  });

  it('keeps accepting while Temporal is away and loses nothing afterwards', async () => {
    const rig = await gateway(await postgres.fresh());
    const { json } = await rig.alertmanager([alertOf('away', 0, 5)]);
    const id = String(json.incidentId);
    await expect.poll(() => arrived(id), { timeout: 10_000 }).toEqual(['away-0']);
    await temporal.stopWorker();
    await temporal.stopServer();
    const statuses: number[] = [];
    for (let n = 1; n < 20; n++) statuses.push((await rig.alertmanager([alertOf('away', n, 5)])).status);
    const other = await rig.alertmanager([alertOf('elsewhere', 0, 6)]);
    expect(new Set([...statuses, other.status])).toEqual(new Set([202]));
    await expect.poll(() => rig.forwarder.status().trouble, { timeout: 15_000 }).toMatch(/Temporal does not answer/);
    await temporal.startServer();
    await temporal.startWorker();
    await expect.poll(() => arrived(id), { timeout: 25_000 }).toEqual(numbered('away', 20));
    await expect.poll(() => arrived(String(other.json.incidentId)), { timeout: 15_000 }).toEqual(['elsewhere-0']);
    await expect.poll(() => rig.forwarder.status().trouble, { timeout: 15_000 }).toBeNull();
  }, 80_000);

  it('opens a linked incident for what comes after the workflow has ended', async () => {
    const rig = await gateway(await postgres.fresh());
    const first = await rig.alertmanager([alertOf('ended', 0, 10)]);
    const id = String(first.json.incidentId);
    await expect.poll(() => arrived(id), { timeout: 10_000 }).toEqual(['ended-0']);
    const decide = (decisionId: string, body: object) =>
      rig.app.inject({
        method: 'POST',
        url: `/api/incidents/${id}/decisions`,
        headers: as('commander'),
        payload: JSON.stringify({ id: decisionId, name: 'note', body }),
      });
    expect((await decide('d1', { text: 'hello' })).json()).toMatchObject({ accepted: true, decisionId: 'd1' });
    expect((await decide('d2', { text: 'refuse' })).statusCode).toBe(409);
    expect((await decide('d3', { text: 'forbid' })).statusCode).toBe(403);
    expect((await decide('d4', { text: 'stop' })).statusCode).toBe(200);
    await expect.poll(async () => (await decide('d5', { text: 'late' })).statusCode).toBe(409);
    await rig.alertmanager([alertOf('ended', 1, 11)]);
    const next = 'incident-20241023-1411';
    await expect.poll(() => arrived(next), { timeout: 10_000 }).toEqual(['ended-1']);
    expect(await rig.store.incidents.get(next)).toMatchObject({ previousIncidentId: id });
  }, 40_000);

  it('does not let a silent worker hold others up', async () => {
    await temporal.stopWorker();
    const rig = await gateway(await postgres.fresh(), true, temporal.client(500));
    for (let n = 0; n < 60; n++) await rig.alertmanager([alertOf(`silent${n}`, 0, 12)]);
    await expect.poll(() => rig.store.inbox.counts(), { timeout: 20_000 }).toEqual({ pending: 0, incidents: 0 });
    await temporal.startWorker();
    await expect.poll(() => arrived('incident-20241023-1412-60'), { timeout: 20_000 }).toEqual(['silent59-0']);
  }, 60_000);

  it('answers 503 with Retry-After while the store is away', async () => {
    const rig = await gateway(await postgres.fresh(), false);
    postgres.server.pause();
    try {
      const answer = await rig.app.inject({
        method: 'POST',
        url: '/webhooks/alertmanager',
        headers: { authorization: 'Bearer alertmanager-token', 'content-type': 'application/json' },
        payload: JSON.stringify({ version: '4', alerts: [alertOf('store', 0, 13)] }),
      });
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
      expect(answer.json().error).toMatch(/store does not answer/);
    } finally {
      postgres.server.resume();
    }
    expect((await rig.alertmanager([alertOf('store', 0, 13)])).status).toBe(202);
  }, 40_000);
});
