import { type Instant, plusMinutes } from './instant.ts';
import type { Contact } from './people.ts';
import type { Policy } from './policy.ts';
import type { Severity } from './severity.ts';

/** Everything a severity promises from an instant on (R0.1–R0.4b, R1.4). */
export interface Promises {
  /** Acknowledged by then, or the next one is paged. */
  readonly acknowledgeBy: Instant;
  readonly nextUpdateAt: Instant;
  /** Sorted by time; who is told by mail that it is still open. An acknowledgement does not cancel these. */
  readonly escalations: readonly Due[];
  /** Sorted by time; who is paged while nobody has acknowledged. */
  readonly pages: readonly Due[];
}

export interface Due {
  readonly at: Instant;
  readonly to: readonly Contact[];
}

/** Who has heard of this incident already, and by which way. */
export interface AlreadyTold {
  readonly paged: ReadonlySet<Contact>;
  readonly escalatedTo: ReadonlySet<Contact>;
}

const NOBODY: AlreadyTold = { paged: new Set(), escalatedTo: new Set() };

/**
 * The clocks of a severity, counted from `sinceAt`: detection at first, the change when it changes (R0.7). Contacts
 * who were paged or mailed before the change are left out, because nobody is paged twice for the same thing; a step
 * of which nobody is left is no step.
 */
export function promisesFor(
  severity: Severity,
  policy: Pick<Policy, 'severities'>,
  sinceAt: Instant,
  told: AlreadyTold = NOBODY,
): Promises {
  const rules = policy.severities[severity];
  return {
    acknowledgeBy: plusMinutes(sinceAt, rules.acknowledgeWithinMinutes),
    nextUpdateAt: plusMinutes(sinceAt, rules.updateEveryMinutes),
    escalations: dues(rules.escalations, sinceAt, told.escalatedTo),
    pages: dues(rules.paging, sinceAt, told.paged),
  };
}

/** When the update after one published at `publishedAt` is due: the published time is the timer (ADR 0013). */
export function nextUpdateAfter(severity: Severity, policy: Pick<Policy, 'severities'>, publishedAt: Instant): Instant {
  return plusMinutes(publishedAt, policy.severities[severity].updateEveryMinutes);
}

function dues(
  steps: readonly { readonly afterMinutes: number; readonly to: readonly Contact[] }[],
  sinceAt: Instant,
  told: ReadonlySet<Contact>,
): readonly Due[] {
  const heard = new Set(told);
  const found: Due[] = [];
  for (const step of [...steps].sort((a, b) => a.afterMinutes - b.afterMinutes)) {
    const to = [...new Set(step.to)].filter((contact) => !heard.has(contact));
    for (const contact of to) heard.add(contact);
    if (to.length > 0) found.push({ at: plusMinutes(sinceAt, step.afterMinutes), to });
  }
  return found;
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
