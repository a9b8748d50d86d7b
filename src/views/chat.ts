import type { TemplateName } from '../domain/communication-policy.ts';
import { percent } from '../domain/format.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import { acknowledgeRow, actionRow, leaseRow, reminderRow } from './chat-actions.ts';
import type { ChatBlock, ChatView, Mrkdwn, PlainText } from './chat-blocks.ts';
import { chatCode, chatLink, chatText, cleanLine, cleanLines, clipEscaped } from './escape.ts';
import { fillTemplate, newsWords, type TemplateContext } from './templates.ts';
import { shortDate, statusWords, timeUtc } from './words.ts';

/** The kinds of message a room is sent; the publication activity names them the same. */
export type ChatKind =
  | 'announcement'
  | 'initial'
  | 'update'
  | 'no-news'
  | 'resolved'
  | 'reopened'
  | 'question'
  | 'reminder'
  | 'note'
  | 'closed'
  | 'summary';

export interface ChatContext extends TemplateContext {
  /**
   * What the kind needs besides the facts: the text of a note or an update, why it was closed or reopened, the id of
   * the approval of a question, the draft of a reminder, the learnings of a summary.
   */
  readonly detail: string | null;
  /** Group handles that may be called, with the token that calls them; null where the room does not know it. */
  readonly groups: Readonly<Record<string, string | null>>;
  readonly actionItems: number | null;
}

const SECTION_CHARACTERS = 2900;
const HEADER_CHARACTERS = 150;
const OPTIONS_SHOWN = 5;
/** A text that is approved is shown whole up to this; the preview has all of it. */
const SHOWN_CHARACTERS = 2_000;

/** One message of the incident's room as text and blocks. Strangers' words in it can neither mention nor link. */
export function chatMessage(kind: ChatKind, facts: IncidentFacts, context: ChatContext): ChatView {
  if (kind === 'question') return question(facts, context);
  if (kind === 'reminder') return reminderOf(facts, context);
  const text = messageText(kind, facts, context);
  const body = section(text);
  switch (kind) {
    case 'initial':
    case 'update':
    case 'no-news':
    case 'resolved':
    case 'reopened':
      return { text, blocks: [header(facts), fields(facts), body, ...acknowledgeRow(facts), ...links(facts, context)] };
    case 'announcement':
      return { text, blocks: [header(facts), body, ...acknowledgeRow(facts)] };
    case 'closed':
      return { text, blocks: [header(facts), body] };
    case 'note':
    case 'summary':
      return { text, blocks: [body] };
  }
}

function messageText(
  kind: Exclude<ChatKind, 'question' | 'reminder'>,
  facts: IncidentFacts,
  context: ChatContext,
): string {
  const detail = context.detail;
  const time = timeUtc(facts.at, facts.at);
  const fill = (name: TemplateName, news: string | null) =>
    fillTemplate(name, facts, { news, teamsEscaped: teams(facts, context) }, context, chatText);
  switch (kind) {
    case 'announcement':
      return `${facts.severity} ${chatText(cleanLine(facts.title, 200))}\n${chatText(cleanLine(facts.issue))}\nFollow it in ${room(facts)}.`;
    case 'initial':
      return withLateness(fill('chatInitial', detail), facts);
    case 'update':
    case 'no-news': {
      const written = kind === 'update' ? (detail ?? facts.latestUpdate) : detail;
      return withLateness(withNews(fill('chatUpdate', written), facts, context, written), facts);
    }
    case 'resolved':
      return withLateness(fill('chatResolved', detail), facts);
    case 'reopened':
      return `[REOPENED - ${time}]\nStatus: ${statusWords(facts.status)}\nWhy: ${words(detail ?? 'the problem is back')}\nNext Update: ${nextUpdate(facts)}`;
    case 'note':
      return chatText(cleanLines(detail ?? '', SECTION_CHARACTERS));
    case 'closed':
      return `[CLOSED - ${time}]\n${words(detail ?? 'The review is done.')}\nPost-mortem: ${facts.postMortemUrl === null ? 'none was written' : chatLink('read it', facts.postMortemUrl)}`;
    case 'summary':
      return fillTemplate('engineeringSummary', facts, summaryExtras(facts, context), context, chatText);
  }
}

