/**
 * The samples of one series inside a range: those from index `first` up to, but not with, index `end`; never none.
 * The arrays are the whole series' own and are not copied. Times in milliseconds.
 */
export interface RangeWindow {
  readonly times: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly first: number;
  readonly end: number;
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
  deriv: (window) => (window.end - window.first < 2 ? null : regression(window, window.times[window.first] ?? 0).slope),
  predict_linear: (window, seconds, atMs) => {
    if (window.end - window.first < 2) return null;
    const { slope, intercept } = regression(window, atMs);
    return slope * seconds + intercept;
  },
  changes: (window) =>
    countSteps(window, (before, after) => after !== before && !(Number.isNaN(after) && Number.isNaN(before))),
  resets: (window) => countSteps(window, (before, after) => after < before),
  avg_over_time: mean,
  min_over_time: (window) => extreme(window, (value, min) => value < min),
  max_over_time: (window) => extreme(window, (value, max) => value > max),
  sum_over_time: kahanSum,
  count_over_time: ({ first, end }) => end - first,
  last_over_time: ({ values, end }) => values[end - 1] as number,
  present_over_time: () => 1,
  stddev_over_time: (window) => Math.sqrt(variance(window)),
  stdvar_over_time: variance,
  quantile_over_time: ({ values, first, end }, q) => quantile(q, Array.prototype.slice.call(values, first, end)),
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
  const gaps = window.end - window.first - 1;
  if (gaps < 1) return null;
  const first = values[window.first] as number;
  const firstMs = times[window.first] as number;
  const lastMs = times[window.end - 1] as number;
  let change = (values[window.end - 1] as number) - first;
  if (isCounter) change = withoutFalls(window, change);
  const sampledSeconds = (lastMs - firstMs) / 1000;
  const gapSeconds = sampledSeconds / gaps;
  let toStartSeconds = (firstMs - rangeStartMs) / 1000;
  const toEndSeconds = (rangeEndMs - lastMs) / 1000;
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

/** A counter that fell began again from nothing: what it had reached before is added, fall by fall. */
function withoutFalls({ values, first, end }: RangeWindow, change: number): number {
  let whole = change;
  for (let i = first + 1; i < end; i++) {
    const before = values[i - 1] as number;
    if ((values[i] as number) < before) whole += before;
  }
  return whole;
}

function lastTwo({ times, values, first, end }: RangeWindow, isRate: boolean): number | null {
  if (end - first < 2) return null;
  const [before, after] = [values[end - 2] as number, values[end - 1] as number];
  const gapMs = (times[end - 1] as number) - (times[end - 2] as number);
  if (gapMs === 0) return null;
  if (!isRate) return after - before;
  return (after < before ? after : after - before) / (gapMs / 1000);
}

function extreme({ values, first, end }: RangeWindow, beats: (value: number, best: number) => boolean): number {
  let best = values[first] as number;
  for (let i = first + 1; i < end; i++) {
    const value = values[i] as number;
    if (beats(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
}

function countSteps({ values, first, end }: RangeWindow, counts: (before: number, after: number) => boolean): number {
  let count = 0;
  for (let i = first + 1; i < end; i++) {
    if (counts(values[i - 1] as number, values[i] as number)) count += 1;
  }
  return count;
}

function regression(window: RangeWindow, interceptMs: number): { slope: number; intercept: number } {
  const { times, values, first, end } = window;
  const n = end - first;
  const begin = values[first] as number;
  if (countSteps(window, (_, after) => after !== begin) === 0 && !Number.isNaN(begin)) {
    return Number.isFinite(begin) ? { slope: 0, intercept: begin } : { slope: Number.NaN, intercept: Number.NaN };
  }
  const [sumX, sumY, sumXY, sumX2] = [nothing(), nothing(), nothing(), nothing()];
  for (let i = first; i < end; i++) {
    const x = ((times[i] as number) - interceptMs) / 1000;
    const y = values[i] as number;
    add(sumX, x);
    add(sumY, y);
    add(sumXY, x * y);
    add(sumX2, x * x);
  }
  const [x, y, xy, x2] = [total(sumX), total(sumY), total(sumXY), total(sumX2)];
  const slope = (xy - (x * y) / n) / (x2 - (x * x) / n);
  return { slope, intercept: y / n - (slope * x) / n };
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

function nothing(): KahanSum {
  return { sum: 0, lost: 0 };
}

function total({ sum, lost }: KahanSum): number {
  return sum + lost;
}

function kahanSum({ values, first, end }: RangeWindow): number {
  const sum = nothing();
  for (let i = first; i < end; i++) add(sum, values[i] as number);
  return isInfinite(sum.sum) ? sum.sum : total(sum);
}

function mean({ values, first, end }: RangeWindow): number {
  const average = nothing();
  for (let i = first; i < end; i++) {
    const value = values[i] as number;
    const count = i - first + 1;
    // Infinity minus infinity would be NaN although the mean is still infinite.
    if (isInfinite(average.sum) && (Number.isFinite(value) || value === average.sum)) continue;
    add(average, value / count - average.sum / count);
  }
  return isInfinite(average.sum) ? average.sum : total(average);
}

function variance({ values, first, end }: RangeWindow): number {
  const average = nothing();
  const squares = nothing();
  for (let i = first; i < end; i++) {
    const value = values[i] as number;
    const delta = value - total(average);
    add(average, delta / (i - first + 1));
    add(squares, delta * (value - total(average)));
  }
  return total(squares) / (end - first);
}

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}
