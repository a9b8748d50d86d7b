import type { IncidentFacts } from '../incident-facts.ts';

/** What is wrong with what was written; `choices` are what it might have meant, `nothing`: there is nothing to mean. */
export interface Problem {
  readonly words: string;
  readonly choices: readonly { readonly id: string; readonly about: string }[];
  readonly nothing: boolean;
}

export type Meant =
  | {
      readonly ok: true;
      readonly id: string;
      /** Words that named it: none when it was found without. */
      readonly took: 0 | 1;
      /** Names of the options, as far as they are known; the one that was chosen by naming it. */
      readonly options: readonly string[];
      readonly chosen: string | null;
    }
  | { readonly ok: false; readonly problem: Problem };

type Question = IncidentFacts['openQuestions'][number];
type Lease = IncidentFacts['openLeases'][number];

/** Ids have a digit, words of a reason seldom do. */
const LOOKS_LIKE_ID = /^[a-z][\w./-]*\d[\w./-]*$/i;

/**
 * The question that is meant: by id, by name, by an option of it, by a part of its id, or the only one that is open.
 * `more`: other words may follow, so one that fits nothing belongs to them.
 */
export function questionMeant(
  word: string | undefined,
  known: readonly Question[] | null,
  more: boolean,
  alsoNamed: readonly string[],
): Meant {
  const open = known ?? [];
  const wanted = word?.toLowerCase();
  if (word !== undefined && wanted !== undefined) {
    const byId = open.find(({ approvalId }) => approvalId.toLowerCase() === wanted);
    if (byId !== undefined) return found(byId, 1);
    const byName = open.filter(({ name, options }) => name === wanted || options.some((one) => one.name === wanted));
    if (byName.length > 1) return several(word, byName);
    if (byName[0] !== undefined) return found(byName[0], 1, wanted);
    if (alsoNamed.includes(wanted)) return unlisted(wanted);
    const isId = LOOKS_LIKE_ID.test(word);
    const parts = isId || !more ? open.filter(({ approvalId }) => approvalId.toLowerCase().includes(wanted)) : [];
    if (parts.length > 1) return several(word, parts);
    if (parts[0] !== undefined) return found(parts[0], 1);
    // Lists lag behind by a moment: the incident itself decides about an id that is not among them.
    if (isId || (known === null && !more)) return unlisted(word);
    if (!more && open.length > 0) return notAmong(word, open);
  }
  const [only, another] = open;
  if (only === undefined) return nothing('Nothing in this incident waits for an answer.');
  return another === undefined ? found(only, 0) : several(null, open);
}

function found(question: Question, took: 0 | 1, named?: string): Meant {
  const options = question.options.map(({ name }) => name);
  const chosen = named !== undefined && named !== options[0] && options.includes(named) ? named : null;
  return { ok: true, id: question.approvalId, took, options, chosen };
}

function unlisted(id: string): Meant {
  return { ok: true, id, took: 1, options: [], chosen: null };
}

function notAmong(word: string, open: readonly Question[]): Meant {
  const [only, another] = open;
  if (only === undefined || another !== undefined) return several(word, open);
  const names = only.options.map(({ name }) => name).join(', ');
  const words = `"${word}" is not among the options of ${only.approvalId}: ${names}.`;
  return { ok: false, problem: { words, choices: [], nothing: false } };
}

function several(word: string | null, questions: readonly Question[]): Meant {
  const words =
    word === null
      ? `${questions.length} questions are open: which one?`
      : `"${word}" leaves it open which question is meant.`;
  const choices = questions.map(({ approvalId, name, why }) => ({ id: approvalId, about: `${name}: ${why}` }));
  return { ok: false, problem: { words, choices, nothing: false } };
}

function nothing(words: string): Meant {
  return { ok: false, problem: { words, choices: [], nothing: true } };
}

/** The temporary change that is meant: by id, by a part of it, or the only one that is open. */
export function leaseMeant(word: string | undefined, known: readonly Lease[] | null, more: boolean): Meant {
  const open = known ?? [];
  const wanted = word?.toLowerCase();
  const isId = word !== undefined && LOOKS_LIKE_ID.test(word);
  const byId = open.find(({ id }) => id.toLowerCase() === wanted);
  if (byId !== undefined) return unlisted(byId.id);
  const fitting =
    wanted === undefined || (more && !isId) ? open : open.filter(({ id }) => id.toLowerCase().includes(wanted));
  if (word !== undefined && fitting.length === 0 && (isId || !more)) return unlisted(word);
  const [only, another] = fitting;
  if (only === undefined) return nothing('No temporary change is open in this incident.');
  const took = word === undefined || (more && !isId) ? 0 : 1;
  if (another === undefined) return { ok: true, id: only.id, took, options: [], chosen: null };
  const choices = fitting.map(({ id, what, expiresAt }) => ({ id, about: `${what} (until ${expiresAt})` }));
  return {
    ok: false,
    problem: { words: `${fitting.length} temporary changes are open: which one?`, choices, nothing: false },
  };
}
