import type { IncidentFacts } from '../domain/incident-facts.ts';
import { epochMs, type Instant } from '../domain/instant.ts';
import { acknowledgeRow, actionRow, leaseRow, summaryRow } from './chat-actions.ts';
import type { ChatBlock, ChatView } from './chat-blocks.ts';
import { chatText, cleanLine, clipEscaped } from './escape.ts';
import { statusWords, timeUtc } from './words.ts';

const SECTION_CHARACTERS = 2_900;
const HEADER_CHARACTERS = 150;
const QUESTIONS_SHOWN = 5;
const LEASES_SHOWN = 5;
const OPTIONS_SHOWN = 4;

/**
 * The one summary that is pinned in an incident's channel and edited in place, and what `/incident show` answers:
 * where it stands, what is due, what waits for an answer, and the buttons one needs most.
 */
export function chatSummary(facts: IncidentFacts): ChatView {
  const lines = summaryLines(facts);
  const questions = questionLines(facts);
  const leases = leaseLines(facts);
  const text = [titleOf(facts), ...lines, ...questions, ...leases].join('\n');
  const blocks: ChatBlock[] = [
    {
      type: 'header',
      text: { type: 'plain_text', text: clipEscaped(titleOf(facts), HEADER_CHARACTERS), emoji: false },
    },
    section(lines.join('\n')),
  ];
  if (questions.length > 0) blocks.push(section(questions.join('\n')));
  if (leases.length > 0) blocks.push(section(leases.join('\n')));
  blocks.push(...summaryRow(facts), {
    type: 'context',
    elements: [mrkdwn(`As of ${localTime(facts.at, facts.at)}. This message is kept up to date. \`/incident help\``)],
  });
  return { text, blocks };
}

/** `14:50 UTC`, and in the reader's own time where Slack can say it. */
export function localTime(at: Instant, today: Instant): string {
  const utc = timeUtc(at, today);
  return `${utc} (<!date^${Math.floor(epochMs(at) / 1000)}^{time}|${utc}>)`;
}

function titleOf(facts: IncidentFacts): string {
  const provisional = facts.provisional ? ' (provisional)' : '';
  return `${facts.severity}${provisional} · ${chatText(cleanLine(facts.title, 120))}`;
}

function summaryLines(facts: IncidentFacts): readonly string[] {
  const next = facts.nextUpdateAt === null ? 'when there is news' : localTime(facts.nextUpdateAt, facts.at);
  return [
    `*Incident*: ${words(facts.incidentId)}`,
    `*Status*: ${statusWords(facts.status)} (${facts.phase}), ${facts.severity} ${words(facts.severityLabel)}`,
    `*Commander*: ${words(facts.commander ?? 'nobody yet')}${facts.acknowledgedBy === null ? '; nobody has acknowledged it' : ''}`,
    ...(facts.onCall == null ? [] : [`*On call now*: ${words(facts.onCall)}`]),
    `*Impact*: ${words(facts.impact)}`,
    `*Cause*: ${words(facts.causeWords)}`,
    `*Mitigation*: ${words(facts.mitigation)}`,
    facts.resolvedAt === null ? `*Next update*: ${next}` : `*Resolved*: ${localTime(facts.resolvedAt, facts.at)}`,
  ];
}

function questionLines(facts: IncidentFacts): readonly string[] {
  const shown = facts.openQuestions.slice(0, QUESTIONS_SHOWN);
  if (shown.length === 0) return [];
  const more = facts.openQuestions.length - shown.length;
  return [
    '*Waits for an answer*',
    ...shown.map(
      (asked) =>
        `• ${words(asked.name)} (${words(asked.approvalId)}): ${words(asked.options[0]?.preview ?? asked.why)} Needs ${words(asked.approver)} by ${localTime(asked.deadlineAt, facts.at)}.`,
    ),
    ...(more > 0 ? [`… and ${more} more: \`/incident show ${words(facts.incidentId)}\``] : []),
  ];
}

