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
