import { describe, expect, it } from 'vitest';
import { exactPercent, percent, secondsWords, sure } from '../../src/domain/format.ts';

describe('figures as people read them', () => {
  it('are percents in one form, with a decimal only where it says something', () => {
    expect([0.45, 0.005, 0.05, 0, 1, null].map(percent)).toEqual(['45%', '0.5%', '5%', '0%', '100%', 'not known']);
    expect([0.453, 0.1004].map(exactPercent)).toEqual(['45.3%', '10%']);
    expect(sure(0.824)).toBe('82% sure');
  });

  it('are milliseconds below a second', () => {
    expect([0.42, 1, 4.25, 12, null].map(secondsWords)).toEqual(['420 ms', '1 s', '4.3 s', '12 s', 'not known']);
  });
});
