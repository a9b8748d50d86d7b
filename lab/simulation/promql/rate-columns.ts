import type { Column } from './columns.ts';

/** What extrapolation needs to know of each step's window; it is the same for all series of the same times. */
export interface RateWindows {
  readonly first: Int32Array;
  readonly end: Int32Array;
  readonly sampledSeconds: Float64Array;
  readonly gapSeconds: Float64Array;
  readonly toStartSeconds: Float64Array;
  readonly endSeconds: Float64Array;
  readonly rangeSeconds: Float64Array;
}

export function rateWindows(
  times: ArrayLike<number>,
  bounds: { readonly first: Int32Array; readonly end: Int32Array },
  grid: { readonly timesMs: Float64Array; readonly offsetMs: number; readonly rangeMs: number },
): RateWindows {
  const { first, end } = bounds;
  const column = () => new Float64Array(grid.timesMs.length);
  const [sampledSeconds, gapSeconds, toStartSeconds, endSeconds, rangeSeconds] = [
    column(),
    column(),
    column(),
    column(),
    column(),
  ];
  for (let i = 0; i < grid.timesMs.length; i++) {
    const gaps = (end[i] as number) - (first[i] as number) - 1;
    if (gaps < 1) continue;
    const firstMs = times[first[i] as number] as number;
    const lastMs = times[(end[i] as number) - 1] as number;
    const rangeEndMs = (grid.timesMs[i] as number) - grid.offsetMs;
    const rangeStartMs = rangeEndMs - grid.rangeMs;
    const sampled = (lastMs - firstMs) / 1000;
    const gap = sampled / gaps;
    const toEnd = (rangeEndMs - lastMs) / 1000;
    sampledSeconds[i] = sampled;
    gapSeconds[i] = gap;
    toStartSeconds[i] = (firstMs - rangeStartMs) / 1000;
    endSeconds[i] = toEnd < gap * 1.1 ? toEnd : gap / 2;
    rangeSeconds[i] = (rangeEndMs - rangeStartMs) / 1000;
  }
  return { first, end, sampledSeconds, gapSeconds, toStartSeconds, endSeconds, rangeSeconds };
}

/** rate (or increase) at every step, with the very arithmetic of `extrapolated` in ./range-functions.ts. */
export function fillRate(column: Column, values: ArrayLike<number>, windows: RateWindows, isRate: boolean): void {
  const { first, end, sampledSeconds, gapSeconds, toStartSeconds, endSeconds, rangeSeconds } = windows;
  const { values: results, present } = column;
  const falls = fallsOf(values);
  let nextFall = 0;
  for (let i = 0; i < results.length; i++) {
    const from = first[i] as number;
    const last = (end[i] as number) - 1;
    if (last <= from) continue;
    const begin = values[from] as number;
    let change = (values[last] as number) - begin;
    while (nextFall < falls.length && (falls[nextFall] as number) <= from) nextFall++;
    for (let fall = nextFall; fall < falls.length && (falls[fall] as number) <= last; fall++) {
      change += values[(falls[fall] as number) - 1] as number;
    }
    const sampled = sampledSeconds[i] as number;
    const gap = gapSeconds[i] as number;
    let toStart = toStartSeconds[i] as number;
    if (change > 0 && begin >= 0) toStart = Math.min(toStart, sampled * (begin / change));
    const covered = sampled + (toStart < gap * 1.1 ? toStart : gap / 2) + (endSeconds[i] as number);
    let factor = covered / sampled;
    if (isRate) factor /= rangeSeconds[i] as number;
    results[i] = change * factor;
    present[i] = 1;
  }
}

// Counters seldom fall, so the falls are found once and not in every window again.
function fallsOf(values: ArrayLike<number>): number[] {
  const falls: number[] = [];
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) < (values[i - 1] as number)) falls.push(i);
  }
  return falls;
}
