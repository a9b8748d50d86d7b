import { readFileSync } from 'node:fs';
import type { BulkMail } from '../activities/customers/ports.ts';
import { createEmailClient, messageIdOf } from '../activities/email/client.ts';
import { failure } from '../activities/failures.ts';
import { createPagerDutyClient } from '../activities/pagerduty/client.ts';
import { createPageNotes } from '../activities/pagerduty/notes.ts';
import { createPagerDutyRest, type PagerDutyRest } from '../activities/pagerduty/rest.ts';
import type { ChatPort, MailPort, PageNotePort, PagingPort, StatusPagePort } from '../activities/publication/ports.ts';
import { createSlackClient, type SlackClient } from '../activities/slack/client.ts';
import type { WorkerEnv } from '../config/env.ts';
import { mailServerOf } from '../config/smtp-url.ts';
import { mirrored } from './own-status-page.ts';

/** Each channel people are told through; one that the environment does not name refuses with what to set. */
export function chatPort(env: WorkerEnv): ChatPort {
  if (env.SLACK_BOT_TOKEN === undefined)
    return missing<ChatPort>(
      ['openChannel', 'invite', 'post', 'edit', 'pin', 'findPosted', 'groupMentions'],
      'Slack',
      'SLACK_BOT_TOKEN',
    );
  return createSlackClient({ token: env.SLACK_BOT_TOKEN, apiUrl: env.SLACK_API_URL });
}

/** Null: reports from chat cannot be answered there. */
export function answeringChat(env: WorkerEnv): SlackClient | null {
  return env.SLACK_BOT_TOKEN === undefined
    ? null
    : createSlackClient({ token: env.SLACK_BOT_TOKEN, apiUrl: env.SLACK_API_URL });
}

/** The provider's page where there is one, with our own beside it; else our own alone. */
export function statusPagePort(theirs: StatusPagePort | null, own: StatusPagePort): StatusPagePort {
  return theirs === null ? own : mirrored(theirs, own);
}

export function pagingPort(env: WorkerEnv): PagingPort {
  if (env.PAGERDUTY_ROUTING_KEYS === undefined)
    return missing<PagingPort>(['page'], 'PagerDuty', 'PAGERDUTY_ROUTING_KEYS');
  return createPagerDutyClient({ eventsUrl: env.PAGERDUTY_EVENTS_URL, routingKeys: env.PAGERDUTY_ROUTING_KEYS });
}

/** The paging system's own record: who answered there, who is on call, notes. Null: it cannot be asked. */
export function pagingRecord(env: WorkerEnv): PagerDutyRest | null {
  const { PAGERDUTY_API_URL: apiUrl, PAGERDUTY_API_TOKEN: apiToken, PAGERDUTY_FROM_EMAIL: fromEmail } = env;
  return apiToken === undefined || fromEmail === undefined
    ? null
    : createPagerDutyRest({ apiUrl, apiToken, fromEmail });
}

export function pageNotePort(env: WorkerEnv): PageNotePort {
  const rest = pagingRecord(env);
  if (rest === null)
    return missing<PageNotePort>(['note'], 'PagerDuty’s REST API', 'PAGERDUTY_API_TOKEN and PAGERDUTY_FROM_EMAIL');
  return createPageNotes(rest);
}

export function mailPort(env: WorkerEnv): MailPort {
  return hasMail(env) ? mailClient(env) : missing<MailPort>(['send'], 'Mail', 'SMTP_URL');
}

/** Connections for one batch of mail to customers. */
export function openBulkMail(env: WorkerEnv): BulkMail {
  const channel = hasMail(env)
    ? mailClient(env, BULK_CONNECTIONS)
    : { ...missing<Pick<BulkMail, 'send'>>(['send'], 'Mail', 'SMTP_URL'), close: () => {} };
  return { ...channel, messageId: messageIdOf };
}

const BULK_CONNECTIONS = 4;

type MailEnv = WorkerEnv & { readonly SMTP_URL: string };

function hasMail(env: WorkerEnv): env is MailEnv {
  return env.SMTP_URL !== undefined;
}

function mailClient({ SMTP_URL, SMTP_CA_FILE }: MailEnv, connections?: number) {
  return createEmailClient({
    ...mailServerOf(SMTP_URL),
    ...(SMTP_CA_FILE === undefined ? {} : { certificateAuthority: readFileSync(SMTP_CA_FILE, 'utf8') }),
    ...(connections === undefined ? {} : { connections }),
  });
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
