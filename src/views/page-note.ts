import type { PageNote } from '../domain/communication-policy.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import { cleanLine, clip, webAddress } from './escape.ts';
import { timeUtc } from './words.ts';

/** The paging system takes notes of at most this many characters; the key behind it needs room. */
const NOTE_CHARACTERS = 1_800;

/** What stands at the page for whoever looks at it there (R4): from the same facts as every other message, in plain text. */
export function pageNote(
  note: PageNote,
  facts: IncidentFacts,
  about: { readonly late: boolean; readonly consoleUrl: string | null },
): string {
  const lines = [sentence(note, facts), about.late ? 'This note comes late.' : '', where(facts, about.consoleUrl)];
  return clip(lines.filter((line) => line !== '').join('\n'), NOTE_CHARACTERS);
}

function sentence(note: PageNote, facts: IncidentFacts): string {
  switch (note) {
    case 'declared':
      return `${facts.severity} declared at ${at(facts.openedAt, facts)}: ${words(facts.issue)} Impact: ${words(facts.impact)}`;
    case 'cause-known':
      return `Likely cause: ${words(facts.causeWords)} Mitigation: ${words(facts.mitigation)}`;
    case 'mitigated':
      return `Mitigated at ${at(facts.mitigatedAt ?? facts.at, facts)}: ${words(facts.mitigation)}`;
    case 'resolved':
      return `Resolved at ${at(facts.resolvedAt ?? facts.at, facts)}. Fix: ${words(facts.fix ?? 'see the channel')} Verification: ${words(facts.verification ?? 'see the channel')}`;
    case 'reopened':
      return `Reopened at ${at(facts.at, facts)}: it is being investigated again. Led by ${words(facts.commander ?? 'nobody yet')}.`;
  }
}

function where(facts: IncidentFacts, consoleUrl: string | null): string {
  const channel = facts.channelName === null ? '' : `#${words(facts.channelName.replace(/^#/u, ''))}`;
  const address =
    consoleUrl === null
      ? null
      : webAddress(`${consoleUrl.replace(/\/+$/u, '')}/incidents/${encodeURIComponent(facts.incidentId)}`);
  const places = [channel, address ?? ''].filter((place) => place !== '').join(' · ');
  return places === '' ? '' : `Followed in ${places}`;
}

function at(instant: string, facts: IncidentFacts): string {
  return timeUtc(instant, facts.at);
}

function words(text: string): string {
  return cleanLine(text, 600);
}
