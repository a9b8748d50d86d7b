import { describe, expect, it } from 'vitest';
import { durationWords, longDate, shortDate, timeUtc } from '../../src/views/words.ts';

describe('words', () => {
  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [59.4, '59 seconds'],
    [60, '1 minute'],
    [2100, '35 minutes'],
    [3600, '1 hour'],
    [3900, '1 hour 5 minutes'],
    [86_400, '1 day'],
    [93_600, '1 day 2 hours'],
    [-5, '0 seconds'],
  ])('says %d seconds as %s', (seconds, words) => {
    expect(durationWords(seconds)).toBe(words);
  });

  it('says times and dates', () => {
    expect(timeUtc('2024-10-24T09:00:00.000Z', '2024-10-23T14:00:00.000Z')).toBe('2024-10-24 09:00 UTC');
    expect(longDate('2024-10-23T00:00:00.000Z')).toBe('October 23, 2024');
    expect(shortDate('2024-10-03T00:00:00.000Z')).toBe('Oct 3');
  });
});
