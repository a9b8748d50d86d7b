import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SeenSpan, startCollector, wayBack } from '../tracing/collector.ts';
import { openStage, type Stage } from './stage.ts';

// Issue 7: one trace from the request at the gateway by the workflow to what its activities send, at a real collector's wire.
const SECRET_HEADER = 'Bearer secret-of-the-collector';
const SUMMARY = 'A summary that only people may read';

const ALERT = {
  status: 'firing',
  labels: { alertname: 'APIErrorRateHigh', service: 'api', severity: 'P1' },
  annotations: { summary: SUMMARY },
  startsAt: '2024-10-23T14:30:00.000Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus.example:9090/graph',
  fingerprint: 'b9d2c7a4e1f05836',
};

let collector: Awaited<ReturnType<typeof startCollector>>;
let stage: Stage;
let id = '';
beforeAll(async () => {
  collector = await startCollector();
  stage = await openStage({
    startAt: '2024-10-23T14:00:00.000Z',
    speed: 20,
    policy: { 'evidence.probeDeadlineSeconds': 8 },
    env: () => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(SECRET_HEADER)}`,
    }),
  });
  await stage.clock.jumpTo('2024-10-23T14:30:30.000Z');
  stage.clock.start();
  const posted = await stage.post({
    version: '4',
    groupKey: '{}',
    truncatedAlerts: 0,
    status: 'firing',
    alerts: [ALERT],
  });
  id = String(posted.body.incidentId);
}, 90_000);
afterAll(async () => {
  await stage?.close();
  await collector?.stop();
});

const until = (what: string, is: () => SeenSpan | undefined) => stage.until(what, () => is() ?? null, 60_000);

describe('the trace of an incident', () => {
  it('goes from the alert at the gateway by the workflow and its activities to the requests that leave the worker', async () => {
    const request = await until('a request of an activity', () =>
      collector.spans.find(
        (span) =>
          span.service === 'incident-runbook-worker' &&
          /^(GET|POST) 127/.test(span.name) &&
          wayBack(collector.spans, span).at(-1)?.name === 'POST /webhooks/alertmanager',
      ),
    );
    const way = wayBack(collector.spans, request);
    expect(way.map(({ service, name }) => `${service.replace('incident-runbook-', '')}: ${name}`)).toEqual([
      expect.stringMatching(/^worker: (GET|POST) 127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^worker: activity \w+$/),
      expect.stringMatching(/^worker: workflow (start incident|update [\w-]+)$/),
      expect.stringMatching(/^gateway: temporal update [\w-]+$/),
      'gateway: deliver alerts',
      'gateway: POST /webhooks/alertmanager',
    ]);
    expect(new Set(way.map(({ traceId }) => traceId)).size).toBe(1);
    expect(way.map(({ attributes }) => attributes['incident.id'])).toEqual(way.map(() => id));
  }, 90_000);

  it('has a decision’s own: from the person’s request to the turn of the workflow that recorded it', async () => {
    expect(await stage.decide('alice', id, 'acknowledge', {})).toMatchObject({ status: 200 });
    // Each process sends when it likes: the turn may be there before what led to it.
    const turn = await until('the turn and what led to it', () =>
      collector.spans.find(
        (span) => span.name === 'workflow update acknowledge' && wayBack(collector.spans, span).length > 2,
      ),
    );
    const way = wayBack(collector.spans, turn);
    expect(way.map(({ name }) => name)).toEqual([
      'workflow update acknowledge',
      'temporal update acknowledge',
      'POST /api/incidents/:id/decisions',
    ]);
    // What follows from it belongs to it.
    await until('an activity after the decision', () =>
      collector.spans.find(({ traceId, name }) => traceId === turn.traceId && name.startsWith('activity ')),
    );
  }, 90_000);

  it('has what people read, with what the store was asked for it; probes and open streams are none', async () => {
    await stage.facts(id);
    await fetch(`${stage.gatewayUrl}/readyz`);
    const reading = await until('a reading', () =>
      collector.spans.find(
        ({ name, traceId }) =>
          name === 'GET /api/incidents/:id' &&
          collector.spans.some((span) => span.traceId === traceId && span.name === 'SELECT'),
      ),
    );
    expect(reading.attributes).toMatchObject({ 'incident.id': id, 'http.response.status_code': '200' });
    const asked = collector.spans.filter(({ traceId, name }) => traceId === reading.traceId && name === 'SELECT');
    for (const { parentSpanId, attributes } of asked)
      expect([parentSpanId, attributes['db.system.name']]).toEqual([reading.spanId, 'postgresql']);
    expect(collector.spans.filter(({ name }) => /readyz|metrics|livez|events$/.test(name))).toEqual([]);
  }, 90_000);

  it('says nothing that is secret, and no text of an incident: names, ids and numbers only', async () => {
    expect(await stage.decide('alice', id, 'note', { text: 'Words for colleagues only' })).toMatchObject({
      status: 200,
    });
    await until('the note’s turn', () => collector.spans.find(({ name }) => name === 'workflow update note'));
    const all = collector.bodies.join('\n');
    for (const word of [
      SUMMARY,
      'Words for colleagues',
      'token-of-alice',
      stage.alertmanagerToken,
      'xoxb',
      'decision-signing',
    ])
      expect(all, word).not.toContain(word);
    const keys = new Set(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...keys].filter((key) => !KEYS.includes(key))).toEqual([]);
    expect(collector.asked[0]).toMatchObject({ path: '/v1/traces', headers: { authorization: SECRET_HEADER } });
    const ofIncidents = collector.spans.filter(
      ({ attributes }) =>
        attributes['db.system.name'] === undefined && !UNTITLED.test(String(attributes['http.route'])),
    );
    for (const span of ofIncidents)
      expect(span.attributes['incident.id'], span.name).toMatch(/^(post-mortem-|follow-ups-)?incident-/);
  }, 90_000);

  it('is found from the log: lines carry the incident’s id and, as traces are on, the trace’s', async () => {
    await stage.worker.stop();
    const posted = await stage.post({
      version: '4',
      groupKey: '{}',
      truncatedAlerts: 0,
      status: 'firing',
      alerts: [{ ...ALERT, labels: { ...ALERT.labels, service: 'billing' }, fingerprint: 'ffff' }],
    });
    const other = String(posted.body.incidentId);
    expect(other).not.toBe(id);
    const line = await stage.until('the gateway says that nobody answers', () => {
      const lines = stage.gateway.lines().map((text) => JSON.parse(text) as Record<string, unknown>);
      return lines.find(({ msg }) => String(msg).includes('No worker answered')) ?? null;
    });
    expect(line.incidentId).toBe(other);
    await until('its span', () =>
      collector.spans.find(({ spanId, traceId }) => spanId === line.span_id && traceId === line.trace_id),
    );
  }, 90_000);
});

/** Routes about no incident in particular. */
const UNTITLED = /^\/(api\/(incidents|me)$|readyz)/;
const KEYS = [
  'db.system.name',
  'db.operation.name',
  'incident.id',
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'server.address',
  'temporal.activity.type',
  'temporal.activity.attempt',
  'error.type',
];
