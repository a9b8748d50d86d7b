import { afterEach, describe, expect, it } from 'vitest';
import { createPrometheusClient, POINTS_LIMIT, stepFor } from '../../../src/activities/prometheus/client.ts';
import { type Handler, openWire, type Wire } from '../wire.ts';

let wire: Wire | null = null;
afterEach(() => wire?.close());

async function clientOf(handler: Handler, timeoutMilliseconds = 2000) {
  wire = await openWire(handler);
  return createPrometheusClient({
    baseUrl: wire.url,
    bearerToken: 'prom-token',
    headers: { 'X-Scope-OrgID': 'team' },
    timeoutMilliseconds,
  });
}

const vector = (...values: string[]) => ({
  body: {
    status: 'success',
    data: {
      resultType: 'vector',
      result: values.map((value, index) => ({ metric: { endpoint: `/${index}` }, value: [1, value] })),
    },
  },
});

describe('the Prometheus client', () => {
  it('posts a form with its headers', async () => {
    const client = await clientOf(() => vector('0.25'));
    expect(await client.instant('sum(rate(x[5m])) + 1')).toEqual([{ labels: { endpoint: '/0' }, value: 0.25 }]);
    const [request] = wire?.requests ?? [];
    expect(request).toMatchObject({
      method: 'POST',
      body: 'query=sum%28rate%28x%5B5m%5D%29%29+%2B+1',
      headers: { authorization: 'Bearer prom-token', 'x-scope-orgid': 'team' },
    });
  });

  it('never makes a zero of nothing: NaN, infinities and an empty vector', async () => {
    const client = await clientOf((request) =>
      request.body.includes('empty') ? vector() : vector('NaN', '+Inf', '-Inf', '0'),
    );
    expect((await client.instant('some')).map((sample) => sample.value)).toEqual([null, null, null, 0]);
    expect(await client.instant('empty')).toEqual([]);
  });

  it('shows gaps of a range as gaps', async () => {
    const client = await clientOf(() => ({
      body: {
        status: 'success',
        data: {
          resultType: 'matrix',
          result: [
            {
              metric: {},
              values: [
                [1729692000, '1'],
                [1729692120, 'NaN'],
                [1729692180, '4'],
              ],
            },
          ],
        },
      },
    }));
    const [series] = await client.range({
      query: 'x',
      fromAt: '2024-10-23T14:00:00.000Z',
      untilAt: '2024-10-23T14:03:00.000Z',
      stepSeconds: 60,
    });
    expect(series?.points).toEqual([
      [1729692000, 1],
      [1729692060, null],
      [1729692120, null],
      [1729692180, 4],
    ]);
  });

  it('widens the step before the server refuses the range', () => {
    const week = 7 * 24 * 3600;
    expect(week / stepFor(week, 15) + 1).toBeLessThanOrEqual(POINTS_LIMIT);
    expect(stepFor(7200, 30)).toBe(30);
  });

  it('lists the alerts that fire', async () => {
    const alert = (state: string, alertname: string) => ({
      labels: { alertname, severity: 'P1' },
      annotations: { summary: 's' },
      state,
      activeAt: '2024-10-23T14:30:00.5Z',
      value: '1e+00',
    });
    const client = await clientOf(() => ({
      body: { status: 'success', data: { alerts: [alert('firing', 'A'), alert('pending', 'B')] } },
    }));
    expect(await client.firingAlerts()).toEqual([
      { name: 'A', severity: 'P1', activeAt: '2024-10-23T14:30:00.500Z', summary: 's' },
    ]);
  });

  it.each([
    [
      { status: 400, body: { status: 'error', errorType: 'bad_data', error: 'parse error' } },
      { type: 'Invalid', message: 'Prometheus answered 400: parse error' },
    ],
    [
      { status: 503, body: { status: 'error', errorType: 'timeout', error: 'query timed out' } },
      { type: 'Unavailable' },
    ],
    [{ body: '<html>sign in</html>' }, { type: 'Unavailable', message: expect.stringContaining('HTML') }],
  ])('says what went wrong: %j', async (answer, expected) => {
    const client = await clientOf(() => answer);
    await expect(client.instant('x')).rejects.toMatchObject(expected);
  });

  it('gives a half-open socket up at the deadline', async () => {
    const client = await clientOf(() => 'silence', 120);
    await expect(client.instant('x')).rejects.toMatchObject({
      type: 'Unavailable',
      message: expect.stringContaining('0.12 s'),
    });
  });
});
