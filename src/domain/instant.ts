/** An instant as an ISO 8601 string in UTC with milliseconds, e.g. `2024-10-23T14:30:00.000Z`. */
export type Instant = string;

/** Milliseconds since the epoch of an instant. */
export function epochMs(at: Instant): number {
  return Date.parse(at);
}

export function instant(ms: number): Instant {
  return new Date(ms).toISOString();
}

export function plusSeconds(at: Instant, seconds: number): Instant {
  return instant(epochMs(at) + seconds * 1000);
}

export function plusMinutes(at: Instant, minutes: number): Instant {
  return plusSeconds(at, minutes * 60);
}

/** Seconds from `from` to `to`; negative when `to` is earlier. */
export function secondsBetween(from: Instant, to: Instant): number {
  return (epochMs(to) - epochMs(from)) / 1000;
}

export function isBefore(a: Instant, b: Instant): boolean {
  return epochMs(a) < epochMs(b);
}

export function laterOf(a: Instant, b: Instant): Instant {
  return isBefore(a, b) ? b : a;
}

export function earlierOf(a: Instant, b: Instant): Instant {
  return isBefore(b, a) ? b : a;
}

/** `14:35` of an instant, in UTC, as the runbook writes its messages (R4.1). */
export function clockTimeUtc(at: Instant): string {
  return at.slice(11, 16);
}
