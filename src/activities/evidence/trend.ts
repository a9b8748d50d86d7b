import type { SeriesPoint } from '../../domain/crossings.ts';
import { type Instant, instant } from '../../domain/instant.ts';

/** A few busy connections more than ever before are no climb yet. */
export const CONNECTIONS_CLEARANCE = 3;
/** What all pods together use varies by this much on a quiet day. */
export const MEMORY_CLEARANCE_BYTES = 64 * 1024 * 1024;

export interface TrendLimits {
  /** A present level below this is noise, however flat the time before was. */
  readonly noiseBelow: number;
}

/**
 * The first instant from which the series stayed above a third of its rise, from its level at the beginning to its
 * present one; null when it did not rise, or when it was high from the first point on, so that the rise was not seen.
 */
export function roseAt(points: readonly SeriesPoint[], limits: TrendLimits): Instant | null {
  const known = points.filter((point): point is readonly [number, number] => point[1] !== null);
  if (known.length < MINIMUM_POINTS) return null;
  const present = median(known.slice(-PRESENT_POINTS).map(([, value]) => value));
  const before = median(
    known.slice(0, Math.max(Math.floor(known.length / 4), PRESENT_POINTS)).map(([, value]) => value),
  );
  if (present < limits.noiseBelow || present < before * RISE_RATIO) return null;
  const first = startOfLastStay(known, before + (present - before) / 3);
  return first === null || first === 0 ? null : instant((known[first]?.[0] ?? 0) * 1000);
}

/**
 * When a slow climb began, by following it back from where it is clear of what the series was at the beginning; null
 * when it never was. `roseAt` is for jumps: of a climb it would name the middle.
 */
export function beganToRiseAt(points: readonly SeriesPoint[], clearance: number): Instant | null {
  const known = points.filter((point): point is readonly [number, number] => point[1] !== null);
  if (known.length < MINIMUM_POINTS) return null;
  const before = known.slice(0, Math.max(Math.floor(known.length / 4), PRESENT_POINTS)).map(([, value]) => value);
  const level = Math.max(...before);
  const clear = staysAbove(known, level + clearance);
  if (clear === null || clear <= 0) return null;
  const at = (index: number) => known[index]?.[0] ?? 0;
  const twice = staysAbove(known, level + 2 * clearance);
  const back = twice === null ? 0 : Math.min(at(twice) - at(clear), at(clear) - at(0));
  return instant((at(clear) - back) * 1000);
}

/** Index of the first point from which the series is above the level for some points on end; null when it never is. */
function staysAbove(known: readonly (readonly [number, number])[], level: number): number | null {
  const first = known.findIndex((_, index) => {
    const stay = known.slice(index, index + CLIMB_POINTS);
    return stay.length === CLIMB_POINTS && stay.every(([, value]) => value > level);
  });
  return first < 0 ? null : first;
}

/** At most `limit` points: the highest of each stretch, because a peak is what people look for. */
export function thinOut(points: readonly SeriesPoint[], limit: number): readonly SeriesPoint[] {
  if (points.length <= limit) return points;
  return Array.from({ length: limit }, (_, index): SeriesPoint => {
    const [from, until] = [
      Math.floor((index * points.length) / limit),
      Math.floor(((index + 1) * points.length) / limit),
    ];
    const stretch = points.slice(from, until);
    const [first] = stretch;
    return stretch.reduce(
      (highest, point) => ((point[1] ?? -Infinity) > (highest[1] ?? -Infinity) ? point : highest),
      first ?? [0, null],
    );
  });
}

/** The last value that is one; null when there is none. */
export function latest(points: readonly SeriesPoint[]): number | null {
  return points.findLast(([, value]) => value !== null)?.[1] ?? null;
}

const MINIMUM_POINTS = 8;
const PRESENT_POINTS = 3;
/** Higher for so long on end is no accident. */
const CLIMB_POINTS = 4;
/** Less than this above the level before is within what a day does. */
const RISE_RATIO = 1.5;
/** A scrape that fell out of line does not interrupt a rise. */
const DIP_POINTS = 1;

/** Index of the first point of the last unbroken stay above the level; null when the present is not above it. */
function startOfLastStay(known: readonly (readonly [number, number])[], level: number): number | null {
  let first: number | null = null;
  let dip = 0;
  for (let index = known.length - 1; index >= 0; index -= 1) {
    const above = (known[index]?.[1] ?? 0) > level;
    dip = above ? 0 : dip + 1;
    if (above) first = index;
    if (dip > DIP_POINTS) break;
  }
  return first;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
