import { type Instant, instant } from './instant.ts';

/** A series went over a limit, or came back under it. */
export interface Crossing {
  readonly at: Instant;
  readonly to: 'above' | 'below';
  readonly limit: number;
  /** The highest value while it was above, the lowest while it was below, as far as it was seen. */
  readonly extreme: number;
}

/** A single point on the other side is a scrape that fell out of line. */
const STAY_POINTS = 2;
/** Of a series that flutters round its limit the first and the last are told: how it began, and how it ended. */
const FIRST_CROSSINGS = 4;
const LAST_CROSSINGS = 4;

/**
 * Every time the series crossed the limit for some points on end, dated by the first of them. What it was at the first
 * point is no crossing: nobody saw it come.
 */
export function crossings(points: readonly SeriesPoint[], limit: number): readonly Crossing[] {
  const known = points.filter((point): point is readonly [number, number] => Number.isFinite(point[1] ?? Number.NaN));
  const found: Crossing[] = [];
  let above = (known[0]?.[1] ?? 0) > limit;
  let from = 0;
  const close = (until: number): void => {
    const last = found.pop();
    if (last === undefined) return;
    const values = known.slice(from, until).map(([, value]) => value);
    found.push({ ...last, extreme: last.to === 'above' ? Math.max(...values) : Math.min(...values) });
  };
  known.forEach(([atSeconds, value], index) => {
    if (value > limit === above || !stays(known, index, limit)) return;
    close(index);
    above = !above;
    from = index;
    found.push({ at: instant(atSeconds * 1000), to: above ? 'above' : 'below', limit, extreme: value });
  });
  close(known.length);
  if (found.length <= FIRST_CROSSINGS + LAST_CROSSINGS) return found;
  return [...found.slice(0, FIRST_CROSSINGS), ...found.slice(-LAST_CROSSINGS)];
}

function stays(known: readonly (readonly [number, number])[], from: number, limit: number): boolean {
  const side = (known[from]?.[1] ?? 0) > limit;
  const stay = known.slice(from, from + STAY_POINTS);
  return stay.length === STAY_POINTS && stay.every(([, value]) => value > limit === side);
}

/** One point of a series; null is a gap, never zero. */
export type SeriesPoint = readonly [atSeconds: number, value: number | null];
