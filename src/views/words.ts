import { clockTimeUtc, type Instant, secondsBetween } from '../domain/instant.ts';
import type { PublicStatus } from '../domain/timeline.ts';

/** `35 minutes`, `1 hour 5 minutes`, `45 seconds`: the two largest units, as the runbook writes durations (R6.2). */
export function durationWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return counted(whole, 'second');
  const minutes = Math.round(whole / 60);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const rest = minutes % 60;
  const parts = [counted(days, 'day'), counted(hours, 'hour'), counted(rest, 'minute')];
  const present = parts.filter((part) => !part.startsWith('0 '));
  return present.slice(0, 2).join(' ');
}

export function durationBetween(from: Instant, to: Instant): string {
  return durationWords(secondsBetween(from, to));
}

/** `1 minute`, `2 minutes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `14:50 UTC` on the day of `today`, `2024-10-24 09:00 UTC` on another: a bare clock time would mislead there. */
export function timeUtc(at: Instant, today: Instant): string {
  return `${clockUtc(at, today)} UTC`;
}

/** As above without the zone, for texts that write `UTC` themselves. */
export function clockUtc(at: Instant, today: Instant): string {
  return dateOf(at) === dateOf(today) ? clockTimeUtc(at) : `${dateOf(at)} ${clockTimeUtc(at)}`;
}

/** `2024-10-23`. */
export function dateOf(at: Instant): string {
  return at.slice(0, 10);
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** `October 23, 2024`, as the runbook's summary begins. */
export function longDate(at: Instant): string {
  return `${monthOf(at)} ${Number(at.slice(8, 10))}, ${at.slice(0, 4)}`;
}

/** `Oct 23`, as the runbook's summary for #engineering dates an incident. */
export function shortDate(at: Instant): string {
  return `${monthOf(at).slice(0, 3)} ${Number(at.slice(8, 10))}`;
}

function monthOf(at: Instant): string {
  return MONTHS[Number(at.slice(5, 7)) - 1] ?? at.slice(5, 7);
}

const STATUS_WORDS: Readonly<Record<PublicStatus, string>> = {
  investigating: 'Investigating',
  identified: 'Identified',
  monitoring: 'Monitoring',
  resolved: 'Resolved',
};

export function statusWords(status: PublicStatus): string {
  return STATUS_WORDS[status];
}

/** `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

export function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
