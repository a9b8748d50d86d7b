import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIncidentClient, type IncidentClient } from '../../src/client/incident-client.ts';
import { DECISION_NAMES } from '../../src/domain/decision.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { as, type GatewayRig, gatewayRig, wireAlert } from './gateway-rig.ts';

let postgres: TestPostgres;
let rig: GatewayRig;
let client: IncidentClient;

beforeAll(async () => {
  postgres = await testPostgres();
  client = createIncidentClient({ connection: { address: '127.0.0.1:1' }, namespace: 'default', answerWithinMs: 200 });
  rig = await gatewayRig({ url: await postgres.fresh(), client, start: false });
});
afterAll(async () => {
  await rig.close();
  await client.close();
  await postgres.stop();
});

async function post(
  url: string,
  payload: string,
  headers: Record<string, string>,
): Promise<{ status: number; error: string }> {
  const answer = await rig.app.inject({ method: 'POST', url, headers, payload });
  return { status: answer.statusCode, error: answer.json().error };
}

const HOOK = '/webhooks/alertmanager';
const GOOD = { authorization: 'Bearer alertmanager-token', 'content-type': 'application/json' };

describe('a webhook that cannot be taken', () => {
  it.each([
    ['no token', '{}', { 'content-type': 'application/json' }, 401, /must send the token/],
    ['wrong token', '{}', { ...GOOD, authorization: 'Bearer alertmanager-toke' }, 401, /must send the token/],
    ['not JSON', '{"alerts": [', GOOD, 400, /is not JSON/],
    ['empty', '', GOOD, 400, /no body|empty/],
    ['a list', '[]', GOOD, 422, /not an Alertmanager webhook/],
    ['a text', '"alerts"', GOOD, 422, /not an Alertmanager webhook/],
    ['null', 'null', GOOD, 422, /not an Alertmanager webhook/],
    ['alerts of another type', '{"alerts":"many"}', GOOD, 422, /needs "alerts", a list/],
    ['another version', '{"version":"3","alerts":[]}', GOOD, 422, /only version 4/],
    [
      'another content type',
      'alerts=1',
      { ...GOOD, 'content-type': 'application/x-www-form-urlencoded' },
      415,
      /takes application\/json/,
    ],
    ['too deep', `{"alerts":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, GOOD, 422, /deeper than 32/],
    ['too large', JSON.stringify({ alerts: [], padding: 'x'.repeat(1_100_000) }), GOOD, 413, /larger than/],
  ])('is refused with a sentence: %s', async (_name, payload, headers, status, words) => {
    const answer = await post(HOOK, payload, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.error).toMatch(words as RegExp);
  });

  it('is refused over a real socket when it is too large', async () => {
    const address = await rig.app.listen({ host: '127.0.0.1', port: 0 });
    const body = JSON.stringify({ alerts: [], padding: 'x'.repeat(3_000_000) });
    const answer = await fetch(address + HOOK, { method: 'POST', headers: GOOD, body }).catch(() => null);
    // The connection may be cut before a client that is still sending has read the answer.
    if (answer !== null) expect(answer.status).toBe(413);
    expect((await fetch(`${address}/livez`)).status).toBe(200);
  });
});

describe('odd alerts', () => {
  it('refuses one alert and takes the others', async () => {
    const { status, json } = await rig.alertmanager([
      wireAlert({ labels: {} }),
      wireAlert({ fingerprint: 'odd-1', labels: { alertname: 'A', service: 'odd' } }),
      wireAlert({ status: 'pending' }),
      wireAlert({ startsAt: 'yesterday' }),
      17,
    ]);
    expect(status).toBe(202);
    expect(json.results).toHaveLength(1);
    expect((json.refused as { index: number; error: string }[]).map(({ index }) => index)).toEqual([0, 2, 3, 4]);
    expect((json.refused as { error: string }[])[0]?.error).toMatch(/has no labels/);
    expect((await rig.alertmanager([wireAlert({ labels: {} })])).status).toBe(422);
  });

  it('keeps an unknown severity as a label and claims nothing', async () => {
    await rig.alertmanager([
      wireAlert({ fingerprint: 's', labels: { alertname: 'S', service: 'sev', severity: 'spicy' } }),
    ]);
    const { json } = await rig.alertmanager([
      wireAlert({ fingerprint: 's', labels: { alertname: 'S', service: 'sev', severity: 'spicy' } }),
    ]);
    const alert = (await rig.store.inbox.nextBatch(String(json.incidentId), 1))?.alerts[0];
    expect(alert).toMatchObject({ claimedSeverity: null, labels: { severity: 'spicy' } });
  });

  it('clamps times far away and says so', async () => {
    const past = await rig.alertmanager([
      wireAlert({ fingerprint: 'p', startsAt: '1970-01-01T00:00:00Z', labels: { alertname: 'P', service: 'past' } }),
    ]);
    const future = await rig.alertmanager([
      wireAlert({ fingerprint: 'u', startsAt: '2099-01-01T00:00:00Z', labels: { alertname: 'U', service: 'future' } }),
    ]);
    expect(past.json.incidentId).toBe('incident-20241022-1430');
    expect(String(future.json.incidentId)).toMatch(/^incident-20241023-1430/);
    const alerts = await Promise.all(
      [past, future].map(({ json }) => rig.store.inbox.nextBatch(String(json.incidentId), 1)),
    );
    expect(alerts.map((batch) => batch?.alerts[0]?.annotations.clock)).toEqual([
      expect.stringMatching(/1970.*more than 24 h/),
      expect.stringMatching(/2099.*ahead/),
    ]);
    // Still recognised as a repeat, though it was clamped to another instant.
    rig.clock.now = '2024-10-23T14:40:05.000Z';
    const repeat = await rig.alertmanager([
      wireAlert({ fingerprint: 'p', startsAt: '1970-01-01T00:00:00Z', labels: { alertname: 'P', service: 'past' } }),
    ]);
    expect(repeat.json).toMatchObject({ incidentId: past.json.incidentId, repeats: 1 });
  });

  it('takes NUL, half characters, __proto__ and a huge label', async () => {
    const payload = `{"version":"4","alerts":[{"status":"firing","fingerprint":"n","startsAt":"2024-10-23T14:30:00Z","labels":{"alertname":"nul\\u0000 half\\ud800","service":"odd2","__proto__":"x","big":"${'y'.repeat(500_000)}"},"annotations":{"__proto__":{"polluted":true}}}]}`;
    const bad = await post(HOOK, payload, GOOD);
    expect(bad.status).toBe(202);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    const { json } = await rig.alertmanager([
      wireAlert({ fingerprint: 'n2', labels: { alertname: 'N', service: 'odd2' } }),
    ]);
    const alert = (await rig.store.inbox.nextBatch(String(json.incidentId), 1))?.alerts[0];
    expect(alert?.name).toBe('nul\uFFFD half\uFFFD');
    expect(alert?.labels.big?.length).toBe(256);
  });

  it('records and surfaces what Alertmanager left out', async () => {
    const { json } = await rig.alertmanager(
      [wireAlert({ fingerprint: 't', labels: { alertname: 'T', service: 'trunc' } })],
      { truncatedAlerts: 7 },
    );
    expect(json.truncatedAlerts).toBe(7);
    const alert = (await rig.store.inbox.nextBatch(String(json.incidentId), 1))?.alerts[0];
    expect(alert?.annotations.truncated).toMatch(/7 more alerts/);
  });

  it('ignores by name what policy ignores', async () => {
    const { json } = await rig.alertmanager([wireAlert({ fingerprint: 'w', labels: { alertname: 'Watchdog' } })]);
    expect(json).toMatchObject({
      incidentId: null,
      results: [{ state: 'ignored', reason: 'Policy ignores alerts named Watchdog.' }],
    });
  });

  it('accepts both tokens while one is being changed', async () => {
    const answer = await post(HOOK, '{"version":"4","alerts":[]}', {
      ...GOOD,
      authorization: 'Bearer alertmanager-token-of-tomorrow',
    });
    expect(answer.status).toBe(202);
  });
});

describe('PagerDuty', () => {
  const event = (type: string, data: object, id = `E${type}`) =>
    JSON.stringify({
      event: {
        id,
        event_type: type,
        resource_type: 'incident',
        occurred_at: '2024-10-23T14:30:01Z',
        agent: { id: 'PCOMMANDER', summary: 'C' },
        data,
      },
    });
  const sign = (payload: string) =>
    `v1=${'0'.repeat(64)},v1=${createHmac('sha256', 'pagerduty-secret').update(payload).digest('hex')}`;
  const hook = (payload: string, signature = sign(payload)) =>
    rig.app.inject({
      method: 'POST',
      url: '/webhooks/pagerduty',
      payload,
      headers: { 'content-type': 'application/json', 'x-pagerduty-signature': signature },
    });
  const data = {
    id: 'Q1',
    type: 'incident',
    title: 'API is down',
    incident_key: 'k',
    created_at: '2024-10-23T14:30:00Z',
    html_url: 'https://x.pagerduty.com/incidents/Q1',
    service: { id: 'S1', summary: 'checkout' },
    priority: { id: 'P', summary: 'P1' },
    urgency: 'high',
  };

  it('opens an incident that is not paged again, and counts a redelivery', async () => {
    const first = (await hook(event('incident.triggered', data))).json();
    expect(first).toMatchObject({ state: 'pending' });
    expect((await hook(event('incident.triggered', data))).json()).toMatchObject({
      incidentId: first.incidentId,
      repeats: 1,
    });
    const batch = await rig.store.inbox.nextBatch(first.incidentId, 10);
    expect(batch?.alerts.find(({ source }) => source === 'pagerduty')).toMatchObject({
      alreadyPaged: true,
      claimedSeverity: 'P1',
      service: 'api',
    });
    expect((await hook(event('incident.resolved', data))).json()).toMatchObject({
      incidentId: first.incidentId,
      state: 'pending',
    });
  });

  it('refuses a wrong signature, does nothing for others, and knows its own pages', async () => {
    const payload = event('incident.triggered', data);
    expect((await hook(payload, `v1=${'a'.repeat(64)}`)).statusCode).toBe(401);
    expect((await hook(payload, '')).statusCode).toBe(401);
    expect((await hook(event('pagey.ping', {}))).statusCode).toBe(202);
    expect((await hook('{"event":{}}')).statusCode).toBe(422);
    const own = event('incident.triggered', { ...data, id: 'Q9', incident_key: 'incident-20241023-1430/page/1' });
    expect((await hook(own)).json()).toMatchObject({
      incidentId: null,
      reason: 'It is the page of incident-20241023-1430.',
    });
  });

  it('asks for the acknowledgement again while Temporal is away', async () => {
    await hook(event('incident.triggered', data));
    const answer = await hook(event('incident.acknowledged', data));
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
  });
});

describe('people', () => {
  it('read what decisions take without signing in', async () => {
    const answer = await rig.app.inject({ url: '/api/openapi.json' });
    expect([answer.statusCode, answer.json().openapi]).toEqual([200, '3.1.0']);
    expect(Object.keys(answer.json().components.schemas)).toEqual(expect.arrayContaining([...DECISION_NAMES]));
  });

  const decide = (who: string, payload: unknown, id = 'incident-20241023-1430') =>
    rig.app.inject({
      method: 'POST',
      url: `/api/incidents/${id}/decisions`,
      headers: as(who),
      payload: JSON.stringify(payload),
    });

  it.each([
    ['stranger', { id: '1', name: 'note', body: { text: 'x' } }, 401, /Unknown API token/],
    ['viewer', { id: '1', name: 'note', body: { text: 'x' } }, 403, /takes one of these roles/],
    ['admin', { id: '1', name: 'approve', body: { approvalId: 'a' } }, 403, /takes one of these roles/],
    ['responder', { id: '1', name: 'resolve', body: {} }, 403, /commander/],
    ['commander', { id: '1', name: 'explode', body: {} }, 422, /must be one of acknowledge/],
    [
      'commander',
      { id: '1', name: 'snooze', body: { minutes: 'soon', because: 'x' } },
      422,
      /"minutes" must be a number of minutes, or a length such as 30m/,
    ],
    [
      'commander',
      { id: '1', name: 'snooze', body: { minutes: '2d', because: 'x' } },
      422,
      /"minutes" must be at most 1440 minutes/,
    ],
    [
      'commander',
      { id: '1', name: 'update', body: { text: 'x', expectedRecoveryAt: 'later' } },
      422,
      /"expectedRecoveryAt" must be a UTC clock time/,
    ],
    ['commander', { name: 'note', body: { text: 'x' } }, 422, /"id" must be a text chosen by you/],
    [
      'commander',
      { id: '1', name: 'set-severity', body: { to: 'P9', because: '' } },
      422,
      /"to" must be P0, P1, P2, P3.*"because" must not be empty/,
    ],
    ['commander', { id: '1', name: 'acknowledge', body: { loudly: true } }, 422, /does not know "loudly"/],
    [
      'commander',
      { id: '1', name: 'note', body: { text: 'x' }, incidentId: 'incident-19990101-0000' },
      409,
      /names incident-19990101-0000.*sent to incident-20241023-1430/,
    ],
    ['commander', { id: '1', name: 'note', body: { text: 'x' } }, 503, /does not answer/],
  ])('%s is answered with a sentence', async (who, payload, status, words) => {
    const answer = await decide(who as string, payload);
    expect([answer.statusCode, answer.json().error]).toEqual([status, expect.stringMatching(words as RegExp)]);
  });

  it('create an incident once for each id, join the open one, or open a separate one', async () => {
    const create = (payload: object, who = 'responder') =>
      rig.app.inject({ method: 'POST', url: '/api/incidents', headers: as(who), payload: JSON.stringify(payload) });
    const first = (await create({ title: 'Checkout is slow', service: 'shop', severity: 'P2', id: 'c1' })).json();
    expect(first).toMatchObject({ joined: false });
    rig.clock.now = '2024-10-23T14:41:05.000Z';
    expect(
      (await create({ title: 'Checkout is slow', service: 'shop', severity: 'P2', id: 'c1' })).json(),
    ).toMatchObject({ incidentId: first.incidentId, repeats: 1 });
    expect((await create({ title: 'Still slow', service: 'shop' })).json()).toMatchObject({
      incidentId: first.incidentId,
      joined: true,
    });
    const separate = (await create({ title: 'Mail is late', service: 'shop', separate: true })).json();
    expect(separate.incidentId).not.toBe(first.incidentId);
    expect((await create({ title: '' })).statusCode).toBe(422);
    expect((await create({ title: 'x' }, 'viewer')).statusCode).toBe(403);
  });

  it('read what there is, and are told that Temporal is away', async () => {
    const { json } = await rig.alertmanager([
      wireAlert({ fingerprint: 'r', labels: { alertname: 'R', service: 'read' } }),
    ]);
    const id = String(json.incidentId);
    const get = (url: string) => rig.app.inject({ url, headers: as('viewer') });
    const page = (await get(`/api/incidents/${id}`)).json();
    expect(page).toMatchObject({ incident: { id }, facts: null, agenda: null });
    expect(page.notes.join(' ')).toMatch(/does not answer.*waits for Temporal/);
    expect((await get('/api/incidents')).json().incidents.length).toBeGreaterThan(3);
    expect((await get('/api/incidents/incident-19990101-0000')).statusCode).toBe(404);
    expect((await get(`/api/incidents/${id}/paper`)).statusCode).toBe(503);
    expect((await get(`/api/incidents/${id}/post-mortem`)).statusCode).toBe(404);
    expect((await get(`/api/incidents/${id}/timeline?since=-1`)).statusCode).toBe(400);
    expect((await get('/api/me')).json()).toMatchObject({ id: 'viewer', roles: ['viewer'] });
    const { digest } = await rig.store.evidence.put({ body: '<script>', mediaType: 'text/html', at: rig.clock.now });
    const evidence = await get(`/api/evidence/${digest}`);
    expect([evidence.body, evidence.headers['content-security-policy']]).toEqual([
      '<script>',
      "default-src 'none'; sandbox",
    ]);
    expect((await get('/api/evidence/../etc')).statusCode).toBe(404);
    expect((await rig.app.inject({ url: '/readyz' })).json()).toMatchObject({
      ready: true,
      temporal: expect.stringMatching(/does not answer/),
    });
  }, 20_000);
});
