import type { IncidentFacts } from './incident-facts.ts';
import { clockTimeUtc } from './instant.ts';

/** What a person wrote, null when that is nothing. */
export function saidByPerson(written: string | null): string | null {
  return written === null || written.trim() === '' ? null : written;
}

/**
 * The honest update when nobody writes one (R4.2, ADR 0013): what happened since the last message, else that nothing
 * did and what is in hand. It is the reminder's draft, and what goes out at the promised time; never empty.
 */
export function draftWords(facts: IncidentFacts): string {
  if (facts.sinceLast.length > 0) return `Since the last message: ${facts.sinceLast.map(oneLine).join('; ')}.`;
  const since = facts.lastToldAt ?? facts.latestUpdateAt ?? facts.openedAt;
  const day = since.slice(0, 10) === facts.at.slice(0, 10) ? '' : `${since.slice(0, 10)} `;
  return `No change since ${day}${clockTimeUtc(since)} UTC; ${inHand(facts)}`;
}

function inHand(facts: IncidentFacts): string {
  const running = facts.remedies.find((remedy) => remedy.outcome === 'in progress');
  if (running !== undefined) return `${running.action} of ${oneLine(running.target)} is in progress.`;
  const question = facts.openQuestions[0];
  if (question !== undefined) return `waiting for ${oneLine(question.approver)} to decide about ${question.name}.`;
  return facts.status === 'monitoring' ? 'the recovery is being watched.' : 'the investigation goes on.';
}

const LINE_CHARACTERS = 200;

function oneLine(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  return line.length <= LINE_CHARACTERS ? line : `${line.slice(0, LINE_CHARACTERS - 1)}…`;
}
