import { epochMs, type Instant, instant } from './instant.ts';

/*
 * Arithmetic on people's clocks. Every function is given its instants and reads no clock, but the data about time
 * zones comes with the Node build and may differ between two workers: call these in activities only and keep the
 * answer on the timeline, never in workflow code, where a replay could come out differently.
 */

/** A calendar day without a time: `2026-03-29`. */
type Day = string;

const DAY_MS = 86_400_000;
/** Longest search for a business day: two years of holidays are a mistake in the policy, not a calendar. */
const MAXIMUM_DAYS = 731;

/** `days` are the working days, 1 is Monday and 7 Sunday; `holidays` are ISO dates in that time zone. */
export interface BusinessDayQuestion {
  readonly after: Instant;
  /** Time of day, `10:00`. */
  readonly at: string;
  readonly timeZone: string;
  readonly holidays: readonly string[];
  readonly days: readonly number[];
}

/** `at` on the first business day after the calendar day of `after` (R6.1: "next business day 10:00"). */
export function nextBusinessDayAt(question: BusinessDayQuestion): Instant {
  let day = dayOf(question.after, question.timeZone);
  for (let step = 0; step < MAXIMUM_DAYS; step += 1) {
    day = nextDay(day);
    if (isBusinessDay(day, question.days, question.holidays)) return zonedInstant(day, question.at, question.timeZone);
  }
  throw new RangeError(
    `There is no business day within ${MAXIMUM_DAYS} days after ${question.after}: look at the policy's holidays and working days.`,
  );
}

export interface WindowQuestion {
  readonly after: Instant;
  /** Times of day. A window whose `to` is not after its `from` reaches into the next day. */
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
}

/**
 * The first daily window that ends after `after`: the one that is open then, or else the next (R5.8). On the day a
 * clock change swallows the window's beginning it begins when the clock goes on; a day on which nothing of it is
 * left is passed over.
 */
export function nextWindow(question: WindowQuestion): { readonly startsAt: Instant; readonly endsAt: Instant } {
  const overnight = question.to <= question.from;
  let day = previousDay(dayOf(question.after, question.timeZone));
  for (let step = 0; step < MAXIMUM_DAYS; step += 1) {
    const startsAt = zonedInstant(day, question.from, question.timeZone);
    const endsAt = zonedInstant(overnight ? nextDay(day) : day, question.to, question.timeZone);
    if (epochMs(endsAt) > epochMs(question.after) && epochMs(endsAt) > epochMs(startsAt)) return { startsAt, endsAt };
    day = nextDay(day);
  }
  throw new RangeError(`No window from ${question.from} to ${question.to} comes after ${question.after}.`);
}

export interface WorkingHours {
  readonly from: string;
  readonly to: string;
  readonly days: readonly number[];
}

/** Whether people are at work: `[from, to)` on a working day that is no holiday. */
export function isWorkingHours(
  at: Instant,
  hours: WorkingHours,
  timeZone: string,
  holidays: readonly string[] = [],
): boolean {
  const { day, clock } = zonedParts(epochMs(at), timeZone);
  return isBusinessDay(day, hours.days, holidays) && clock.slice(0, 5) >= hours.from && clock.slice(0, 5) < hours.to;
}

/** The first instant from `at` on that is within working hours; for what can wait until morning (P3). */
export function nextWorkingInstant(
  at: Instant,
  hours: WorkingHours,
  timeZone: string,
  holidays: readonly string[] = [],
): Instant {
  if (isWorkingHours(at, hours, timeZone, holidays)) return at;
  const today = dayOf(at, timeZone);
  const begin = zonedInstant(today, hours.from, timeZone);
  if (isBusinessDay(today, hours.days, holidays) && epochMs(begin) > epochMs(at)) return begin;
  return nextBusinessDayAt({ after: at, at: hours.from, timeZone, holidays, days: hours.days });
}

/** `2024-10-23 16:15`: what clocks of a time zone show. Throws RangeError for a time zone that does not exist. */
export function zonedMinute(at: Instant, timeZone: string): string {
  const { day, clock } = zonedParts(epochMs(at), timeZone);
  return `${day} ${clock.slice(0, 5)}`;
}

/**
 * The instant at which clocks of a time zone show `time` on `day`. A time that occurs twice (clocks go back) is the
 * first of the two; one that never occurs (clocks go forward) is the instant at which the clocks jump over it.
 * Throws RangeError for a time zone that does not exist.
 */
export function zonedInstant(day: Day, time: string, timeZone: string): Instant {
  const wanted = Date.parse(`${day}T${time}:00.000Z`);
  // The two offsets in use around that day; the right instant is the wanted reading less one of them.
  const offsets = [offsetMs(wanted - DAY_MS, timeZone), offsetMs(wanted + DAY_MS, timeZone)];
  const candidates = offsets.map((offset) => wanted - offset).sort((a, b) => a - b);
  for (const candidate of candidates) {
    if (candidate + offsetMs(candidate, timeZone) === wanted) return instant(candidate);
  }
  return instant(jumpBetween(candidates[0] ?? wanted, candidates[1] ?? wanted, wanted, timeZone));
}

/** First millisecond whose clock reading is past a reading that never occurs. */
function jumpBetween(fromMs: number, toMs: number, wanted: number, timeZone: string): number {
  let before = fromMs;
  let after = toMs;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + offsetMs(middle, timeZone) < wanted) before = middle;
    else after = middle;
  }
  return after;
}

function offsetMs(ms: number, timeZone: string): number {
  const { day, clock } = zonedParts(ms, timeZone);
  const whole = Math.floor(ms / 1000) * 1000;
  return Date.parse(`${day}T${clock}.000Z`) - whole;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What calendars and clocks of a time zone show: `2026-03-29`, `03:00:00`. */
function zonedParts(ms: number, timeZone: string): { readonly day: Day; readonly clock: string } {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA-u-ca-iso8601-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
  return {
    day: `${parts.year}-${parts.month}-${parts.day}`,
    clock: `${parts.hour}:${parts.minute}:${parts.second}`,
  };
}

function dayOf(at: Instant, timeZone: string): Day {
  return zonedParts(epochMs(at), timeZone).day;
}

function nextDay(day: Day): Day {
  return instant(Date.parse(`${day}T00:00:00.000Z`) + DAY_MS).slice(0, 10);
}

function previousDay(day: Day): Day {
  return instant(Date.parse(`${day}T00:00:00.000Z`) - DAY_MS).slice(0, 10);
}

function isBusinessDay(day: Day, days: readonly number[], holidays: readonly string[]): boolean {
  const sundayIsZero = new Date(`${day}T00:00:00.000Z`).getUTCDay();
  return days.includes(sundayIsZero === 0 ? 7 : sundayIsZero) && !holidays.includes(day);
}
