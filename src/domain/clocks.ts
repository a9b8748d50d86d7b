import { type Instant, plusMinutes } from './instant.ts';
import type { Contact } from './people.ts';
import type { SeverityPolicy } from './policy.ts';

/** Who is to be called next, and when. */
export interface Due {
  readonly dueAt: Instant;
  readonly to: readonly Contact[];
}

/**
 * The next step of a severity's chain, counted from `sinceAt`: detection at first, the change when it changes (R0.7).
 * Nobody is told twice of the same thing, and a step of which nobody is left is no step; null when none is left.
 */
export function nextDue(
  steps: SeverityPolicy['paging' | 'escalations'],
  sinceAt: Instant,
  isLeft: (contact: Contact) => boolean,
): Due | null {
  for (const step of steps) {
    const to = step.to.filter(isLeft);
    if (to.length > 0) return { to, dueAt: plusMinutes(sinceAt, step.afterMinutes) };
  }
  return null;
}

const DAY_MINUTES = 24 * 60;
const DAILY_REMINDERS = 5;

/**
 * When whoever owes something is reminded next, after so many reminders: daily at first, then weekly; what is forgotten
 * stays visible without becoming noise (R6.6).
 */
export function reminderAt(dueAt: Instant, reminded: number): Instant {
  const daily = Math.min(reminded, DAILY_REMINDERS);
  return plusMinutes(dueAt, (daily + (reminded - daily) * 7) * DAY_MINUTES);
}
