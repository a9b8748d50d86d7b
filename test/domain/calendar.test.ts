import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isWorkingHours,
  nextBusinessDayAt,
  nextWindow,
  nextWorkingInstant,
  zonedInstant,
  zonedMinute,
} from '../../src/domain/calendar.ts';
import { epochMs, instant } from '../../src/domain/instant.ts';

const WEEK = [1, 2, 3, 4, 5];
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'America/St_Johns',
  'Pacific/Apia',
  'Africa/Casablanca',
];
const anyInstant = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) }).map(instant);
const anyTime = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);

/** What a clock on the wall shows; an oracle of its own, by another locale. */
function reading(at: string, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(epochMs(at));
}

describe('zonedInstant', () => {
  it.each([
    ['2024-10-24', '10:00', 'UTC', '2024-10-24T10:00:00.000Z'],
    ['2026-03-29', '01:59', 'Europe/Berlin', '2026-03-29T00:59:00.000Z'],
    ['2026-03-29', '02:30', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
    ['2026-03-29', '03:00', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
    ['2026-10-25', '02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-03-08', '02:15', 'America/New_York', '2026-03-08T07:00:00.000Z'],
    ['2026-11-01', '01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['2026-10-04', '02:10', 'Australia/Lord_Howe', '2026-10-03T15:30:00.000Z'],
    ['2026-06-01', '09:30', 'Asia/Kolkata', '2026-06-01T04:00:00.000Z'],
  ])('%s %s in %s is %s', (day, time, zone, expected) => {
    expect(zonedInstant(day, time, zone)).toBe(expected);
  });

  it('is the first instant at which the clock shows the time, or jumps over it', () => {
    fc.assert(
      fc.property(anyInstant, anyTime, fc.constantFrom(...ZONES), (at, time, zone) => {
        const day = at.slice(0, 10);
        const found = zonedInstant(day, time, zone);
        const wanted = `${day} ${time}`;
        expect(reading(found, zone) >= wanted).toBe(true);
        expect(reading(instant(epochMs(found) - 60_000), zone) < wanted).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('refuses a zone that does not exist', () => {
    expect(() => zonedInstant('2026-01-01', '10:00', 'Mars/Olympus')).toThrow(RangeError);
  });
});

describe('zonedMinute', () => {
  it('says what the clock on the wall shows, over midnight and over a change of the clocks', () => {
    fc.assert(
      fc.property(anyInstant, fc.constantFrom(...ZONES), (at, zone) => {
        expect(zonedMinute(at, zone)).toBe(reading(at, zone));
      }),
    );
    expect(zonedMinute('2026-12-31T23:30:00.000Z', 'Europe/Berlin')).toBe('2027-01-01 00:30');
  });
});

describe('nextBusinessDayAt (R6.1)', () => {
  it.each([
    ['a Wednesday', '2024-10-23T15:05:00.000Z', [], '2024-10-24T10:00:00.000Z'],
    ['a Friday', '2024-10-25T15:05:00.000Z', [], '2024-10-28T10:00:00.000Z'],
    ['a Saturday', '2024-10-26T03:00:00.000Z', [], '2024-10-28T10:00:00.000Z'],
    ['a day before holidays', '2024-12-24T12:00:00.000Z', ['2024-12-25', '2024-12-26'], '2024-12-27T10:00:00.000Z'],
    ['the early morning of a working day', '2024-10-23T03:00:00.000Z', [], '2024-10-24T10:00:00.000Z'],
  ])('after %s', (_, after, holidays, expected) => {
    expect(nextBusinessDayAt({ after, at: '10:00', timeZone: 'UTC', holidays, days: WEEK })).toBe(expected);
  });

  const GERMAN = ['2026-12-25', '2026-12-26', '2027-01-01', '2027-03-26', '2027-03-29', '2026-06-04', '2026-06-05'];
  it.each([
    [
      'just before midnight of the team, an hour before that of UTC',
      '2026-06-01T21:59:59.999Z',
      '2026-06-02T08:00:00.000Z',
    ],
    [
      'just after midnight of the team, still the day before in UTC',
      '2026-06-01T22:00:00.000Z',
      '2026-06-03T08:00:00.000Z',
    ],
    ['after ten on a working day', '2026-06-02T08:00:01.000Z', '2026-06-03T08:00:00.000Z'],
    ['before ten on a working day', '2026-06-02T07:59:59.000Z', '2026-06-03T08:00:00.000Z'],
    ['a day before two holidays before a weekend', '2026-06-03T12:00:00.000Z', '2026-06-08T08:00:00.000Z'],
    ['a holiday itself', '2026-06-04T12:00:00.000Z', '2026-06-08T08:00:00.000Z'],
    [
      'a Friday that is a holiday, over a weekend, with a Monday that is one, over a change of the clocks',
      '2027-03-25T12:00:00.000Z',
      '2027-03-30T08:00:00.000Z',
    ],
    [
      'the eve of Christmas on a Thursday, whose second day is a Saturday',
      '2026-12-24T12:00:00.000Z',
      '2026-12-28T09:00:00.000Z',
    ],
    ['the last day of the year', '2026-12-31T22:30:00.000Z', '2027-01-04T09:00:00.000Z'],
    ['the first minutes of a year that is not one yet in UTC', '2026-12-31T23:30:00.000Z', '2027-01-04T09:00:00.000Z'],
  ])('of a team in Berlin: after %s', (_, after, expected) => {
    const question = { at: '10:00', timeZone: 'Europe/Berlin', holidays: GERMAN, days: WEEK };
    expect(nextBusinessDayAt({ ...question, after })).toBe(expected);
  });

  it('keeps ten o’clock over a change of the clocks', () => {
    const question = { at: '10:00', timeZone: 'Europe/Berlin', holidays: [], days: WEEK };
    expect(nextBusinessDayAt({ ...question, after: '2026-03-27T12:00:00.000Z' })).toBe('2026-03-30T08:00:00.000Z');
    expect(nextBusinessDayAt({ ...question, after: '2026-10-23T12:00:00.000Z' })).toBe('2026-10-26T09:00:00.000Z');
  });

  it('is always later, on a working day, at that time', () => {
    fc.assert(
      fc.property(
        anyInstant,
        fc.constantFrom(...ZONES),
        fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
        (after, timeZone, days) => {
          const found = nextBusinessDayAt({ after, at: '10:00', timeZone, holidays: [], days });
          expect(epochMs(found)).toBeGreaterThan(epochMs(after));
          expect(reading(found, timeZone).slice(11)).toBe('10:00');
          expect(reading(found, timeZone).slice(0, 10) > reading(after, timeZone).slice(0, 10)).toBe(true);
          const weekday = new Date(`${reading(found, timeZone).slice(0, 10)}T00:00:00Z`).getUTCDay() || 7;
          expect(days).toContain(weekday);
        },
      ),
    );
  });

  it('says so when there is no business day at all', () => {
    expect(() =>
      nextBusinessDayAt({ after: '2026-01-01T00:00:00.000Z', at: '10:00', timeZone: 'UTC', holidays: [], days: [] }),
    ).toThrow(/no business day/);
  });
});

describe('nextWindow (R5.8)', () => {
  const NIGHT = { from: '02:00', to: '04:00', timeZone: 'UTC' };

  it.each([
    ['before it', '2024-10-23T15:05:00.000Z', '2024-10-24T02:00:00.000Z'],
    ['within it', '2024-10-24T03:00:00.000Z', '2024-10-24T02:00:00.000Z'],
    ['at its end', '2024-10-24T04:00:00.000Z', '2024-10-25T02:00:00.000Z'],
  ])('%s', (_, after, startsAt) => {
    expect(nextWindow({ ...NIGHT, after }).startsAt).toBe(startsAt);
  });

  it('reaches over midnight, and is short on the night when the clocks go forward', () => {
    const over = { from: '23:30', to: '01:30', timeZone: 'Europe/Berlin' };
    expect(nextWindow({ ...over, after: '2026-06-01T22:30:00.000Z' })).toEqual({
      startsAt: '2026-06-01T21:30:00.000Z',
      endsAt: '2026-06-01T23:30:00.000Z',
    });
    expect(
      nextWindow({ from: '02:00', to: '04:00', timeZone: 'Europe/Berlin', after: '2026-03-28T12:00:00.000Z' }),
    ).toEqual({ startsAt: '2026-03-29T01:00:00.000Z', endsAt: '2026-03-29T02:00:00.000Z' });
    // 02:10–02:50 does not exist on that night, so the window is the next night's.
    expect(
      nextWindow({ from: '02:10', to: '02:50', timeZone: 'Europe/Berlin', after: '2026-03-28T12:00:00.000Z' }).startsAt,
    ).toBe('2026-03-30T00:10:00.000Z');
  });

  it('never ends before it begins and never is over already', () => {
    fc.assert(
      fc.property(anyInstant, anyTime, anyTime, fc.constantFrom(...ZONES), (after, from, to, timeZone) => {
        fc.pre(from !== to);
        const { startsAt, endsAt } = nextWindow({ after, from, to, timeZone });
        expect(epochMs(endsAt)).toBeGreaterThan(epochMs(after));
        expect(epochMs(endsAt)).toBeGreaterThan(epochMs(startsAt));
        expect(epochMs(startsAt) - epochMs(after)).toBeLessThan(3 * 86_400_000);
      }),
      { numRuns: 300 },
    );
  });
});

describe('working hours', () => {
  const hours = { from: '09:00', to: '17:00', days: WEEK };

  it('begin included, end excluded, holidays off', () => {
    expect(isWorkingHours('2024-10-23T09:00:00.000Z', hours, 'UTC')).toBe(true);
    expect(isWorkingHours('2024-10-23T17:00:00.000Z', hours, 'UTC')).toBe(false);
    expect(isWorkingHours('2024-10-26T12:00:00.000Z', hours, 'UTC')).toBe(false);
    expect(isWorkingHours('2024-10-23T12:00:00.000Z', hours, 'UTC', ['2024-10-23'])).toBe(false);
  });

  it('the next working instant is now, this morning or the next business day', () => {
    expect(nextWorkingInstant('2024-10-23T12:00:00.000Z', hours, 'UTC')).toBe('2024-10-23T12:00:00.000Z');
    expect(nextWorkingInstant('2024-10-23T03:00:00.000Z', hours, 'UTC')).toBe('2024-10-23T09:00:00.000Z');
    expect(nextWorkingInstant('2024-10-25T18:00:00.000Z', hours, 'UTC')).toBe('2024-10-28T09:00:00.000Z');
  });
});
