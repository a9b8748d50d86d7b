import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertRule } from '../../../simulation/promql/alert-rules.ts';
import { expandAlertTemplate } from '../../../simulation/promql/alert-template.ts';
import { memorySource } from '../../../simulation/promql/store.ts';
import type { Prometheus } from '../../../simulation/systems/prometheus.ts';
import { createPrometheus } from '../../../simulation/systems/prometheus.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';

const START_MS = Date.parse('2024-10-23T14:30:00Z');
const RULE: AlertRule = {
  alert: 'HighErrors',
  expr: 'errors > 0.1',
  forSeconds: 60,
  labels: { severity: 'P1', who: '{{ $labels.pod }}' },
  annotations: { summary: '{{ $value | humanizePercentage }} of {{ $labels.pod }} fail ({{ $value }})' },
};

let times: number[];
let values: number[];
let faults: WireFaults;
let prometheus: Prometheus;
let url: string;
let nowMs: number;

beforeEach(async () => {
  times = [];
  values = [];
  nowMs = START_MS;
  faults = new WireFaults();
  const source = memorySource([{ labels: { __name__: 'errors', pod: 'a' }, times, values }]);
  prometheus = createPrometheus({ source, clock: () => nowMs, faults, log: new WireLedger(), rules: [RULE] });
  url = (await prometheus.listen()).url;
});

afterEach(() => prometheus.close());

