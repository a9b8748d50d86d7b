import { describe, expect, it } from 'vitest';
import { instantOf, minutesOf, severityOf } from '../../src/domain/written.ts';

describe('what people write', () => {
  it.each([
    ['30m', 30],
    ['45', 45],
    ['1h30m', 90],
    ['1.5h', 90],
    ['1h 30min', 90],
    ['2 Hours', 120],
    ['2d', 2_880],
    ['45s', 0.75],
    ['', null],
    ['0m', null],
    ['5y', null],
    ['soon', null],
  ])('a length of time: "%s"', (text, minutes) => {
    expect(minutesOf(text)).toBe(minutes);
  });

  const now = '2024-10-23T14:50:20.000Z';
  it.each([
    ['15:00', '2024-10-23T15:00:00.000Z'],
    ['15:00 UTC', '2024-10-23T15:00:00.000Z'],
    [' 15:00Z ', '2024-10-23T15:00:00.000Z'],
    ['9:05', '2024-10-24T09:05:00.000Z'],
    ['2024-10-23T17:00+02:00', '2024-10-23T15:00:00.000Z'],
    ['2024-10-23 15:00Z', '2024-10-23T15:00:00.000Z'],
    ['2024-10-23T17:00', null],
    ['24:00', null],
    ['later', null],
  ])('a time: "%s"', (text, at) => {
    expect(instantOf(text, now)).toBe(at);
  });

  it('means now by the minute that is running, and tomorrow by the one before', () => {
    expect(instantOf('14:50', now)).toBe('2024-10-23T14:50:00.000Z');
    expect(instantOf('14:49', now)).toBe('2024-10-24T14:49:00.000Z');
  });

  it('a severity', () => {
    expect(['p1', ' P0', 'P4', 'high', ''].map(severityOf)).toEqual(['P1', 'P0', null, null, null]);
  });
});
