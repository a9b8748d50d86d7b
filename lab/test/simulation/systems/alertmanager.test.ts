import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertTransition } from '../../../simulation/promql/alert-rules.ts';
import { goTime } from '../../../simulation/promql/literals.ts';
import type { Alertmanager } from '../../../simulation/systems/alertmanager.ts';
import { createAlertmanager } from '../../../simulation/systems/alertmanager.ts';
import type { WebhookPayload } from '../../../simulation/systems/alertmanager-payload.ts';
import { fingerprint } from '../../../simulation/systems/alertmanager-payload.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';
import type { WireServer } from '../../../simulation/wire/server.ts';
import { createWireServer } from '../../../simulation/wire/server.ts';

const START_MS = Date.parse('2024-10-23T14:30:00Z');
const at = (second: number) => START_MS + second * 1000;

let nowMs: number;
let faults: WireFaults;
let log: WireLedger;
let gateway: WireServer;
let alertmanager: Alertmanager;
let url: string;
let got: { payload: WebhookPayload; headers: IncomingHttpHeaders }[];

beforeEach(async () => {
  nowMs = START_MS;
  faults = new WireFaults();
  log = new WireLedger();
  got = [];
  gateway = createWireServer({ system: 'gateway', clock: () => nowMs, faults, log });
  gateway.route('POST', '/webhook', (request) => {
    got.push({ payload: request.json() as WebhookPayload, headers: request.headers });
    return { status: 202 };
  });
  alertmanager = createAlertmanager({
    clock: () => nowMs,
    faults,
    log,
    grouping: { groupBy: ['alertname'], groupWaitSeconds: 10, groupIntervalSeconds: 60, repeatIntervalSeconds: 600 },
    receivers: [
      { name: 'gateway', url: `${(await gateway.listen()).url}/webhook`, bearerToken: 's3cret', sendResolved: true },
    ],
    externalUrl: 'http://alertmanager.example',
    prometheusUrl: 'http://prometheus.example',
  });
  url = (await alertmanager.listen()).url;
});

afterEach(async () => {
  await alertmanager.close();
  await gateway.close();
});

function transition(
  kind: AlertTransition['kind'],
  second: number,
  pod = 'a',
  alertname = 'HighErrors',
): AlertTransition {
  const rule = { alert: alertname, expr: 'errors > 0.1', forSeconds: 0, labels: {}, annotations: {} };
  return {
    kind,
    rule,
    labels: { alertname, pod, severity: 'P1' },
    annotations: { summary: 'too many', pod },
    value: 0.45,
    activeAtMs: START_MS,
    startsAtMs: START_MS,
    endsAtMs: kind === 'resolved' ? at(second) : null,
  };
}

/** Moves world time from one due instant to the next, as the conductor does. */
async function runUntil(second: number): Promise<void> {
  for (
    let next = alertmanager.nextFlushAtMs();
    next !== null && next <= at(second);
    next = alertmanager.nextFlushAtMs()
  ) {
    nowMs = next;
    await alertmanager.flush(next);
  }
  nowMs = at(second);
}

function post(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

describe('grouping and the webhook', () => {
  it('waits group_wait, then sends one payload of version 4 with the bearer token', async () => {
    alertmanager.receive([transition('firing', 0, 'b'), transition('firing', 0, 'a')], at(0));
    expect(alertmanager.nextFlushAtMs()).toBe(at(10));
    await runUntil(9);
    expect(got).toEqual([]);
    await runUntil(10);
    expect(got[0]?.headers.authorization).toBe('Bearer s3cret');
    expect(got.map(({ payload }) => payload)).toEqual([
      {
        receiver: 'gateway',
        status: 'firing',
        alerts: ['a', 'b'].map((pod) => ({
          status: 'firing',
          labels: { alertname: 'HighErrors', pod, severity: 'P1' },
          annotations: { pod, summary: 'too many' },
          startsAt: '2024-10-23T14:30:00Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'http://prometheus.example/graph?g0.expr=errors+%3E+0.1&g0.tab=1',
          fingerprint: fingerprint({ alertname: 'HighErrors', pod, severity: 'P1' }),
        })),
        groupLabels: { alertname: 'HighErrors' },
        commonLabels: { alertname: 'HighErrors', severity: 'P1' },
        commonAnnotations: { summary: 'too many' },
        externalURL: 'http://alertmanager.example',
        version: '4',
        groupKey: '{}:{alertname="HighErrors"}',
        truncatedAlerts: 0,
      },
    ]);
  });

  it('tells news at group_interval, repeats at repeat_interval, and forgets what was resolved', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    await runUntil(30);
    alertmanager.receive([transition('firing', 30, 'b')], at(30));
    await runUntil(75);
    expect(got.map(({ payload }) => payload.alerts.length)).toEqual([1, 2]);
    await runUntil(670);
    expect(got).toHaveLength(2);
    await runUntil(735);
    expect(got).toHaveLength(3);
    alertmanager.receive([transition('resolved', 740), transition('resolved', 740, 'b')], at(740));
    await runUntil(800);
    expect(got[3]?.payload).toMatchObject({ status: 'resolved', alerts: [{ endsAt: '2024-10-23T14:42:20Z' }, {}] });
    expect(alertmanager.nextFlushAtMs()).toBeNull();
  });

  it('flushes at once when an alert has waited long enough, keeps groups apart and ignores pending ones', async () => {
    alertmanager.receive([transition('pending', 60), transition('firing', 60, 'a', 'Other')], at(60));
    expect(alertmanager.nextFlushAtMs()).toBe(at(60));
    await runUntil(60);
    expect(got.map(({ payload }) => payload.groupKey)).toEqual(['{}:{alertname="Other"}']);
  });
});

