import type { IncidentFacts } from '../domain/incident-facts.ts';
import { type ChatKind, chatMessage } from './chat.ts';
import type { ChatBlock } from './chat-blocks.ts';
import { cleanLines } from './escape.ts';
import { type MailKind, mailMessage } from './mail.ts';
import { pageView } from './page.ts';
import { type StatusKind, statusPost } from './status-page.ts';
import type { TemplateContext } from './templates.ts';

/** A message as it would go out now, in the form its medium takes. */
export interface Preview {
  readonly message: PreviewName;
  readonly medium: 'chat' | 'status-page' | 'mail' | 'page';
  readonly subject: string | null;
  readonly text: string;
  readonly html: string | null;
  readonly blocks: readonly ChatBlock[] | null;
  /** What else the system is told: the state and components of the status page, the details of a page. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const CHAT = [
  'announcement',
  'initial',
  'update',
  'no-news',
  'resolved',
  'reopened',
  'reminder',
  'closed',
  'summary',
] as const satisfies readonly ChatKind[];
const STATUS = [
  'status-investigating',
  'status-identified',
  'status-monitoring',
  'status-resolved',
  'status-no-news',
] as const;
const MAIL = ['mail-opened', 'mail-escalation', 'mail-resolved', 'mail-fallback'] as const;

export const PREVIEW_NAMES = [...CHAT, ...STATUS, ...MAIL, 'page', 'customer-mail'] as const;
export type PreviewName = (typeof PREVIEW_NAMES)[number];

export function isPreviewName(name: string): name is PreviewName {
  return (PREVIEW_NAMES as readonly string[]).includes(name);
}

/** `groups`: the handles of the policy's chat groups; which token calls them only the chat knows, so they are named. */
export function preview(
  message: PreviewName,
  facts: IncidentFacts,
  context: TemplateContext,
  detail: string | null,
  groups: readonly string[],
): Preview {
  const nothing = { message, subject: null, html: null, blocks: null, fields: {} };
  if (message === 'page') {
    const { summary, ...fields } = pageView(facts, detail, context);
    return { ...nothing, medium: 'page', text: summary, fields };
  }
  if (message === 'customer-mail') return { ...nothing, medium: 'mail', text: waitingCustomerMail(facts) };
  if (message.startsWith('status-')) {
    const { body, title, ...fields } = statusPost(message.slice(7) as StatusKind, facts, detail, context);
    return { ...nothing, medium: 'status-page', subject: title, text: body, fields };
  }
  if (message.startsWith('mail-')) {
    const mail = mailMessage(message.slice(5) as MailKind, facts, detail, context);
    return { ...nothing, medium: 'mail', subject: mail.subject, text: mail.text, html: mail.html };
  }
  const named = Object.fromEntries(groups.map((handle) => [handle, null]));
  const view = chatMessage(message as ChatKind, facts, { ...context, detail, groups: named, actionItems: null });
  return { ...nothing, medium: 'chat', text: view.text, blocks: view.blocks };
}

/** The very text that waits for approval (R4.5): it was rendered with figures of evidence, and goes out as it stands. */
function waitingCustomerMail(facts: IncidentFacts): string {
  const shown = facts.openQuestions.flatMap(({ options }) => options.flatMap((option) => option.shown ?? []))[0];
  return shown === undefined
    ? 'No mail to customers waits for approval; one is prepared when an incident that concerns them is resolved.'
    : cleanLines(shown, CUSTOMER_MAIL_CHARACTERS);
}

const CUSTOMER_MAIL_CHARACTERS = 20_000;
