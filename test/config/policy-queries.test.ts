import { describe, expect, it } from 'vitest';
import { checkTypes } from '../../lab/simulation/promql/check.ts';
import { evaluateInstant } from '../../lab/simulation/promql/evaluate.ts';
import { parsePromql } from '../../lab/simulation/promql/parse.ts';
import { memorySource, type Series } from '../../lab/simulation/promql/store.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import type { QueryName } from '../../src/domain/policy.ts';

const noa = await loadPolicy('policy/noa.yaml');
const NOW_MS = 1_729_693_800_000;

/** A counter that grew evenly by `perSecond` over the last quarter of an hour. */
function counter(labels: Readonly<Record<string, string>>, perSecond: number): Series {
  const times = Array.from({ length: 61 }, (_, step) => NOW_MS - (60 - step) * 15_000);
  return { labels, times, values: times.map((_, step) => 1000 + step * 15 * perSecond) };
}

function requests(user: string, status: string, perSecond: number, endpoint = '/chat'): Series {
  return counter({ __name__: 'http_requests_total', user_id: user, status, endpoint }, perSecond);
}

/** The samples a query of the policy answers: value by its labels in words. */
function ask(name: QueryName, ...series: readonly Series[]): Record<string, number> {
  return evaluate(noa.service.queries[name].replaceAll('$range', '10m'), series);
}

function evaluate(query: string, series: readonly Series[]): Record<string, number> {
  const answer = evaluateInstant(query, NOW_MS, memorySource([...series]));
  if (answer.resultType !== 'vector') throw new Error(`${query} answers no vector`);
  return Object.fromEntries(
    answer.result.map((sample) => [Object.entries(sample.labels).flat().join(' '), Number(sample.value.toFixed(4))]),
  );
}

describe('the queries of the policies', () => {
  it.each(['policy/noa.yaml', 'policy/logistics.yaml'])('of %s are PromQL', async (file) => {
    const policy = await loadPolicy(file);
    for (const query of [...Object.values(policy.service.queries), ...policy.alertRules.map((rule) => rule.expr)]) {
      const text = query.replaceAll('$range', '35m');
      expect(() => checkTypes(text, parsePromql(text)), query).not.toThrow();
    }
  });

  it('answer nothing, rather than zero or NaN, when nothing was measured', () => {
    const silent = requests('u1', '200', 0);
    for (const name of [
      'errorRatio',
      'errorRatioByEndpoint',
      'p95Seconds',
      'p95SecondsByEndpoint',
      'cacheHitRatio',
      'providerErrorRatio',
      'affectedUsers',
      'totalUsers',
    ] as const) {
      expect(ask(name), name).toEqual({});
      expect(ask(name, silent), name).toEqual({});
    }
  });

  it('see no errors where there are none', () => {
    const well = requests('u1', '200', 10);
    expect(ask('errorRatio', well)).toEqual({ '': 0 });
    expect(ask('errorRate', well)).toEqual({ '': 0 });
    expect(ask('errorRatioByEndpoint', well)).toEqual({ 'endpoint /chat': 0 });
    expect(ask('failedRequests', well)).toEqual({ '': 0 });
    expect(ask('affectedUsers', well)).toEqual({ '': 0 });
  });

  it('measure ratios of errors, in all and by endpoint (R2.9, R2.15)', () => {
    const mixed = [requests('u1', '200', 6), requests('u1', '503', 3), requests('u1', '200', 3, '/health')];
    expect(ask('errorRatio', ...mixed)).toEqual({ '': 0.25 });
    expect(ask('errorRatioByEndpoint', ...mixed)).toEqual({ 'endpoint /chat': 0.3333, 'endpoint /health': 0 });
    expect(ask('requestsPerMinute', ...mixed)).toEqual({ '': 720 });
    expect(ask('failedRequests', ...mixed)).toEqual({ '': 1800 });
  });

  it('count users with at least half of their requests failing (R0.5)', () => {
    const users = [
      requests('half', '200', 2),
      requests('half', '500', 2),
      requests('less', '200', 3),
      requests('less', '500', 2),
      requests('all', '502', 1),
      requests('well', '200', 5),
    ];
    expect(ask('affectedUsers', ...users)).toEqual({ '': 2 });
    expect(ask('totalUsers', ...users)).toEqual({ '': 4 });
  });

  it('measure providers each by itself (R3.5.3)', () => {
    const calls = (provider: string, status: string, perSecond: number) =>
      counter({ __name__: 'ai_requests_total', provider, status }, perSecond);
    const both = [calls('claude', '529', 3), calls('claude', '200', 1), calls('openai', 'success', 2)];
    expect(ask('providerErrorRatio', ...both)).toEqual({ 'provider claude': 0.75, 'provider openai': 0 });
  });

  it('fire the alerts at their thresholds, and one of error rate at a time (R0.6)', () => {
    const firing = (errorsOfHundred: number) => {
      const series = [requests('u1', '200', 100 - errorsOfHundred), requests('u1', '500', errorsOfHundred)];
      return noa.alertRules
        .filter((rule) => rule.alert.startsWith('API') && Object.keys(evaluate(rule.expr, series)).length > 0)
        .map((rule) => rule.alert);
    };
    expect(firing(4)).toEqual([]);
    expect(firing(5)).toEqual(['APIErrorRateElevated']);
    expect(firing(11)).toEqual(['APIErrorRateHigh']);
    expect(firing(45)).toEqual(['APIErrorRateHigh']);
    expect(firing(60)).toEqual(['APIErrorRateCritical', 'APIErrorRateHigh']);
    expect(firing(100)).toEqual(['APIDown', 'APIErrorRateCritical', 'APIErrorRateHigh']);
  });
});
