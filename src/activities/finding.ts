import type { Instant } from '../domain/instant.ts';
import type { Policy } from '../domain/policy.ts';
import { metBy } from './failures.ts';

/** What a check is told beside the settings. */
export interface CheckContext {
  /** Null: it cannot be read. */
  readonly policy: Policy | null;
  readonly now: Instant;
}

/** `unknown`: it is not configured, or cannot be told from here. */
export type Told = 'yes' | 'no' | 'unknown';

/** What doctor found out about one system. */
export interface SystemFinding {
  readonly system: string;
  readonly configured: boolean;
  readonly reachable: Told;
  readonly authorised: Told;
  /** What was found, without any secret. */
  readonly words: string;
  /** What to do; null when nothing is wrong. */
  readonly advice: string | null;
}

export type SystemState = 'ok' | 'wrong' | 'unknown';

/** Something to mend that does not stop the system from being used counts as wrong too: nobody reads warnings at night. */
export function stateOf({ configured, reachable, authorised, advice }: SystemFinding): SystemState {
  if (!configured) return 'unknown';
  if (reachable === 'no' || authorised === 'no') return 'wrong';
  if (reachable === 'unknown' || authorised === 'unknown') return 'unknown';
  return advice === null ? 'ok' : 'wrong';
}

export function unset(system: string, variables: string, without: string): SystemFinding {
  return {
    system,
    configured: false,
    reachable: 'unknown',
    authorised: 'unknown',
    words: `not configured: ${without}`,
    advice: `Set ${variables} to use it.`,
  };
}

export function fine(system: string, words: string): SystemFinding {
  return { system, configured: true, reachable: 'yes', authorised: 'yes', words, advice: null };
}

export function unreachable(system: string, words: string, advice: string): SystemFinding {
  return { system, configured: true, reachable: 'no', authorised: 'unknown', words, advice };
}

export function refused(system: string, words: string, advice: string): SystemFinding {
  return { system, configured: true, reachable: 'yes', authorised: 'no', words, advice };
}

/** How long a check waits for a driver that has no deadline of its own. */
export const DEADLINE_MS = 5_000;

/** Why there was no answer, as a person understands it. */
export function reasonOf(error: unknown): string {
  const cause = metBy(error)?.error ?? error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  if (cause.name === 'TimeoutError' || cause.name === 'AbortError') return `no answer within ${DEADLINE_MS / 1000} s`;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known';
  if (cause.cause !== undefined) return reasonOf(cause.cause);
  return cause.message || cause.name;
}

/** An answer's object; empty when it is none. */
export function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
