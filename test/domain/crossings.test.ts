import { describe, expect, it } from 'vitest';
import type { SeriesPoint } from '../../src/domain/crossings.ts';
import { crossings } from '../../src/domain/crossings.ts';

/** A point a minute from the epoch on. */
const series = (...values: readonly (number | null)[]): readonly SeriesPoint[] =>
  values.map((value, index) => [index * 60, value]);
const told = (points: readonly SeriesPoint[], limit = 80) =>
  crossings(points, limit).map(({ at, to, extreme }) => `${at.slice(14, 16)} ${to} ${extreme}`);

describe('crossings of a limit (R5.5)', () => {
  it('dates each by the first point of a stay, with the highest and the lowest that was seen of it', () => {
    expect(told(series(5, 5, 90, 100, 95, 7, 5, 6, 91, 92))).toEqual(['02 above 100', '05 below 5', '08 above 92']);
  });

  it('takes neither one point out of line nor a gap for a crossing, and the limit itself is not above it', () => {
    expect(told(series(5, 99, 5, 80, 80, null, null, 5))).toEqual([]);
    expect(told(series(5, null, 99, null, 99, 4))).toEqual(['02 above 99']);
    expect(told(series(5, 99, 99, 5, 99, 99))).toEqual(['01 above 99']);
    expect(told(series(5, 5, 99))).toEqual([]);
  });

  it('says nothing of what was there before anybody looked', () => {
    expect(told(series(99, 99, 99, 5, 5))).toEqual(['03 below 5']);
    expect(told([])).toEqual([]);
    expect(told(series(null, Number.NaN, Number.POSITIVE_INFINITY))).toEqual([]);
  });

  it('keeps how a fluttering series began and how it ended', () => {
    const flutter = series(1, 1, ...Array.from({ length: 40 }, (_, index) => (index % 4 < 2 ? 99 : 1)));
    const all = told(flutter);
    expect(all).toHaveLength(8);
    expect(all[0]).toMatch(/^02 above/);
    expect(all.at(-1)).toMatch(/^40 below|^38 above/);
  });
});
