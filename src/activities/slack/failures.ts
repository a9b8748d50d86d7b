import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import type { ApplicationFailure } from '@temporalio/common';
import { failure } from '../failures.ts';
import { redactSecrets } from '../redaction.ts';

/** The failure of the closed list that an error of the library means. */
export function failureOf(method: string, error: unknown, token: string): ApplicationFailure {
  if (error instanceof WebAPIRateLimitedError) {
    return failure('RateLimited', `Slack limits ${method} for ${error.retryAfter} s.`, {
      retryAfterSeconds: error.retryAfter,
    });
  }
  if (error instanceof WebAPIPlatformError) return platformFailure(method, error.data.error);
  const words = redactSecrets(error instanceof Error ? error.message : String(error), [token]);
  if (error instanceof WebAPIHTTPError && error.statusCode < 500 && error.statusCode !== 408) {
    return failure('Invalid', `Slack answered ${method} with ${error.statusCode}: ${words}`);
  }
  // A 429 without a usable Retry-After arrives as a plain error of the library.
  if (/Retry header/iu.test(words)) {
    return failure('RateLimited', `Slack limits ${method} without naming a time.`, {
      retryAfterSeconds: RATE_LIMITED_FALLBACK_SECONDS,
    });
  }
  return failure('Unavailable', `Slack did not answer ${method}: ${words}`);
}

function platformFailure(method: string, code: string): ApplicationFailure {
  const words = `Slack refused ${method}: ${code}.`;
  const details = [code];
  if (code === 'ratelimited' || code === 'rate_limited')
    return failure('RateLimited', words, { retryAfterSeconds: RATE_LIMITED_FALLBACK_SECONDS });
  if (UNAVAILABLE.has(code)) return failure('Unavailable', words, { details });
  if (UNAUTHORISED.has(code)) return failure('Unauthorised', `${words} Check the bot's token and scopes.`, { details });
  if (code === 'name_taken') return failure('Conflict', words, { details });
  if (code === 'channel_not_found')
    return failure('NotFound', `${words} Does it exist, and was the bot invited?`, { details });
  return failure('Invalid', words, { details });
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