function measure(second: number, value: number): number {
  const ms = START_MS + second * 1000;
  times.push(ms);
  values.push(value);
  nowMs = ms;
  return ms;
}

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}${path}`);
  return { status: answer.status, body: await answer.json() };
}

describe('alert rules', () => {
  it('wait for their `for`, fire, follow the value and resolve', () => {
    const kinds = (second: number, value: number) =>
      prometheus.evaluateRules(measure(second, value)).map((transition) => transition.kind);
    expect(kinds(0, 0.05)).toEqual([]);
    expect(kinds(15, 0.45)).toEqual(['pending']);
    expect(kinds(60, 0.45)).toEqual([]);
    const [fired] = prometheus.evaluateRules(measure(75, 0.4567));
    expect(fired).toMatchObject({
      kind: 'firing',
      labels: { alertname: 'HighErrors', pod: 'a', severity: 'P1', who: 'a' },
      annotations: { summary: '45.67% of a fail (0.4567)' },
      activeAtMs: START_MS + 15_000,
      startsAtMs: START_MS + 75_000,
      endsAtMs: null,
    });
    expect(kinds(90, 0.3)).toEqual([]);
    expect(prometheus.activeAlerts()[0]?.annotations.summary).toBe('30% of a fail (0.3)');
    const [resolved] = prometheus.evaluateRules(measure(105, 0));
    expect(resolved).toMatchObject({ kind: 'resolved', startsAtMs: START_MS + 75_000, endsAtMs: START_MS + 105_000 });
    expect(prometheus.activeAlerts()).toEqual([]);
  });

  it('forget a pending alert whose condition went away', () => {
    prometheus.evaluateRules(measure(0, 0.5));
    expect(prometheus.evaluateRules(measure(30, 0))).toEqual([]);
    prometheus.evaluateRules(measure(45, 0.5));
    expect(prometheus.evaluateRules(measure(75, 0.5))).toEqual([]);
    expect(prometheus.activeAlerts()[0]?.state).toBe('pending');
  });

  it('refuse to be loaded when their expression is bad', () => {
    const bad = { ...RULE, expr: 'rate(errors)' };
    expect(() =>
      createPrometheus({ source: memorySource([]), clock: () => 0, faults, log: new WireLedger(), rules: [bad] }),
    ).toThrow('expected type range vector');
  });

  it('show themselves on /alerts and /rules (R2.8)', async () => {
    prometheus.evaluateRules(measure(0, 0.5));
    expect(await get('/api/v1/alerts')).toMatchObject({
      status: 200,
      body: {
        status: 'success',
        data: { alerts: [{ state: 'pending', value: '5e-01', activeAt: '2024-10-23T14:30:00Z' }] },
      },
    });
    const rules = await get('/api/v1/rules');
    expect(rules.body).toMatchObject({
      data: {
        groups: [{ rules: [{ name: 'HighErrors', state: 'pending', duration: 60, health: 'ok', type: 'alerting' }] }],
      },
    });
  });
});

describe('templates', () => {
  it.each([
    ['{{ $value }}', 1e-7, '1e-07'],
    ['{{$value}}', 12, '12'],
    ['{{ printf "%.2f" $value }}%', 45.678, '45.68%'],
    ['{{ $value | printf "%.1f" }}', 45.678, '45.7'],
    ['{{ humanize $value }}', 1234567, '1.235M'],
    ['{{ $value | humanizeDuration }}', 3725, '1h 2m 5s'],
    ['{{ $labels.none }}|{{ .Labels.pod }}', 0, '|a'],
    ['{{ query "x" }}', 0, '<error expanding template: cannot expand "query \\"x\\"">'],
  ])('%s', (template, value, text) => {
    expect(expandAlertTemplate(template, value, { pod: 'a' })).toBe(text);
  });
});

describe('the HTTP API', () => {
  beforeEach(() => {
    measure(0, 0.5);
    measure(60, Number.POSITIVE_INFINITY);
  });

  it('answers by GET, by form and at world time when no time is given', async () => {
    const byForm = await fetch(`${url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: 'errors' }),
    });
    const body = {
      status: 'success',
      data: {
        resultType: 'vector',
        result: [{ metric: { __name__: 'errors', pod: 'a' }, value: [1729693860, '+Inf'] }],
      },
    };
    expect(await byForm.json()).toEqual(body);
    expect(await get('/api/v1/query?query=errors')).toEqual({ status: 200, body });
    const early = await get('/api/v1/query?query=errors&time=2024-10-23T14:30:00Z');
    expect(early.body).toMatchObject({ data: { result: [{ value: [1729693800, '0.5'] }] } });
  });

  it('refuses more points than 11,000 and bad queries as the real one does', async () => {
    const tooMany = await get('/api/v1/query_range?query=errors&start=0&end=11001&step=1');
    expect(tooMany).toEqual({
      status: 400,
      body: {
        status: 'error',
        errorType: 'bad_data',
        error:
          'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
      },
    });
    expect((await get('/api/v1/query_range?query=errors&start=0&end=11000&step=1')).status).toBe(200);
    expect((await get('/api/v1/query?query=-%7B__name__%3D~".%2B"%7D')).status).toBe(200);
    const execution = await get(
      `/api/v1/query?query=${encodeURIComponent('label_replace(errors, "a-b", "", "", "")')}`,
    );
    expect(execution).toMatchObject({ status: 422, body: { errorType: 'execution' } });
  });

  it('lists series, labels and itself', async () => {
    expect((await get('/api/v1/series?match[]=errors')).body).toEqual({
      status: 'success',
      data: [{ __name__: 'errors', pod: 'a' }],
    });
    expect((await get('/api/v1/series')).body).toMatchObject({ error: 'no match[] parameter provided' });
    expect((await get('/api/v1/labels')).body).toEqual({ status: 'success', data: ['__name__', 'pod'] });
    expect((await get('/api/v1/label/pod/values')).body).toEqual({ status: 'success', data: ['a'] });
    expect((await get('/api/v1/status/buildinfo')).body).toMatchObject({ data: { version: '2.42.0' } });
    expect(await (await fetch(`${url}/-/ready`)).text()).toBe('Prometheus Server is Ready.\n');
  });

  it('words its own failures', async () => {
    faults.set('prometheus', { kind: 'error-503', times: 1 });
    expect(await get('/api/v1/query?query=1')).toEqual({
      status: 503,
      body: { status: 'error', errorType: 'unavailable', error: 'Service Unavailable' },
    });
    expect((await get('/api/v1/query?query=1')).status).toBe(200);
  });
});
