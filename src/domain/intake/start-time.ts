import { epochMs, type Instant, instant, plusMinutes } from '../instant.ts';
import type { IntakePolicy } from '../policy.ts';

export interface SettledStart {
  readonly detectedAt: Instant;
  /** Annotations that say what was changed; none when the source's time was taken as it is. */
  readonly notes: Readonly<Record<string, string>>;
}

/**
 * When the problem was detected: the source's own time within policy's limits, because clocks, windows and the
 * incident's name start from it. Null when the text is no time at all; a missing one is the time of receipt.
 */
export function settleStart(text: string | null, intake: IntakePolicy, receivedAt: Instant): SettledStart | null {
  if (text === null || text === '') {
    return { detectedAt: receivedAt, notes: { clock: 'The source gave no start time; the time of receipt is used.' } };
  }
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return null;
  const earliestMs = epochMs(plusMinutes(receivedAt, -60 * intake.maximumAgeHours));
  const latestMs = epochMs(plusMinutes(receivedAt, intake.maximumClockSkewMinutes));
  if (ms < earliestMs) {
    const words = `The source says it started at ${text.slice(0, 40)}, more than ${intake.maximumAgeHours} h before it arrived.`;
    return { detectedAt: instant(earliestMs), notes: { clock: words } };
  }
  if (ms > latestMs) {
    const words = `The source says it starts at ${text.slice(0, 40)}, after it arrived; its clock is more than ${intake.maximumClockSkewMinutes} min ahead.`;
    return { detectedAt: receivedAt, notes: { clock: words } };
  }
  // Within the skew that policy allows, a start in the future is a clock that is a little ahead.
  return { detectedAt: instant(Math.min(ms, epochMs(receivedAt))), notes: {} };
}
