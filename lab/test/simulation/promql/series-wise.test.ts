import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromqlError } from '../../../simulation/promql/errors.ts';
import { evaluateRange } from '../../../simulation/promql/evaluate.ts';
import type { Series } from '../../../simulation/promql/store.ts';
import { memorySource } from '../../../simulation/promql/store.ts';
import { GOOD_QUERIES, REFUSED_QUERIES } from './contract-queries.ts';
import { sampleWorld, WORLD_END_MS, WORLD_START_MS } from './sample-world.ts';

const STEP_MS = 15_000;
const SAMPLES = 40;

const QUERIES = [
  'm',
  'm offset 1m',
  'sum(m)',
  'avg by (a) (m)',
  'sum(sum by (a) (rate(m[1m])))',
  'avg(max by (a) (m))',
  'min without (b) (m)',
  'max(m)',
  'count by (b) (m)',
  'group(m)',
  'stddev by (a) (m)',
  'quantile by (a) (0.3, m)',
  'topk(2, rate(m[1m]))',
  'rate(m[1m])',
  'increase(m[3m] offset 30s)',
  'delta(m[2m])',
  'irate(m[1m])',
  'deriv(m[2m])',
  'predict_linear(m[2m], time() % 7)',
  'changes(m[2m]) + resets(m[2m])',
  'avg_over_time(m[90s])',
  'quantile_over_time(0.7, m[2m])',
  'stdvar_over_time(m[2m])',
  'last_over_time(m[1m])',
  'sum(rate(m{a="1"}[1m])) / sum(rate(m[1m]))',
  'm / on (b) group_left () sum by (b) (m)',
  'sum by (b) (m) * on (b) group_right () m',
  'm{a="1"} - ignoring (a) m{a="2"}',
  'm > 2',
  '3 >= bool m',
  'm and on (a) (m > 4)',
  'm unless m{b="1"}',
  'sum(m{a="1"}) or vector(time())',
  'sum(m{a="1"} > 3 or m)',
  'sum by (b) (m > 3) or on (b) m',
  '-m ^ 2',
  'absent(m{a="1"})',
  'absent(m > 5)',
  'clamp(m, 1, scalar(sum(m)))',
  'round(clamp_max(m, scalar(max(m{a="1"}))), 3)',
  'histogram_quantile(0.9, sum by (le) (rate(m[1m])))',
  'histogram_quantile(0.5, m)',
  'label_replace(m, "c", "$1", "b", "(.)")',
  'sum by (ab) (label_join(m, "ab", "-", "a", "b"))',
  'label_replace(m, "b", "", "b", ".*")',
  'max_over_time(sum by (a) (rate(m[1m]))[3m:30s])',
  'sum_over_time(avg by (b) (m)[4m:20s] offset 1m)',
  'sort_desc(sum by (a) (m))',
  'timestamp(m)',
  'm * on (b) m',
];

// Counters with resets, gauges, special values; samples are lost, targets come and go with staleness markers.
const value = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 4, arbitrary: fc.double({ min: -5, max: 5, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.1) },
);
const oneSeries = fc.record({
  counts: fc.boolean(),
  samples: fc.array(fc.tuple(value, fc.integer({ min: 0, max: 9 })), { minLength: SAMPLES, maxLength: SAMPLES }),
  gap: fc.tuple(fc.nat(SAMPLES), fc.nat(SAMPLES)),
  stale: fc.boolean(),
});
const world = fc.array(oneSeries, { minLength: 6, maxLength: 6 }).map((all) =>
  all.map(({ counts, samples, gap, stale }, index): Series => {
    const [from, until] = [Math.min(...gap), Math.max(...gap)];
    const times: number[] = [];
    const values: number[] = [];
    let total = 0;
    for (const [i, [number, luck]] of samples.entries()) {
      total = luck === 1 ? 0 : total + number;
      if (luck === 0 || (i >= from && i < until)) continue;
      times.push(i * STEP_MS);
      values.push(counts ? total : number);
    }
    const b = String(1 + Math.floor(index / 2));
    const labels = { __name__: 'm', b, a: String(1 + (index % 2)), le: b === '3' ? '+Inf' : b };
    const typed = { labels, times: Float64Array.from(times), values: Float64Array.from(values) };
    return stale && until > from ? { ...typed, staleTimes: [from * STEP_MS] } : typed;
  }),
);

function answer(
  query: string,
  series: readonly Series[],
  grid: readonly number[],
  method: 'series-wise' | 'step-wise',
) {
  const [startMs = 0, endMs = 0, stepMs = 1] = grid;
  try {
    const { result } = evaluateRange(query, startMs, endMs, stepMs, memorySource(series), method);
    return result.map(({ labels, times, values }) => ({ labels, times: [...times], values: [...values] }));
  } catch (error) {
    if (error instanceof PromqlError) return `${error.errorType}: ${error.message}`;
    throw error;
  }
}

describe('a range query evaluated series by series', () => {
  it('equals the step-wise evaluation to the last bit, errors included', () => {
    let measured = 0;
    const step = fc.constantFrom(7_000, 15_000, 20_000.25, 47_000);
    const property = fc.property(world, fc.constantFrom(...QUERIES), step, (series, query, stepMs) => {
      const grid = [-20_000, SAMPLES * STEP_MS + 200_000, stepMs];
      const slow = answer(query, series, grid, 'step-wise');
      // toEqual compares numbers as Object.is does: NaN is NaN, and -0 is not 0.
      expect(answer(query, series, grid, 'series-wise')).toEqual(slow);
      if (typeof slow !== 'string') measured += slow.length;
    });
    fc.assert(property, { numRuns: 600, seed: 20241023 });
    expect(measured).toBeGreaterThan(600);
  }, 60_000);

  it('equals it for every query of the contract with the real Prometheus', () => {
    const series = sampleWorld();
    const grid = [WORLD_START_MS - 60_000, WORLD_END_MS + 400_000, 97_000];
    for (const query of [...GOOD_QUERIES, ...REFUSED_QUERIES]) {
      expect(answer(query, series, grid, 'series-wise'), query).toEqual(answer(query, series, grid, 'step-wise'));
    }
  }, 60_000);

  it('equals it on a grid that is worked off in parts', () => {
    const series = sampleWorld();
    const grid = [WORLD_START_MS, WORLD_START_MS + 2_500_000, 1_000];
    for (const query of ['sum by (pod) (rate(http_requests_total[1m]))', 'special', 'time()']) {
      expect(answer(query, series, grid, 'series-wise'), query).toEqual(answer(query, series, grid, 'step-wise'));
    }
  }, 60_000);
});
