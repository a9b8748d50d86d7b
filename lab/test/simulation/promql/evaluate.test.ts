import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromqlError } from '../../../simulation/promql/errors.ts';
import type { InstantResult } from '../../../simulation/promql/evaluate.ts';
import { evaluateInstant, evaluateRange } from '../../../simulation/promql/evaluate.ts';
import { formatDurationMs, formatValue, parseDurationMs, parseString } from '../../../simulation/promql/literals.ts';
import { parsePromql } from '../../../simulation/promql/parse.ts';
import { printPromql } from '../../../simulation/promql/print.ts';
import type { Series } from '../../../simulation/promql/store.ts';
import { memorySource } from '../../../simulation/promql/store.ts';
import { SUPPORTED } from '../../../simulation/promql/supported.ts';
import { GOOD_QUERIES, REFUSED_QUERIES } from './contract-queries.ts';
import { sampleWorld, WORLD_START_MS } from './sample-world.ts';

const MINUTE_MS = 60_000;

/** One series `x` from pairs of second and value. */
function x(...points: [second: number, value: number][]): Series {
  return {
    labels: { __name__: 'x' },
    times: points.map(([second]) => second * 1000),
    values: points.map(([, value]) => value),
  };
}

function values(result: InstantResult): number[] {
  return result.resultType === 'vector' ? result.result.map((sample) => sample.value) : [];
}

function ask(query: string, atSeconds: number, ...series: Series[]): number[] {
  return values(evaluateInstant(query, atSeconds * 1000, memorySource(series)));
}

describe('range selectors of 2.42', () => {
  it('include the sample on either edge', () => {
    const series = x([0, 1], [60, 2], [300, 3], [301, 4]);
    expect(ask('count_over_time(x[5m])', 300, series)).toEqual([3]);
    expect(ask('count_over_time(x[299s])', 300, series)).toEqual([2]);
  });

  it('look back five minutes, that far included, for an instant', () => {
    expect(ask('x', 300, x([0, 7]))).toEqual([7]);
    expect(ask('x', 300.001, x([0, 7]))).toEqual([]);
  });

  it('end at a staleness marker at once', () => {
    const gone = { ...x([0, 7]), staleTimes: [30_000] };
    expect(ask('x', 29, gone)).toEqual([7]);
    expect(ask('x', 30, gone)).toEqual([]);
    const back = { ...x([0, 7], [60, 8]), staleTimes: [30_000] };
    expect(ask('x', 61, back)).toEqual([8]);
    expect(ask('sum_over_time(x[2m])', 61, back)).toEqual([15]);
  });
});

describe('rate and its kin', () => {
  it('carry the slope to the edges when samples are near them', () => {
    // 15 s scrapes from 10 s to 55 s: 30 over 45 s, 10 s missing at the start and 5 s at the end, both under 16.5 s.
    const series = x([10, 20], [25, 30], [40, 40], [55, 50]);
    expect(ask('increase(x[1m])', 60, series)[0]).toBeCloseTo(30 * (60 / 45), 12);
    expect(ask('rate(x[1m])', 60, series)[0]).toBeCloseTo((30 * (60 / 45)) / 60, 12);
  });

  it('add only half a gap when a sample is missing at an edge', () => {
    // Gap 10 s; 30 s missing at the start is more than 11 s, so 5 s are added there and 0 at the end.
    const series = x([30, 100], [40, 110], [50, 120], [60, 130]);
    expect(ask('increase(x[1m])', 60, series)[0]).toBeCloseTo(30 * (35 / 30), 12);
  });

  it('do not carry a counter below zero', () => {
    // From 2 at 10 s with slope 1/s the counter was zero at 8 s: only 2 s are added at the start.
    const series = x([10, 2], [20, 12], [30, 22]);
    expect(ask('increase(x[30s])', 30, series)[0]).toBeCloseTo(20 * (22 / 20), 12);
    expect(ask('delta(x[30s])', 30, series)[0]).toBeCloseTo(20 * (30 / 20), 12);
  });

  it('count what came before a reset', () => {
    const series = x([0, 100], [10, 110], [20, 5], [30, 15]);
    expect(ask('increase(x[30s])', 30, series)).toEqual([25]);
    expect(ask('delta(x[30s])', 30, series)).toEqual([-85]);
    expect(ask('resets(x[30s])', 30, series)).toEqual([1]);
    expect(ask('irate(x[15s])', 20, series)).toEqual([0.5]);
    expect(ask('idelta(x[15s])', 20, series)).toEqual([-105]);
  });

  it('say nothing of fewer than two samples', () => {
    expect(ask('rate(x[1m])', 60, x([60, 5]))).toEqual([]);
  });
});

