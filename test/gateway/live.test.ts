import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentClient } from '../../src/client.ts';
import { type TemporalRig, temporalRig } from '../client/temporal-rig.ts';
import { anEvent, someFacts } from '../store/examples.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { as, type GatewayRig, gatewayRig, wireAlert } from './gateway-rig.ts';

let postgres: TestPostgres;
let temporal: TemporalRig;
let client: IncidentClient;
let rig: GatewayRig;
let address: string;

beforeAll(async () => {
  [postgres, temporal] = await Promise.all([testPostgres(), temporalRig()]);
  await temporal.startWorker();
  client = temporal.client();
  rig = await gatewayRig({ url: await postgres.fresh(), client });
  address = await rig.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(async () => {
  await rig.close();
  await temporal.stop();
  await postgres.stop();
}, 30_000);

interface Reader {
  readonly text: () => string;
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
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
  })().catch(() => {});
  return { text: () => text, stop: () => controller.abort() };
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
    expect(reader.text()).toContain('event: facts');

    await rig.store.projection.append(id, [anEvent(5, '2024-10-23T14:32:00.000Z', { kind: 'acknowledged' })], facts);
    await expect.poll(() => idsIn(reader.text())).toEqual([1, 2, 3, 4, 5]);
    reader.stop();

    const resumed = await read(id, { 'last-event-id': '3' });
    await expect.poll(() => idsIn(resumed.text())).toEqual([4, 5]);
    resumed.stop();
  }, 40_000);

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
