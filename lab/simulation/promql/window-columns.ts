import type { Column } from './columns.ts';
import { emptyColumn, isEmpty } from './columns.ts';
import type { Labels } from './labels.ts';
import { dropMetricName } from './labels.ts';
import type { RangeFunction, RangeWindow } from './range-functions.ts';
import type { RateWindows } from './rate-columns.ts';
import { fillRate, rateWindows } from './rate-columns.ts';
import type { Series } from './store.ts';
import { isStale } from './store.ts';

/** A window that moves over one series. */
type MovingWindow = { -readonly [K in keyof RangeWindow]: RangeWindow[K] };

/** Where the window of each step lies in one array of times. */
interface Bounds {
  readonly first: Int32Array;
  readonly end: Int32Array;
}

export interface WindowGrid {
  readonly timesMs: Float64Array;
  readonly offsetMs: number;
  readonly rangeMs: number;
}

/** A function over a range vector at every step; the bounds are worked out once for all series of the same times. */
export function overWindows(
  series: readonly Series[],
  grid: WindowGrid,
  compute: RangeFunction,
  options: { readonly params: Float64Array | null; labelsOf(labels: Labels): Labels },
): Column[] {
  const { timesMs, offsetMs, rangeMs } = grid;
  const bounds = new Map<Series['times'], Bounds>();
  const columns: Column[] = [];
  for (const { labels, times, values } of series) {
    const { first, end } = remembered(bounds, times, () => boundsOf(times, grid));
    const column = emptyColumn(options.labelsOf(labels), timesMs.length);
    const window: MovingWindow = { times, values, first: 0, end: 0, rangeStartMs: 0, rangeEndMs: 0 };
    for (let i = 0; i < timesMs.length; i++) {
      window.first = first[i] as number;
      window.end = end[i] as number;
      if (window.first >= window.end) continue;
      const atMs = timesMs[i] as number;
      window.rangeEndMs = atMs - offsetMs;
      window.rangeStartMs = window.rangeEndMs - rangeMs;
      const value = compute(window, options.params === null ? Number.NaN : (options.params[i] as number), atMs);
      if (value === null) continue;
      column.values[i] = value;
      column.present[i] = 1;
    }
    if (!isEmpty(column)) columns.push(column);
  }
  return columns;
}

/** rate and increase at every step: the commonest questions, with a loop of their own. */
export function ratesOverWindows(series: readonly Series[], grid: WindowGrid, isRate: boolean): Column[] {
  const known = new Map<Series['times'], RateWindows>();
  const columns: Column[] = [];
  for (const { labels, times, values } of series) {
    const windows = remembered(known, times, () => rateWindows(times, boundsOf(times, grid), grid));
    const column = emptyColumn(dropMetricName(labels), grid.timesMs.length);
    fillRate(column, values, windows, isRate);
    if (!isEmpty(column)) columns.push(column);
  }
  return columns;
}

/** An instant selector at every step: the latest sample, unless it is too old or its target is gone. */
export function latestSamples(series: readonly Series[], grid: WindowGrid): Column[] {
  const { timesMs, offsetMs } = grid;
  const bounds = new Map<Series['times'], Bounds>();
  const columns: Column[] = [];
  for (const { labels, times, values, staleTimes } of series) {
    const { first, end } = remembered(bounds, times, () => boundsOf(times, grid));
    const column = emptyColumn(labels, timesMs.length);
    for (let i = 0; i < timesMs.length; i++) {
      const latest = (end[i] as number) - 1;
      if (latest < (first[i] as number)) continue;
      if (staleTimes !== undefined && isStale(staleTimes, times[latest] as number, (timesMs[i] as number) - offsetMs)) {
        continue;
      }
      column.values[i] = values[latest] as number;
      column.present[i] = 1;
    }
    if (!isEmpty(column)) columns.push(column);
  }
  return columns;
}

function remembered<T>(known: Map<Series['times'], T>, times: Series['times'], make: () => T): T {
  let one = known.get(times);
  if (one === undefined) {
    one = make();
    known.set(times, one);
  }
  return one;
}

// Both indices only ever move forward, since the steps do.
function boundsOf(times: ArrayLike<number>, { timesMs, offsetMs, rangeMs }: WindowGrid): Bounds {
  const first = new Int32Array(timesMs.length);
  const end = new Int32Array(timesMs.length);
  let from = 0;
  let until = 0;
  for (let i = 0; i < timesMs.length; i++) {
    const toMs = (timesMs[i] as number) - offsetMs;
    while (from < times.length && (times[from] as number) < toMs - rangeMs) from++;
    while (until < times.length && (times[until] as number) < toMs + 1) until++;
    first[i] = from;
    end[i] = until;
  }
  return { first, end };
}
