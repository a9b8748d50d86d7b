import { epochMs, type Instant, instant } from './instant.ts';
import { SEVERITIES, type Severity } from './severity.ts';

/** What people write for times, lengths of time and severities, read alike by the command line, Slack, console and API. */

const LENGTH = /(\d+(?:\.\d+)?)(d(?:ays?)?|h(?:ours?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)?/iy;
const MINUTES: Readonly<Record<string, number>> = { d: 1440, h: 60, m: 1, s: 1 / 60 };
export const LENGTH_ADVICE = 'Give a length of time such as 30m, 2h or 1h30m.';

/** Minutes of `30m`, `1h30m`, `1.5h`, `2d`, `45s`, or a bare number of minutes; null for anything else. */
export function minutesOf(text: string): number | null {
  const written = text.replace(/\s+/g, '');
  let minutes = 0;
  LENGTH.lastIndex = 0;
  while (LENGTH.lastIndex < written.length) {
    const part = LENGTH.exec(written);
    if (part === null) return null;
    minutes += Number(part[1]) * (MINUTES[(part[2] ?? 'm')[0]?.toLowerCase() ?? ''] ?? 0);
  }
  return minutes > 0 ? minutes : null;
}

const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)\s*(?:UTC|Z)?$/i;
const WITH_ZONE = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$/i;
export const INSTANT_ADVICE = 'Give a UTC clock time such as 15:00, or an instant such as 2024-10-23T15:00Z.';

/**
 * An instant from `2024-10-23T15:00Z`, or from `15:00`, `9:05` or `15:00 UTC`: the next time the clock shows it; the
 * minute that is running counts. Null when it is neither.
 */
export function instantOf(text: string, now: Instant): Instant | null {
  const written = text.trim();
  const clock = CLOCK.exec(written);
  if (clock !== null) {
    const today = epochMs(`${now.slice(0, 10)}T${(clock[1] ?? '').padStart(2, '0')}:${clock[2]}:00.000Z`);
    return instant(today + 60_000 > epochMs(now) ? today : today + 24 * 3_600_000);
  }
  const ms = WITH_ZONE.test(written) ? Date.parse(written) : Number.NaN;
  return Number.isNaN(ms) ? null : instant(ms);
}

/** `P0, P1, P2 or P3`. */
export const SEVERITY_WORDS = `${SEVERITIES.slice(0, -1).join(', ')} or ${SEVERITIES.at(-1)}`;
export const SEVERITY_ADVICE = `Give ${SEVERITY_WORDS}.`;

export function severityOf(text: string): Severity | null {
  const written = text.trim().toUpperCase();
  return SEVERITIES.find((severity) => severity === written) ?? null;
}
