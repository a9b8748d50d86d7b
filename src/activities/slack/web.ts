import { LogLevel, WebClient } from '@slack/web-api';
import { type ZodType, z } from 'zod';
import { failure } from '../failures.ts';
import { failureOf } from './failures.ts';

export interface SlackSettings {
  readonly token: string;
  /** `https://slack.com/api/` in production. */
  readonly apiUrl: string;
  readonly timeoutMilliseconds?: number;
}

/** One call of a Web API method: one attempt, the parsed answer or a failure of failures.ts. */
export type Call = <T>(method: string, args: Readonly<Record<string, unknown>>, shape: ZodType<T>) => Promise<T>;

export const ANYTHING = z.object({});
export const CURSOR = z.object({ next_cursor: z.string().optional() }).optional();

export const TIMEOUT_MILLISECONDS = 10_000;

/**
 * The official client without its own retries: 10 inner retries over half an hour would outlive the activity, and a
 * paused queue would hold back other incidents.
 */
export function caller(settings: SlackSettings): Call {
  const web = new WebClient(settings.token, {
    slackApiUrl: settings.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS,
    allowAbsoluteUrls: false,
    // A token must not travel to wherever a redirect points.
    fetch: (address, init) => fetch(address, { ...init, redirect: 'manual' }),
    logLevel: LogLevel.ERROR,
  });
  return async (method, args, shape) => {
    const answer = await web.apiCall(method, { ...args }).catch((error: unknown) => {
      throw failureOf(method, error, settings.token);
    });
    const parsed = shape.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw failure(
      'Unavailable',
      `Slack answered ${method} in a shape we do not know: ${parsed.error.issues[0]?.path.join('.')}.`,
    );
  };
}
