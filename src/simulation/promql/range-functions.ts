/** The samples of one series inside a range, both ends included; never empty. Times in milliseconds. */
export interface RangeWindow {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly rangeStartMs: number;
  readonly rangeEndMs: number;
}

/** Turns one window into one value, or null where Prometheus yields no sample. `param` is the scalar argument. */
export type RangeFunction = (window: RangeWindow, param: number, atMs: number) => number | null;

/** Functions over a range vector, after promql/functions.go of Prometheus 2.42. */
export const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate: (window) => extrapolated(window, true, true),
  increase: (window) => extrapolated(window, true, false),
  delta: (window) => extrapolated(window, false, false),
  irate: (window) => lastTwo(window, true),
  idelta: (window) => lastTwo(window, false),
  deriv: (window) => (window.values.length < 2 ? null : regression(window, window.times[0] as number).slope),
  predict_linear: (window, seconds, atMs) => {
    if (window.values.length < 2) return null;
    const { slope, intercept } = regression(window, atMs);
    return slope * seconds + intercept;
  },
  changes: ({ values }) =>
    countSteps(values, (before, after) => after !== before && !(Number.isNaN(after) && Number.isNaN(before))),
  resets: ({ values }) => countSteps(values, (before, after) => after < before),
  avg_over_time: ({ values }) => mean(values),
  min_over_time: ({ values }) => values.reduce((min, value) => (value < min || Number.isNaN(min) ? value : min)),
  max_over_time: ({ values }) => values.reduce((max, value) => (value > max || Number.isNaN(max) ? value : max)),
  sum_over_time: ({ values }) => kahanSum(values),
  count_over_time: ({ values }) => values.length,
  last_over_time: ({ values }) => values[values.length - 1] as number,
  present_over_time: () => 1,
  stddev_over_time: ({ values }) => Math.sqrt(variance(values)),
  stdvar_over_time: ({ values }) => variance(values),
  quantile_over_time: ({ values }, q) => quantile(q, values),
};

/** The φ-quantile by linear interpolation; NaN sorts first. */
export function quantile(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const sorted = [...values].sort(ascending);
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[lower] as number) * (1 - weight) + (sorted[upper] as number) * weight;
}

function ascending(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  if (Number.isNaN(b)) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

// extrapolatedRate: a window seldom begins and ends on a sample, so the slope is carried to its edges,
// but by no more than half the usual gap when a sample is missing, and never below zero for a counter.
function extrapolated(window: RangeWindow, isCounter: boolean, isRate: boolean): number | null {
  const { times, values, rangeStartMs, rangeEndMs } = window;
  const last = values.length - 1;
  if (last < 1) return null;
  const first = values[0] as number;
  let change = (values[last] as number) - first;
  if (isCounter) {
    for (let i = 1; i <= last; i++) {
      const before = values[i - 1] as number;
      if ((values[i] as number) < before) change += before;
    }
  }
  const sampledSeconds = ((times[last] as number) - (times[0] as number)) / 1000;
  const gapSeconds = sampledSeconds / last;
  let toStartSeconds = ((times[0] as number) - rangeStartMs) / 1000;
  const toEndSeconds = (rangeEndMs - (times[last] as number)) / 1000;
  if (isCounter && change > 0 && first >= 0) {
    toStartSeconds = Math.min(toStartSeconds, sampledSeconds * (first / change));
  }
  const thresholdSeconds = gapSeconds * 1.1;
  let coveredSeconds = sampledSeconds;
  coveredSeconds += toStartSeconds < thresholdSeconds ? toStartSeconds : gapSeconds / 2;
  coveredSeconds += toEndSeconds < thresholdSeconds ? toEndSeconds : gapSeconds / 2;
  let factor = coveredSeconds / sampledSeconds;
  if (isRate) factor /= (rangeEndMs - rangeStartMs) / 1000;
  return change * factor;
}

function lastTwo({ times, values }: RangeWindow, isRate: boolean): number | null {
  const last = values.length - 1;
  if (last < 1) return null;
  const [before, after] = [values[last - 1] as number, values[last] as number];
  const gapMs = (times[last] as number) - (times[last - 1] as number);
  if (gapMs === 0) return null;
  if (!isRate) return after - before;
  return (after < before ? after : after - before) / (gapMs / 1000);
}

function countSteps(values: readonly number[], counts: (before: number, after: number) => boolean): number {
  let count = 0;
  for (let i = 1; i < values.length; i++) {
    if (counts(values[i - 1] as number, values[i] as number)) count += 1;
  }
  return count;
}

function regression({ times, values }: RangeWindow, interceptMs: number): { slope: number; intercept: number } {
  const n = values.length;
  const first = values[0] as number;
  if (values.every((value) => value === first)) {
    return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: Number.NaN, intercept: Number.NaN };
  }
  const x = times.map((time) => (time - interceptMs) / 1000);
  const sumX = kahanTotal(x);
  const sumY = kahanTotal(values);
  const sumXY = kahanTotal(x.map((seconds, i) => seconds * (values[i] as number)));
  const sumX2 = kahanTotal(x.map((seconds) => seconds * seconds));
  const slope = (sumXY - (sumX * sumY) / n) / (sumX2 - (sumX * sumX) / n);
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

/** A running sum that carries what rounding lost (Kahan, Neumaier), so that results equal Prometheus's to the bit. */
interface KahanSum {
  sum: number;
  lost: number;
}

function add(to: KahanSum, value: number): void {
  const total = to.sum + value;
  to.lost += Math.abs(to.sum) >= Math.abs(value) ? to.sum - total + value : value - total + to.sum;
  to.sum = total;
}

function kahanTotal(values: readonly number[]): number {
  const sum: KahanSum = { sum: 0, lost: 0 };
  for (const value of values) add(sum, value);
  return sum.sum + sum.lost;
}

function kahanSum(values: readonly number[]): number {
  const sum: KahanSum = { sum: 0, lost: 0 };
  for (const value of values) add(sum, value);
  return isInfinite(sum.sum) ? sum.sum : sum.sum + sum.lost;
}

function mean(values: readonly number[]): number {
  const average: KahanSum = { sum: 0, lost: 0 };
  let count = 0;
  for (const value of values) {
    count += 1;
    // Infinity minus infinity would be NaN although the mean is still infinite.
    if (isInfinite(average.sum) && (Number.isFinite(value) || value === average.sum)) continue;
    add(average, value / count - average.sum / count);
  }
  return isInfinite(average.sum) ? average.sum : average.sum + average.lost;
}

function variance(values: readonly number[]): number {
  const average: KahanSum = { sum: 0, lost: 0 };
  const squares: KahanSum = { sum: 0, lost: 0 };
  let count = 0;
  for (const value of values) {
    count += 1;
    const delta = value - (average.sum + average.lost);
    add(average, delta / count);
    add(squares, delta * (value - (average.sum + average.lost)));
  }
  return (squares.sum + squares.lost) / count;
}

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}
