import type { BulkMail } from '../activities/customers/ports.ts';
import { messageIdOf } from '../activities/email/client.ts';
import { failure } from '../activities/failures.ts';
import type { ChatPort, MailPort, PageNotePort, PagingPort, StatusPagePort } from '../activities/publication/ports.ts';
import { mirrored } from './own-status-page.ts';
import type { GivenPorts } from './system-ports.ts';

/** Each channel people are told through; one that no system gives refuses with what to set. */
export function messagePorts(
  { one }: GivenPorts,
  own: StatusPagePort,
): {
  readonly chat: ChatPort;
  readonly statusPage: StatusPagePort;
  readonly mail: MailPort;
  readonly paging: PagingPort;
  readonly pageNotes: PageNotePort;
} {
  const theirs = one('statusPage');
  return {
    chat: one('chat') ?? missing<ChatPort>(CHAT_METHODS, 'Slack', 'SLACK_BOT_TOKEN'),
    // Our own page is always written; a provider's beside it.
    statusPage: theirs === null ? own : mirrored(theirs, own),
    mail: one('mail') ?? missing<MailPort>(['send'], 'Mail', 'SMTP_URL'),
    paging: one('paging') ?? missing<PagingPort>(['page'], 'PagerDuty', 'PAGERDUTY_ROUTING_KEYS'),
    pageNotes:
      one('pageNotes') ??
      missing<PageNotePort>(['note'], 'PagerDuty’s REST API', 'PAGERDUTY_API_TOKEN and PAGERDUTY_FROM_EMAIL'),
  };
}

/** Connections for one batch of mail to customers. */
export function openBulkMail({ one }: GivenPorts): BulkMail {
  const refusing = missing<Pick<BulkMail, 'send'>>(['send'], 'Mail', 'SMTP_URL');
  return one('openBulkMail')?.() ?? { ...refusing, messageId: messageIdOf, close: () => {} };
}

const CHAT_METHODS = ['openChannel', 'invite', 'post', 'edit', 'pin', 'findPosted', 'groupMentions'] as const;

function missing<P>(methods: readonly (keyof P & string)[], system: string, variables: string): P {
  const refuse = async (): Promise<never> => {
    throw failure(
      'Invalid',
      `${system} is not configured. Set ${variables} for the worker, or leave this channel out of the policy.`,
    );
  };
  return Object.fromEntries(methods.map((method) => [method, refuse])) as P;
}