function leaseLines(facts: IncidentFacts): readonly string[] {
  if (facts.openLeases.length === 0) return [];
  return [
    '*Temporary changes in place*',
    ...facts.openLeases
      .slice(0, LEASES_SHOWN)
      .map((lease) => `• ${words(lease.id)}: ${words(lease.what)} Until ${localTime(lease.expiresAt, facts.at)}.`),
  ];
}

/** What one person is waited for in one incident: questions their roles may answer, what nobody has taken. */
export function waitingBlocks(facts: IncidentFacts, mayAnswer: (approver: string) => boolean): readonly ChatBlock[] {
  const mine = facts.openQuestions.filter((asked) => mayAnswer(asked.approver)).slice(0, QUESTIONS_SHOWN);
  return [
    section(
      `*${titleOf(facts)}*\n${statusWords(facts.status)}, led by ${words(facts.commander ?? 'nobody yet')} · ${words(facts.incidentId)}`,
    ),
    ...acknowledgeRow(facts),
    ...mine.flatMap((asked): readonly ChatBlock[] => [
      section(
        `${words(asked.why)}\n${asked.options.map((option, index) => `${index + 1}. ${words(option.preview)}`).join('\n')}\nBy ${localTime(asked.deadlineAt, facts.at)}.`,
      ),
      actionRow(facts.incidentId, `waiting:${facts.incidentId}:${asked.approvalId}`, [
        ...asked.options.slice(0, OPTIONS_SHOWN).map((option, index) => ({
          decision: 'approve' as const,
          says: `Approve ${option.name}`,
          given: { approvalId: asked.approvalId, option: option.name },
          ...(index === 0 ? { style: 'primary' as const } : {}),
        })),
        { decision: 'reject', says: 'Reject…', given: { approvalId: asked.approvalId }, style: 'danger' },
      ]),
    ]),
    ...facts.openLeases
      .slice(0, LEASES_SHOWN)
      .flatMap((lease) =>
        lease.expiresAt <= facts.at
          ? [section(`${words(lease.id)} is due: ${words(lease.what)}`), leaseRow(facts, lease.id)]
          : [],
      ),
  ];
}

const HOME_BLOCKS = 96;

/** App Home: what waits for me, then everything that is open. Slack allows 100 blocks there. */
export function chatHome(
  person: { readonly name: string },
  incidents: readonly IncidentFacts[],
  mayAnswer: (approver: string) => boolean,
  at: Instant,
): Readonly<Record<string, unknown>> {
  const head = `${words(person.name)}, ${incidents.length === 0 ? 'no incident is open.' : `${incidents.length} open incident${incidents.length === 1 ? '' : 's'}.`}`;
  const blocks = incidents.flatMap((facts) => waitingBlocks(facts, mayAnswer));
  const shown = blocks.slice(0, HOME_BLOCKS);
  return {
    type: 'home',
    blocks: [
      section(head),
      ...shown,
      ...(blocks.length > shown.length ? [section('There is more: `/incident list`')] : []),
      {
        type: 'context',
        elements: [mrkdwn(`As of ${localTime(at, at)}. \`/incident help\` says what you can write.`)],
      },
    ],
  };
}

/** Text as Slack's blocks; long text in several, never cut within an entity. */
export function textBlocks(text: string, limit = 10): readonly ChatBlock[] {
  const parts: string[] = [];
  let part = '';
  for (const line of text.split('\n')) {
    const clipped = clipEscaped(line, SECTION_CHARACTERS);
    if (part !== '' && part.length + clipped.length + 1 > SECTION_CHARACTERS) {
      parts.push(part);
      part = '';
    }
    part = part === '' ? clipped : `${part}\n${clipped}`;
  }
  if (part.trim() !== '') parts.push(part);
  return parts.slice(0, limit).map(section);
}

function words(text: string): string {
  return chatText(cleanLine(text));
}

function section(text: string): ChatBlock {
  return { type: 'section', text: mrkdwn(clipEscaped(text, SECTION_CHARACTERS)) };
}

function mrkdwn(text: string) {
  return { type: 'mrkdwn' as const, text, verbatim: true as const };
}
