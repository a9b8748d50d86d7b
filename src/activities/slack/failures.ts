import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import type { ApplicationFailure } from '@temporalio/common';
import { type FailureType, failure } from '../failures.ts';
import { redactSecrets } from '../redaction.ts';

/** The failure of the closed list that an error of the library means. */
export function failureOf(method: string, error: unknown, token: string): ApplicationFailure {
  if (error instanceof WebAPIRateLimitedError) {
    return failure('RateLimited', `Slack limits ${method} for ${error.retryAfter} s.`, {
      retryAfterSeconds: error.retryAfter,
    });
  }
  if (error instanceof WebAPIPlatformError) return platformFailure(method, error.data.error, neededBy(error.data));
  const words = redactSecrets(error instanceof Error ? error.message : String(error), [token]);
  if (error instanceof WebAPIHTTPError && error.statusCode < 500 && error.statusCode !== 408) {
    return failure(typeOfStatus(error.statusCode), `Slack answered ${method} with ${error.statusCode}: ${words}`);
  }
  // A 429 without a usable Retry-After arrives as a plain error of the library.
  if (/Retry header/iu.test(words)) {
    return failure('RateLimited', `Slack limits ${method} without naming a time.`, {
      retryAfterSeconds: RATE_LIMITED_FALLBACK_SECONDS,
    });
  }
  return failure('Unavailable', `Slack did not answer ${method}: ${words}`);
}

/** Slack says in the body what is wrong; another status is the word of a proxy in between. */
function typeOfStatus(status: number): FailureType {
  if (status === 401 || status === 403) return 'Unauthorised';
  if (status === 404 || status === 410) return 'NotFound';
  return status === 409 ? 'Conflict' : 'Invalid';
}

function platformFailure(method: string, code: string, needed: string | null): ApplicationFailure {
  // The library takes whatever is not JSON (a login page, half an answer) for the name of an error.
  if (!/^[a-z][a-z0-9_]{0,80}$/u.test(code))
    return failure(
      'Unavailable',
      `Slack answered ${method} with something that is not its JSON: is a proxy in between?`,
    );
  const words = `Slack refused ${method}: ${code}.`;
  const details = [code];
  if (code === 'ratelimited' || code === 'rate_limited')
    return failure('RateLimited', words, { retryAfterSeconds: RATE_LIMITED_FALLBACK_SECONDS });
  if (UNAVAILABLE.has(code)) return failure('Unavailable', words, { details });
  if (UNAUTHORISED.has(code)) return failure('Unauthorised', `${words} ${scopeAdvice(needed)}`, { details });
  if (code === 'name_taken' || code === 'hash_conflict') return failure('Conflict', words, { details });
  if (NOT_FOUND.has(code)) return failure('NotFound', words, { details });
  if (code === 'channel_not_found')
    return failure('NotFound', `${words} Does it exist, and was the bot invited?`, { details });
  return failure('Invalid', words, { details });
}

/** Of `missing_scope` Slack says which one it wants. */
function neededBy(data: object): string | null {
  const { needed } = data as { readonly needed?: unknown };
  return typeof needed === 'string' && needed !== '' ? needed : null;
}

function scopeAdvice(needed: string | null): string {
  if (needed === null) return "Check the bot's token and scopes.";
  return `Add the bot scope ${needed} to the app and install it again.`;
}

/** Slack's own word for what went wrong, null when the failure has none. */
export function codeOf(error: unknown): string | null {
  const details = (error as { details?: readonly unknown[] } | null)?.details;
  return typeof details?.[0] === 'string' ? details[0] : null;
}

/** True for an error that Slack itself expects to go away. */
export function isPassing(code: string): boolean {
  return UNAVAILABLE.has(code);
}

/** Slack sometimes refuses without naming a time. */
const RATE_LIMITED_FALLBACK_SECONDS = 30;

const UNAVAILABLE = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);
const NOT_FOUND = new Set(['message_not_found', 'thread_not_found', 'user_not_found', 'users_not_found', 'not_found']);

const UNAUTHORISED = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'missing_scope',
  'not_allowed_token_type',
  'no_permission',
]);
