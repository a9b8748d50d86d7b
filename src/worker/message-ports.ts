import { createEmailClient } from '../activities/email/client.ts';
import { failure } from '../activities/failures.ts';
import { createPagerDutyClient } from '../activities/pagerduty/client.ts';
import type { ChatPort, MailPort, PagingPort, StatusPagePort } from '../activities/publication/ports.ts';
import { createSlackClient } from '../activities/slack/client.ts';
import { createStatusPageClient } from '../activities/status-page/client.ts';
import type { WorkerEnv } from '../config/env.ts';

/** Each channel people are told through; one that the environment does not name refuses with what to set. */
export function chatPort(env: WorkerEnv): ChatPort {
  if (env.SLACK_BOT_TOKEN === undefined)
    return missing<ChatPort>(
      ['openChannel', 'post', 'edit', 'pin', 'findPosted', 'groupMentions'],
      'Slack',
      'SLACK_BOT_TOKEN',
    );
  return createSlackClient({ token: env.SLACK_BOT_TOKEN, apiUrl: env.SLACK_API_URL });
}

export function statusPagePort(env: WorkerEnv): StatusPagePort {
  const { STATUSPAGE_API_KEY: apiKey, STATUSPAGE_PAGE_ID: pageId } = env;
  if (apiKey === undefined || pageId === undefined) {
    return missing<StatusPagePort>(
      ['find', 'create', 'update'],
      'The status page',
      'STATUSPAGE_API_KEY and STATUSPAGE_PAGE_ID',
    );
  }
  return createStatusPageClient({
    apiUrl: env.STATUSPAGE_API_URL,
    apiKey,
    pageId,
    betweenRequestsMilliseconds: env.STATUSPAGE_REQUEST_INTERVAL_MS,
  });
}

export function pagingPort(env: WorkerEnv): PagingPort {
  if (env.PAGERDUTY_ROUTING_KEYS === undefined)
    return missing<PagingPort>(['page'], 'PagerDuty', 'PAGERDUTY_ROUTING_KEYS');
  return createPagerDutyClient({ eventsUrl: env.PAGERDUTY_EVENTS_URL, routingKeys: env.PAGERDUTY_ROUTING_KEYS });
}

export function mailPort(env: WorkerEnv): MailPort {
  if (env.SMTP_URL === undefined) return missing<MailPort>(['send'], 'Mail', 'SMTP_URL');
  const url = new URL(env.SMTP_URL);
  const secure = url.protocol === 'smtps:';
  const auth =
    url.username === '' ? null : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  return createEmailClient({ host: url.hostname, port: Number(url.port || (secure ? 465 : 25)), secure, auth });
}

function missing<P>(methods: readonly (keyof P & string)[], system: string, variables: string): P {
  const refuse = async (): Promise<never> => {
    throw failure(
      'Invalid',
      `${system} is not configured. Set ${variables} for the worker, or leave this channel out of the policy.`,
    );
  };
  return Object.fromEntries(methods.map((method) => [method, refuse])) as P;
}
