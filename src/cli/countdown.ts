import { epochMs, type Instant, instant } from '../domain/instant.ts';

/**
 * Incident time now. In production it is the wall clock; a demo that hurries counts `speed` incident seconds to a
 * second from the opening on. What the gateway last said is never undercut.
 */
export function incidentNow(openedAt: Instant, saidAt: Instant | null, wallMs: number, speed: number): Instant {
  const openedMs = epochMs(openedAt);
  const counted = speed === 1 ? wallMs : openedMs + (wallMs - openedMs) * speed;
  return instant(Math.max(counted, saidAt === null ? 0 : epochMs(saidAt)));
}

/** `in 4 min`, `in 40 s`, `now`, `3 min overdue`: short enough for a column, largest units only. */
export function countdown(dueAt: Instant, now: Instant): string {
  const seconds = Math.round((epochMs(dueAt) - epochMs(now)) / 1000);
  if (seconds === 0) return 'now';
  return seconds > 0 ? `in ${span(seconds)}` : `${span(-seconds)} overdue`;
}

/** `40 s`, `12 min`, `1 h 5 min`, `3 d 4 h`. */
export function span(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const PART = /(\d+(?:\.\d+)?)(d|h|m|min|s)?/y;
const MINUTES: Readonly<Record<string, number>> = { d: 1440, h: 60, m: 1, min: 1, s: 1 / 60 };

/** Minutes of `30m`, `1h30m`, `2h`, `45s`, or a bare number of minutes; null for anything else. */
export function minutesOf(text: string): number | null {
  let minutes = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    if (part === null) return null;
    minutes += Number(part[1]) * (MINUTES[part[2] ?? 'm'] ?? 0);
  }
  return minutes > 0 ? minutes : null;
}

/** An instant from `2024-10-23T15:00Z`, or from `15:00` (UTC): the next time the clock shows it. Null when neither. */
export function instantOf(text: string, now: Instant): Instant | null {
  const clock = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock !== null) {
    const today = epochMs(`${now.slice(0, 10)}T${text}:00.000Z`);
    return instant(today > epochMs(now) ? today : today + 24 * 3_600_000);
  }
  const hasZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$/.test(text);
  const ms = hasZone ? epochMs(text) : Number.NaN;
  return Number.isNaN(ms) ? null : instant(ms);
}
