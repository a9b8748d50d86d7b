import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { fixedPeople, type PeopleDirectory } from '../../src/config/people.ts';

import { type TemporalRig, temporalRig } from '../client/temporal-rig.ts';
import { anEvent, someFacts } from '../store/examples.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { as, type GatewayRig, gatewayRig, PEOPLE, wireAlert } from './gateway-rig.ts';

let postgres: TestPostgres;
let temporal: TemporalRig;
let client: IncidentClient;
let rig: GatewayRig;
let address: string;
let people = PEOPLE;

beforeAll(async () => {
  [postgres, temporal] = await Promise.all([testPostgres(), temporalRig()]);
  await temporal.startWorker();
  client = temporal.client();
  const directory: PeopleDirectory = {
    byToken: (token) => fixedPeople(people).byToken(token),
    byId: (id) => fixedPeople(people).byId(id),
    byPagingId: (id) => fixedPeople(people).byPagingId(id),
    byChatId: (id) => fixedPeople(people).byChatId(id),
    all: async () => people,
  };
  rig = await gatewayRig({ url: await postgres.fresh(), client, people: directory });
  address = await rig.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(async () => {
  await rig.close();
  await temporal.stop();
  await postgres.stop();
}, 30_000);

const AT = '2024-10-23T14:31:00.000Z';
const noted = (seq: number, text = `note ${seq}`) => anEvent(seq, AT, { kind: 'noted', text });

async function opened(name: string, startsAt: string): Promise<string> {
  const labels = { alertname: 'X', service: name };
  const { json } = await rig.alertmanager([wireAlert({ fingerprint: name, startsAt, labels })]);
  return String(json.incidentId);
}

interface Reader {
  readonly text: () => string;
  readonly ended: () => boolean;
  stop(): void;
}

/** Reads the stream of an incident over a real socket. */
async function read(id: string, headers: Record<string, string> = {}): Promise<Reader> {
  const controller = new AbortController();
  const answer = await fetch(`${address}/api/incidents/${id}/events`, {
    headers: { ...as('viewer'), ...headers },
    signal: controller.signal,
  });
  expect(answer.headers.get('content-type')).toMatch(/event-stream/);
  let text = '';
  let ended = false;
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
    ended = true;
  })().catch(() => {});
  return { text: () => text, ended: () => ended, stop: () => controller.abort() };
}

const idsIn = (text: string): readonly number[] => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));

