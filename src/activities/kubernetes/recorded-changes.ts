import type { AnyObject } from './objects.ts';

/** Written with the change: what these fields said before and what we made them say; the way back (R3.3.5). */
export const BEFORE_ANNOTATION = 'incident-runbook/before';

export interface RecordedChange {
  /** Null when the object was not there before us. */
  readonly previous: unknown;
  readonly applied: unknown;
}

export function recordedChange(live: AnyObject): RecordedChange | null {
  try {
    return JSON.parse(live.metadata.annotations[BEFORE_ANNOTATION] ?? 'null') as RecordedChange | null;
  } catch {
    return null;
  }
}