describe('values worked out by hand', () => {
  const buckets = [
    ['0.1', 10],
    ['0.5', 30],
    ['+Inf', 40],
  ].map(([le, value]) => ({
    labels: { __name__: 'b', le: String(le) },
    times: [0],
    values: [Number(value)],
  }));

  it('interpolates inside the bucket, and stops at the highest finite bound', () => {
    // Rank 20 is half-way between 10 and 30, so half-way between 0.1 and 0.5.
    expect(ask('histogram_quantile(0.5, b)', 0, ...buckets)[0]).toBeCloseTo(0.3, 12);
    expect(ask('histogram_quantile(0.95, b)', 0, ...buckets)).toEqual([0.5]);
    expect(ask('histogram_quantile(0.9, b{le!="+Inf"})', 0, ...buckets)).toEqual([Number.NaN]);
  });

  it('divides zero by zero into NaN, and an empty vector into nothing', () => {
    expect(ask('x / x', 0, x([0, 0]))).toEqual([Number.NaN]);
    expect(ask('sum(nothing) / sum(x)', 0, x([0, 0]))).toEqual([]);
  });

  it('binds powers tighter than a sign', () => {
    expect(evaluateInstant('-1 ^ 2', 0, memorySource([]))).toMatchObject({ resultType: 'scalar', result: -1 });
    expect(evaluateInstant('2 ^ -1 ^ 2', 0, memorySource([]))).toMatchObject({ result: 0.5 });
  });

  it('lays subquery steps on multiples of the step', () => {
    const result = evaluateInstant('time()', 0, memorySource([]));
    expect(result).toMatchObject({ result: 0 });
    const matrix = evaluateInstant('x[30s:10s]', 37_000, memorySource([x([0, 1], [30, 2])]));
    expect(matrix).toMatchObject({ result: [{ times: [10_000, 20_000, 30_000], values: [1, 1, 2] }] });
  });

  it('evaluates a range at both of its ends', () => {
    const { result } = evaluateRange('x', 0, 20_000, 10_000, memorySource([x([0, 1], [15, 2])]));
    expect(result).toEqual([{ labels: { __name__: 'x' }, times: [0, 10_000, 20_000], values: [1, 1, 2] }]);
  });

  it('counts affected users as the runbook does (R2.19)', () => {
    const world = memorySource(sampleWorld());
    const query = 'count(count by (pod) (http_requests_total{status=~"5.."}))';
    expect(values(evaluateInstant(query, WORLD_START_MS + 10 * MINUTE_MS, world))).toEqual([3]);
  });
});

describe('the parser', () => {
  it.each(GOOD_QUERIES)('prints %s so that it reads back the same', (query) => {
    const printed = printPromql(parsePromql(query));
    expect(printPromql(parsePromql(printed))).toBe(printed);
  });

  it.each(REFUSED_QUERIES)('refuses %s with a PromqlError and nothing else', (query) => {
    const run = () => evaluateInstant(query, WORLD_START_MS + 21 * MINUTE_MS, memorySource(sampleWorld()));
    expect(run).toThrow(PromqlError);
  });

  it.each([
    'x @ 1',
    'holt_winters(x[5m], 0.1, 0.1)',
    'limitk(1, x)',
    'x[300]',
    'x offset 5',
    'a atan2 b',
    '{"x"}',
    '5m',
    'x + fill(0) y',
  ])('refuses %s, which it does not support, instead of guessing', (query) => {
    expect(() => parsePromql(query)).toThrow(PromqlError);
  });

  it('survives any text: a query or a PromqlError, never another failure', () => {
    const token = fc.constantFrom(
      ...[
        'x',
        'rate',
        'sum',
        'by',
        'on',
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '5m',
        ':',
        ',',
        '=',
        '=~',
        '"a"',
        '1',
        '-',
        '+',
        '^',
      ],
      ...['/', 'and', 'or', 'offset', 'bool', '>', 'group_left', '@', '#', '\n', 'topk', '"', '$', 'é'],
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(token, { maxLength: 14 }).map((tokens) => tokens.join(' ')),
    );
    fc.assert(
      fc.property(text, (query) => {
        try {
          evaluateInstant(query, 0, memorySource([x([0, 1])]));
        } catch (error) {
          expect(error).toBeInstanceOf(PromqlError);
        }
      }),
      { numRuns: 2000, seed: 3 },
    );
  });

  it('refuses nesting beyond its limit instead of exhausting the stack', () => {
    expect(() => parsePromql(`${'('.repeat(500)}1${')'.repeat(500)}`)).toThrow('nested deeper');
  });

  it('lists what it supports, and each listed function is known', () => {
    expect(SUPPORTED.functions).toContain('histogram_quantile');
    for (const name of SUPPORTED.functions) {
      expect(() => parsePromql(`${name}()()`)).not.toThrow(`unknown function with name "${name}"`);
    }
  });
});

describe('numbers and strings as Go writes them', () => {
  it.each([
    [0.1, '0.1'],
    [1e21, '1000000000000000000000'],
    [1.5e-7, '0.00000015'],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
  ])('%d is %s', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });

  it('round-trips every finite number without an exponent', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = formatValue(value);
        expect(text).not.toMatch(/e/i);
        expect(Number(text)).toBe(value);
      }),
    );
  });

  it('round-trips durations and strings', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fc.string(), (ms, text) => {
        expect(parseDurationMs(formatDurationMs(ms))).toBe(ms);
        const query = JSON.stringify(text);
        if (!/\\u/.test(query)) expect(parseString(query)).toBe(text);
      }),
    );
    expect(parseDurationMs('1h30m')).toBe(90 * MINUTE_MS);
    expect(parseDurationMs('30m1h')).toBeNull();
  });
});