describe('delivery', () => {
  it('retries 5xx with growing pauses and shows when', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    faults.set('gateway', { kind: 'error-503', times: 2 });
    await alertmanager.flush(at(10));
    expect(alertmanager.nextFlushAtMs()).toBe(at(10.5));
    await alertmanager.flush(at(10.5));
    expect(alertmanager.nextFlushAtMs()).toBe(at(11.25));
    expect(got).toHaveLength(0);
    await alertmanager.flush(at(11.25));
    expect(got).toHaveLength(1);
    expect(alertmanager.nextFlushAtMs()).toBe(at(70));
  });

  it('retries a broken connection, which may mean a duplicate', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    faults.set('gateway', { kind: 'lost-answer', times: 1 });
    await runUntil(12);
    expect(got).toHaveLength(2);
    expect(got[0]?.payload).toEqual(got[1]?.payload);
  });

  it('drops a notification that was answered 4xx, and speaks again at the next interval', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    faults.set('gateway', { kind: 'rate-limited', retryAfterSeconds: 1, times: 1 });
    await runUntil(69);
    expect(got).toHaveLength(0);
    await runUntil(70);
    expect(got).toHaveLength(1);
  });

  it('gives up at the next interval and starts anew with the present state', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    faults.set('gateway', { kind: 'error-500' });
    await runUntil(69);
    const before = log.entries('gateway').length;
    expect(before).toBeGreaterThan(5);
    expect(before).toBeLessThan(20);
    faults.clear('gateway');
    alertmanager.receive([transition('firing', 69, 'b')], at(69));
    await runUntil(135);
    expect(got.at(-1)?.payload.alerts).toHaveLength(2);
  });

  it('sends nothing while it is down, and catches up at the next interval', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    faults.set('alertmanager', { kind: 'down' });
    await runUntil(20);
    expect(log.entries('gateway')).toEqual([]);
    faults.clear('alertmanager');
    await runUntil(70);
    expect(got).toHaveLength(1);
  });

  it('duplicates when told to', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    faults.set('alertmanager', { kind: 'duplicate-delivery', times: 1 });
    await runUntil(10);
    expect(got).toHaveLength(2);
    expect(got[0]?.payload).toEqual(got[1]?.payload);
  });

  it('delivers late when told to', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    faults.set('alertmanager', { kind: 'late-delivery', lateSeconds: 45, times: 1 });
    await runUntil(54);
    expect(got).toHaveLength(0);
    await runUntil(55);
    expect(got).toHaveLength(1);
  });

  it('lets the resolution overtake the alert when told to', async () => {
    alertmanager.receive([transition('firing', 0)], at(0));
    await runUntil(10);
    alertmanager.receive([transition('firing', 20, 'b')], at(20));
    faults.set('alertmanager', { kind: 'reordered-delivery', times: 1 });
    await runUntil(70);
    alertmanager.receive([transition('resolved', 80), transition('resolved', 80, 'b')], at(80));
    await runUntil(131);
    expect(got.map(({ payload }) => `${payload.status} ${payload.alerts.length}`)).toEqual([
      'firing 1',
      'resolved 2',
      'firing 2',
    ]);
  });
});

describe('the API v2', () => {
  it('takes alerts, lists them by filter and ends them after resolve_timeout', async () => {
    const labels = { alertname: 'Posted', pod: 'x' };
    expect((await post('/api/v2/alerts', [{ labels, startsAt: '2024-10-23T14:29:00Z' }])).status).toBe(200);
    expect((await post('/api/v2/alerts', [{ labels: {} }])).status).toBe(400);
    const list = async (query: string) => (await (await fetch(`${url}/api/v2/alerts${query}`)).json()) as unknown[];
    expect(await list('?filter=alertname%3D%22Posted%22')).toMatchObject([
      { labels, fingerprint: fingerprint(labels), status: { state: 'active' }, receivers: [{ name: 'gateway' }] },
    ]);
    expect(await list('?filter=alertname!%3D%22Posted%22')).toEqual([]);
    await runUntil(400);
    expect(got.map(({ payload }) => payload.status)).toEqual(['firing', 'resolved']);
    expect(await list('')).toEqual([]);
  });

  it('silences: a second post makes a second one, silenced alerts are not sent, expiry lets them through', async () => {
    const silence = {
      matchers: [{ name: 'pod', value: 'a|z', isRegex: true }],
      startsAt: goTime(at(0)),
      endsAt: goTime(at(3600)),
      createdBy: 'incident',
      comment: 'incident-1',
    };
    const { silenceID } = (await (await post('/api/v2/silences', silence)).json()) as { silenceID: string };
    expect(((await (await post('/api/v2/silences', silence)).json()) as { silenceID: string }).silenceID).not.toBe(
      silenceID,
    );
    alertmanager.receive([transition('firing', 0)], at(0));
    await runUntil(30);
    expect(got).toEqual([]);
    for (const { id } of (await (await fetch(`${url}/api/v2/silences`)).json()) as { id: string }[]) {
      expect((await fetch(`${url}/api/v2/silence/${id}`, { method: 'DELETE' })).status).toBe(200);
    }
    expect(await (await fetch(`${url}/api/v2/silence/${silenceID}`)).json()).toMatchObject({
      status: { state: 'expired' },
    });
    await runUntil(75);
    expect(got).toHaveLength(1);
    expect((await post('/api/v2/silences', { ...silence, matchers: [] })).status).toBe(400);
  });

  it('says that it is ready and which version it is', async () => {
    expect(await (await fetch(`${url}/-/ready`)).text()).toBe('OK');
    expect(await (await fetch(`${url}/api/v2/status`)).json()).toMatchObject({ versionInfo: { version: '0.25.0' } });
  });
});
