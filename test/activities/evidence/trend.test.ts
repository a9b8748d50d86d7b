import { describe, expect, it } from 'vitest';
import { beganToRiseAt, roseAt, thinOut } from '../../../src/activities/evidence/trend.ts';
import type { SeriesPoint } from '../../../src/domain/crossings.ts';
import { epochMs, plusMinutes } from '../../../src/domain/instant.ts';

const START = '2024-10-23T12:30:00.000Z';
const series = (values: readonly (number | null)[]): SeriesPoint[] =>
  values.map((value, minute) => [epochMs(START) / 1000 + minute * 60, value]);
const flat = (count: number, value: number): number[] => Array.from({ length: count }, () => value);
const noise = { noiseBelow: 0.01 };

describe('when a climb began', () => {
  it('follows it back to its foot, where a jump would be dated to its middle', () => {
    const climb = Array.from({ length: 30 }, (_, minute) => 4 + 3 * minute);
    const points = series([...flat(90, 4), ...climb]);
    expect(beganToRiseAt(points, 6)).toBe(plusMinutes(START, 91));
    expect(roseAt(points, noise)).not.toBe(plusMinutes(START, 91));
  });

  it('is null for what only varies, for a single peak, and for too little', () => {
    expect(beganToRiseAt(series(Array.from({ length: 120 }, (_, minute) => 4 + (minute % 3))), 3)).toBeNull();
    expect(beganToRiseAt(series([...flat(90, 4), 60, ...flat(20, 4)]), 3)).toBeNull();
    expect(beganToRiseAt(series([1, 50, 60]), 3)).toBeNull();
  });
});

describe('when a series rose', () => {
  it('names the first minute of the stay above a third of the rise', () => {
    expect(roseAt(series([...flat(120, 0.002), 0.05, 0.2, 0.44, 0.45, 0.45]), noise)).toBe(plusMinutes(START, 121));
  });

  it('is null for a flat series, for noise, for too few points and for nothing', () => {
    expect(roseAt(series(flat(120, 0.3)), noise)).toBeNull();
    expect(roseAt(series([...flat(100, 0.001), ...flat(20, 0.008)]), noise)).toBeNull();
    expect(roseAt(series([0, 0.5, 0.5]), noise)).toBeNull();
    expect(roseAt(series(Array.from({ length: 50 }, () => null)), noise)).toBeNull();
  });

  it('measures from the level before, not from zero', () => {
    expect(roseAt(series([...flat(60, 0.6), 1, 1.6, 3, 3, 3]), noise)).toBe(plusMinutes(START, 61));
  });

  it('takes the latest rise after a relapse, and looks over gaps and a single dip', () => {
    expect(roseAt(series([...flat(60, 0), ...flat(10, 0.4), ...flat(20, 0), ...flat(5, 0.4)]), noise)).toBe(
      plusMinutes(START, 90),
    );
    expect(roseAt(series([...flat(60, 0), 0.4, 0.4, null, 0.4, 0, 0.4, 0.4, 0.4]), noise)).toBe(plusMinutes(START, 60));
  });
});

describe('thinning out', () => {
  it('keeps the peaks', () => {
    const thin = thinOut(series([...flat(100, 1), 9, ...flat(99, 1)]), 20);
    expect(thin).toHaveLength(20);
    expect(Math.max(...thin.map(([, value]) => value ?? 0))).toBe(9);
  });
});
