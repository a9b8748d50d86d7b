import { zonedMinute } from '../domain/calendar.ts';
import type { CorrelatedLine } from '../domain/correlated-timeline.ts';
import type { Instant } from '../domain/instant.ts';
import { cleanLine } from './escape.ts';
import { clockUtc } from './words.ts';

const WORDS_CHARACTERS = 300;
const COMMAND_CHARACTERS = 200;

/** A line of the chain for people (R5.5), as plain text that the medium still has to escape. */
export interface CorrelatedLineWords {
  readonly clock: string;
  readonly words: string;
  readonly meaning: string;
  readonly system: string;
  /** What would show it again to whoever types it; null for what only happened once. */
  readonly command: string | null;
}

export function correlatedLineWords(line: CorrelatedLine, today: Instant, timeZone: string): CorrelatedLineWords {
  return {
    clock: teamClock(line.at, today, timeZone),
    words: cleanLine(line.words, WORDS_CHARACTERS).replace(/\.$/u, ''),
    meaning: cleanLine(line.meaning, WORDS_CHARACTERS),
    system: cleanLine(line.system, 80),
    command: line.source.command === null ? null : cleanLine(line.source.command, COMMAND_CHARACTERS),
  };
}

/** `14:15`, and `14:15 (16:15)` for a team whose own clocks show something else; another day is written out. */
export function teamClock(at: Instant, today: Instant, timeZone: string): string {
  const utc = clockUtc(at, today);
  const here = zonedMinute(at, timeZone);
  if (here === at.slice(0, 16).replace('T', ' ')) return utc;
  return `${utc} (${here.slice(0, 10) === zonedMinute(today, timeZone).slice(0, 10) ? here.slice(11) : here})`;
}

/** What the times in brackets are; empty where the team lives by UTC. */
export function teamClockNote(at: Instant, timeZone: string): string {
  return teamClock(at, at, timeZone).includes('(') ? `In brackets: the clock of ${cleanLine(timeZone, 60)}.` : '';
}