/** A template that leaves the news out must not swallow what a person wrote, nor what happened meanwhile (R4.2). */
function withNews(text: string, facts: IncidentFacts, context: ChatContext, written: string | null): string {
  const says = /\{\{-?\s*news\b/u.test(context.texts.templates.chatUpdate ?? '');
  return says ? text : `${text}\n${chatText(newsWords(facts, written))}`;
}

/** A broken promise is said where it was made (ADR 0013). */
function withLateness(text: string, facts: IncidentFacts): string {
  const because = facts.lateBecause ?? null;
  return because === null ? text : `${text}\nThis comes late: ${chatText(cleanLine(because))}`;
}

/** A reminder is of a question, of a temporary change that is due, or of the next update; each with its buttons. */
function reminderOf(facts: IncidentFacts, context: ChatContext): ChatView {
  const { detail } = context;
  const asked = facts.openQuestions.find((open) => open.approvalId === detail);
  if (asked !== undefined) {
    const until = timeUtc(asked.deadlineAt, facts.at);
    const onCall = facts.commander === null && facts.onCall != null ? `\nOn call now: ${words(facts.onCall)}.` : '';
    const text = `Still waiting for ${words(asked.approver)} to decide about ${words(asked.name)} until ${until}; unanswered, it is escalated.${onCall}\n${words(asked.why)}\n${answerWords(facts.incidentId, asked.approvalId, asked.name)}`;
    return { text, blocks: [section(text), answerRow(facts, asked, asked.options.slice(0, OPTIONS_SHOWN))] };
  }
  const lease = facts.openLeases.find(({ id }) => detail?.startsWith(`${id} `) === true);
  if (lease !== undefined) {
    const text = `[TEMPORARY CHANGE DUE - ${timeUtc(facts.at, facts.at)}]\n${words(lease.id)}: ${words(lease.what)}\nKeep it, renew it or take it back? With a button, or \`/incident revert-lease ${chatCode(facts.incidentId)} ${chatCode(lease.id)}\`.`;
    return { text, blocks: [section(text), leaseRow(facts, lease.id)] };
  }
  const draft = newsWords(facts, facts.draft?.text ?? detail);
  const text = reminder(facts, draft);
  return { text, blocks: [section(text), reminderRow(facts, draft)] };
}

/** Of an update that is due, with the draft that goes out when nobody writes (R4.2). */
function reminder(facts: IncidentFacts, draft: string): string {
  const dueAt = facts.draft?.dueAt ?? facts.nextUpdateAt;
  const due = dueAt === null ? 'soon' : `at ${timeUtc(dueAt, facts.at)}`;
  const whom = facts.commander === null ? '' : `${chatText(cleanLine(facts.commander, 80))}: `;
  return `${whom}an update is due ${due}. Write one with \`/incident update ${chatCode(cleanLine(facts.incidentId, 100))} …\`; if nobody does, this goes out:\n>${chatText(draft).replace(/\n/gu, '\n>')}`;
}

function summaryExtras(facts: IncidentFacts, context: ChatContext) {
  const count = context.actionItems;
  return {
    actionItems: count === null ? 'not recorded' : `${count} ${count === 1 ? 'item' : 'items'} assigned`,
    ...(context.detail === null ? {} : { learnings: context.detail }),
    report: facts.postMortemUrl ?? 'not written yet',
    news: `${cleanLine(facts.title, 200)} - ${shortDate(facts.detectedAt)}`,
  };
}

/** The approval with every option, its command, and each way to answer (ADR 0012). */
function question(facts: IncidentFacts, context: ChatContext): ChatView {
  const asked = facts.openQuestions.find((open) => open.approvalId === context.detail) ?? facts.openQuestions[0];
  if (asked === undefined) {
    const text = `[QUESTION - ${timeUtc(facts.at, facts.at)}]\n${words(context.detail ?? 'A question was asked')}\nIt has been answered or withdrawn meanwhile; nothing to do.`;
    return { text, blocks: [section(text)] };
  }
  const shown = asked.options.slice(0, OPTIONS_SHOWN);
  const deadline = timeUtc(asked.deadlineAt, facts.at);
  const head = [
    `[QUESTION - ${timeUtc(facts.at, facts.at)}]`,
    words(asked.why),
    asked.mode === 'objection'
      ? `Goes ahead at ${deadline} unless somebody objects.`
      : `Needs approval by ${chatText(cleanLine(asked.approver, 80))} before ${deadline}; unanswered, it is escalated and asked again.`,
  ].join('\n');
  const options = shown.map((option, index) => optionWords(option, index));
  const answer = answerWords(facts.incidentId, asked.approvalId, asked.name);
  return {
    text: [head, ...options, answer].join('\n'),
    blocks: [
      header(facts),
      section(head),
      ...options.map((option) => section(option)),
      answerRow(facts, asked, shown),
      { type: 'context', elements: [mrkdwn(clipEscaped(answer, SECTION_CHARACTERS))] },
    ],
  };
}

type Option = IncidentFacts['openQuestions'][number]['options'][number];

function optionWords(option: Option, index: number): string {
  const command = option.command === null ? '' : `\nWould run: \`${chatCode(cleanLine(option.command, 400))}\``;
  const shown =
    option.shown === undefined
      ? ''
      : `\n>${chatText(cleanLines(option.shown, SHOWN_CHARACTERS)).replace(/\n/gu, '\n>')}`;
  return `${index + 1}. *${chatText(cleanLine(option.name, 80))}*${index === 0 ? ' (proposed)' : ''}: ${words(option.preview)}${command}${shown}`;
}

function answerWords(incidentId: string, approvalId: string, name: string): string {
  const [incident, approval, option] = [incidentId, approvalId, name].map((word) => chatCode(cleanLine(word, 100)));
  const yes = `\`/incident approve ${incident} ${approval} ${option}\``;
  const no = `\`/incident reject ${incident} ${approval} &lt;why&gt;\``;
  return `Answer with a button, in chat ${yes} or ${no}, or on the command line with the same words.`;
}

/** Each option, no, and where it applies the way around (P0) or the objection. */
function answerRow(
  facts: IncidentFacts,
  asked: IncidentFacts['openQuestions'][number],
  options: readonly Option[],
): ChatBlock {
  const { approvalId } = asked;
  const no = asked.mode === 'objection' ? ('call-off' as const) : ('reject' as const);
  return actionRow(facts.incidentId, `approval:${approvalId}`, [
    ...options.map((option, index) => ({
      decision: 'approve' as const,
      says: `Approve ${cleanLine(option.name, 50)}`,
      given: { approvalId, option: option.name },
      ...(index === 0 ? { style: 'primary' as const } : {}),
    })),
    {
      decision: no,
      says: no === 'reject' ? 'Reject…' : 'Object…',
      given: no === 'reject' ? { approvalId } : { what: approvalId },
      style: 'danger',
    },
    ...(facts.severity === 'P0'
      ? [
          {
            decision: 'break-glass' as const,
            says: 'Break-glass override…',
            given: { approvalId, option: options[0]?.name },
          },
        ]
      : []),
  ]);
}

/** Notified teams: a group of the policy is called by its token, everything else is only named. */
function teams(facts: IncidentFacts, context: ChatContext): string {
  if (facts.teamsNotified.length === 0) return 'nobody yet';
  return facts.teamsNotified
    .map((team) => {
      if (!Object.hasOwn(context.groups, team)) return words(team);
      return context.groups[team] ?? `@${words(team)}`;
    })
    .join(' ');
}

function header(facts: IncidentFacts): ChatBlock {
  const provisional = facts.provisional ? ' (provisional)' : '';
  return {
    type: 'header',
    text: plain(`${facts.severity}${provisional} · ${cleanLine(facts.title, 120)}`, HEADER_CHARACTERS),
  };
}

function fields(facts: IncidentFacts): ChatBlock {
  const pairs: readonly (readonly [string, string])[] = [
    ['Status', statusWords(facts.status)],
    ['Severity', `${facts.severity} ${facts.severityLabel}${facts.provisional ? ', provisional' : ''}`],
    ['Commander', facts.commander ?? 'nobody yet'],
    ...(facts.onCall == null ? [] : [['On call now', facts.onCall] as const]),
    ['Errors', percent(facts.errorRatio)],
    ['Impact', facts.impact],
    ['Next update', facts.nextUpdateAt === null ? 'when there is news' : timeUtc(facts.nextUpdateAt, facts.at)],
  ];
  return { type: 'section', fields: pairs.map(([name, value]) => mrkdwn(`*${name}*\n${words(value)}`)) };
}

function links(facts: IncidentFacts, context: ChatContext): readonly ChatBlock[] {
  const all = [
    ...(context.texts.consoleUrl === null ? [] : [{ title: 'Console', url: context.texts.consoleUrl }]),
    ...facts.links,
  ];
  if (all.length === 0) return [];
  return [
    {
      type: 'context',
      elements: [
        mrkdwn(
          all
            .slice(0, 8)
            .map((link) => chatLink(link.title, link.url))
            .join(' · '),
        ),
      ],
    },
  ];
}

function room(facts: IncidentFacts): string {
  return facts.channelName === null ? words(facts.name) : `#${words(facts.channelName.replace(/^#/u, ''))}`;
}

function nextUpdate(facts: IncidentFacts): string {
  return facts.nextUpdateAt === null ? 'when there is news' : timeUtc(facts.nextUpdateAt, facts.at);
}

function words(text: string): string {
  return chatText(cleanLine(text));
}

function section(text: string): ChatBlock {
  return { type: 'section', text: mrkdwn(clipEscaped(text, SECTION_CHARACTERS)) };
}

function mrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true };
}

function plain(text: string, limit: number): PlainText {
  return { type: 'plain_text', text: clipEscaped(chatText(text), limit), emoji: false };
}
