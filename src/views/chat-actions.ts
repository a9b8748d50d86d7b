import type { DecisionName } from '../domain/decision.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { ChatBlock } from './chat-blocks.ts';
import { chatText, cleanLine, clip, clipEscaped } from './escape.ts';

type Actions = Extract<ChatBlock, { type: 'actions' }>;
type Button = Actions['elements'][number];

/** What a button carries: the incident, what is settled of the decision's body, and what its form begins with. */
export interface ChatValue {
  readonly incidentId: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly prefill: Readonly<Record<string, string>>;
}

const VALUE_CHARACTERS = 2_000;
const DRAFT_CHARACTERS = 1_400;

/** A value that would be too long loses what its form begins with, never what is decided. */
export function chatValue({ incidentId, given, prefill }: ChatValue): string {
  const whole = JSON.stringify({ incidentId, ...given, ...(Object.keys(prefill).length === 0 ? {} : { prefill }) });
  return whole.length <= VALUE_CHARACTERS ? whole : JSON.stringify({ incidentId, ...given });
}

/** Null when it is not a value of ours. */
export function readChatValue(text: string): ChatValue | null {
  const read = parsed(text);
  if (read === null || typeof read.incidentId !== 'string') return null;
  const { incidentId, prefill, ...given } = read;
  const entries = typeof prefill === 'object' && prefill !== null ? Object.entries(prefill) : [];
  return {
    incidentId: read.incidentId,
    given,
    prefill: Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
  };
}

/** The decision that a button's id names: `approve:0` is the first of several `approve`s. */
export function decisionOfAction(actionId: string): string {
  return actionId.split(':')[0] ?? '';
}

interface ButtonOptions {
  readonly decision: DecisionName;
  readonly says: string;
  readonly given?: Readonly<Record<string, unknown>>;
  readonly prefill?: Readonly<Record<string, string>>;
  readonly style?: 'primary' | 'danger';
}

/** A row of buttons. Which of them ask for more in a form follows from what the decision still needs. */
export function actionRow(incidentId: string, block: string, requests: readonly ButtonOptions[]): Actions {
  return {
    type: 'actions',
    block_id: clip(block, 255),
    elements: requests.map(
      ({ decision, says, given = {}, prefill = {}, style }, index): Button => ({
        type: 'button',
        action_id: `${decision}:${index}`,
        value: chatValue({ incidentId, given, prefill }),
        text: { type: 'plain_text', text: clipEscaped(chatText(cleanLine(says, 75)), 75), emoji: false },
        ...(style === undefined ? {} : { style }),
      }),
    ),
  };
}

/** While nobody has it, every message that tells of the incident lets one take it (R1.4). */
export function acknowledgeRow(facts: IncidentFacts): readonly ChatBlock[] {
  if (facts.acknowledgedAt !== null || facts.resolvedAt !== null) return [];
  return [
    actionRow(facts.incidentId, `acknowledge:${facts.incidentId}`, [
      { decision: 'acknowledge', says: 'Acknowledge: I have it', style: 'primary' },
    ]),
  ];
}

/** Send the draft as it is, write another, or say why there is none now (R4.2). */
export function reminderRow(facts: IncidentFacts, draft: string): ChatBlock {
  const text = clip(draft, DRAFT_CHARACTERS);
  return actionRow(facts.incidentId, `update:${facts.incidentId}`, [
    { decision: 'update', says: 'Send it as it is', given: { text }, style: 'primary' },
    { decision: 'update', says: 'Write it…', prefill: { text } },
    { decision: 'snooze', says: 'Snooze…' },
  ]);
}

/** Renew, take back or keep (ADR 0011). */
export function leaseRow(facts: IncidentFacts, leaseId: string): ChatBlock {
  return actionRow(facts.incidentId, `lease:${leaseId}`, [
    { decision: 'renew-lease', says: 'Keep it longer', given: { leaseId }, style: 'primary' },
    { decision: 'revert-lease', says: 'Revert now', given: { leaseId }, style: 'danger' },
    { decision: 'keep-lease', says: 'Keep it for good…', given: { leaseId } },
  ]);
}

/** What one does most, under the pinned summary and `/incident show`. */
export function summaryRow(facts: IncidentFacts): readonly ChatBlock[] {
  const { incidentId } = facts;
  if (facts.resolvedAt !== null) {
    return [
      actionRow(incidentId, `summary:${incidentId}`, [
        { decision: 'reopen', says: 'It is back: reopen…' },
        { decision: 'note', says: 'Add a note…' },
      ]),
    ];
  }
  const take: readonly ButtonOptions[] =
    facts.acknowledgedAt === null
      ? [{ decision: 'acknowledge', says: 'Acknowledge: I have it', style: 'primary' }]
      : [];
  return [
    actionRow(incidentId, `summary:${incidentId}`, [
      ...take,
      { decision: 'update', says: 'Write an update…' },
      { decision: 'set-severity', says: 'Severity…', prefill: { to: facts.severity } },
      { decision: 'hand-over', says: 'Hand over…' },
      { decision: 'note', says: 'Add a note…' },
      { decision: 'resolve', says: 'Resolve…' },
    ]),
  ];
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
