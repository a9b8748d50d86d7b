import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';

/**
 * The closed list of failures that an activity may throw (design: one vocabulary). Expected outcomes are values.
 * `NotYet` is how a waiting activity waits: benign, retried by the server, invisible in history.
 */
export type FailureType =
  | 'NotYet'
  | 'RateLimited'
  | 'Unavailable'
  | 'NotFound'
  | 'Unauthorised'
  | 'Conflict'
  | 'Invalid'
  | 'TargetChanged';

const RETRYABLE: ReadonlySet<FailureType> = new Set(['NotYet', 'RateLimited', 'Unavailable']);

export function failure(
  type: FailureType,
  message: string,
  options: { readonly retryAfterSeconds?: number; readonly details?: readonly unknown[] } = {},
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !RETRYABLE.has(type),
    ...(options.retryAfterSeconds === undefined ? {} : { nextRetryDelay: options.retryAfterSeconds * 1000 }),
    ...(type === 'NotYet' ? { category: ApplicationFailureCategory.BENIGN } : {}),
    ...(options.details === undefined ? {} : { details: [...options.details] }),
  });
}

/** Waits without costing history: the server runs the activity again after `seconds` (ADR 0014). */
export function notYet(message: string, seconds: number): ApplicationFailure {
  return failure('NotYet', message, { retryAfterSeconds: seconds });
}

/** What a failed attempt met on the wire: an answer of this status, or none for this reason. */
export interface Met {
  readonly status: number | null;
  readonly error: unknown;
}

/** Kept beside the failures and not in them: whatever is in a failure goes into the history. */
const MET = new WeakMap<object, Met>();

export function met(failed: ApplicationFailure, what: Met): ApplicationFailure {
  MET.set(failed, what);
  return failed;
}

/** Null: it was no attempt on a wire that failed. */
export function metBy(error: unknown): Met | null {
  return typeof error === 'object' && error !== null ? (MET.get(error) ?? null) : null;
}