describe('live events', () => {
  it('come as they happen, resume after the last one seen, and fill gaps from the incident', async () => {
    const { json } = await rig.alertmanager([wireAlert({ startsAt: '2024-10-23T14:20:00Z' })]);
    const id = String(json.incidentId);
    await expect.poll(async () => (await client.timelineSince(id, 0)).ok, { timeout: 10_000 }).toBe(true);
    const note = (n: number) =>
      rig.app.inject({
        method: 'POST',
        url: `/api/incidents/${id}/decisions`,
        headers: as('commander'),
        payload: JSON.stringify({ id: `n${n}`, name: 'note', body: { text: `note ${n}` } }),
      });
    for (const n of [1, 2, 3]) expect((await note(n)).statusCode).toBe(200);
    const live = await client.timelineSince(id, 0);
    const events = live.ok ? live.value : [];
    const facts = someFacts(id, '2024-10-23T14:31:00.000Z');

    const reader = await read(id);
    // Only the last event reaches the projection; the three before it are a gap.
    await rig.store.projection.append(id, events.slice(-1), facts);
    await expect.poll(() => idsIn(reader.text()), { timeout: 10_000 }).toEqual([1, 2, 3, 4]);
    expect(reader.text()).toContain('"note commander: note 2"');
    await expect.poll(() => reader.text()).toContain('event: facts');

    await rig.store.projection.append(id, [anEvent(5, '2024-10-23T14:32:00.000Z', { kind: 'acknowledged' })], facts);
    await expect.poll(() => idsIn(reader.text())).toEqual([1, 2, 3, 4, 5]);
    reader.stop();

    const resumed = await read(id, { 'last-event-id': '3' });
    await expect.poll(() => idsIn(resumed.text())).toEqual([4, 5]);
    resumed.stop();
  }, 40_000);

  it('are read once for all who read them', async () => {
    const id = await opened('shared', '2024-10-23T14:22:00Z');
    const facts = someFacts(id, AT);
    await rig.store.projection.append(id, [noted(1)], facts);
    const { projection } = rig.store;
    const reading = vi.spyOn(projection, 'timelineSince');
    const readers = await Promise.all(Array.from({ length: 30 }, () => read(id)));
    for (let seq = 2; seq <= 40; seq += 1) await projection.append(id, [noted(seq)], facts);
    const all = Array.from({ length: 40 }, (_, index) => index + 1);
    for (const { text } of readers) await expect.poll(() => idsIn(text()), { timeout: 10_000 }).toEqual(all);
    // One reader by itself reads once for each of 39 changes; thirty would be a thousand readings.
    expect(reading.mock.calls.length).toBeLessThan(60);
    reading.mockRestore();
    for (const reader of readers) reader.stop();
  }, 40_000);

  it('reach everybody while one reader reads nothing, which is given all of them when it reads', async () => {
    const id = await opened('slow', '2024-10-23T14:23:00Z');
    const facts = someFacts(id, AT);
    const { port, hostname } = new URL(address);
    const slow = connect(Number(port), hostname);
    slow.pause();
    slow.write(`GET /api/incidents/${id}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer viewer\r\n\r\n`);
    const quick = await read(id);
    const fat = 'x'.repeat(2_000_000);
    for (let seq = 1; seq <= 15; seq += 1) {
      await rig.store.projection.append(id, [noted(seq, fat)], facts);
      await expect.poll(() => idsIn(quick.text()).length, { timeout: 10_000 }).toBe(seq);
    }
    quick.stop();
    let text = '';
    slow.on('data', (chunk) => {
      text += chunk.toString('utf8');
    });
    slow.resume();
    const all = Array.from({ length: 15 }, (_, index) => index + 1);
    await expect.poll(() => idsIn(text.replaceAll('\r', '')), { timeout: 20_000 }).toEqual(all);
    // Of the facts only the newest were kept for it.
    expect(text.match(/event: facts/g)?.length).toBeLessThan(12);
    slow.destroy();
  }, 60_000);

  it('end when the token is taken away', async () => {
    const id = await opened('revoked', '2024-10-23T14:24:00Z');
    const reader = await read(id);
    const other = await read(id, as('responder'));
    people = people.filter((person) => person.id !== 'responder');
    await expect.poll(() => other.ended(), { timeout: 9_000 }).toBe(true);
    await rig.store.projection.append(id, [noted(1), noted(2, 'told later')], someFacts(id, AT));
    await expect.poll(() => reader.text()).toContain('told later');
    expect(reader.ended()).toBe(false);
    expect(other.text()).not.toContain('told later');
    reader.stop();
  }, 20_000);

  it('are for people with a token only, of incidents that exist', async () => {
    expect((await fetch(`${address}/api/incidents/incident-20241023-1420/events`)).status).toBe(401);
    expect((await fetch(`${address}/api/incidents/incident-1/events`, { headers: as('viewer') })).status).toBe(404);
  });

  it('shows the post-mortem from the timeline and the evidence store', async () => {
    const { json } = await rig.alertmanager([
      wireAlert({ fingerprint: 'pm', startsAt: '2024-10-23T14:21:00Z', labels: { alertname: 'X', service: 'pm' } }),
    ]);
    const id = String(json.incidentId);
    const at = '2024-10-23T16:00:00.000Z';
    const { digest } = await rig.store.evidence.put({ body: '# Post-mortem\n', mediaType: 'text/markdown', at });
    const written = anEvent(1, at, {
      kind: 'post-mortem-written',
      location: 'https://docs/x.md',
      digest,
      approved: false,
    });
    await rig.store.record.recordTimeline({ incidentId: id, events: [written], facts: someFacts(id, at) });
    const answer = await rig.app.inject({ url: `/api/incidents/${id}/post-mortem`, headers: as('viewer') });
    expect([answer.statusCode, answer.body]).toEqual([200, '# Post-mortem\n']);
    const page = (await rig.app.inject({ url: `/api/incidents/${id}`, headers: as('viewer') })).json();
    expect(page).toMatchObject({ phase: 'detection', facts: { incidentId: id } });
  });
});
