import type { IncidentFacts } from '../incident-facts.ts';
import { looksLikeReference } from '../incident-name.ts';
import type { Instant } from '../instant.ts';
import { SEVERITIES } from '../severity.ts';
import { INSTANT_ADVICE, instantOf, LENGTH_ADVICE, minutesOf, SEVERITY_ADVICE, severityOf } from '../written.ts';
import type { Declaration, Field, Fields } from './declare.ts';
import { leaseMeant, type Meant, type Problem, questionMeant } from './meant.ts';

/** How a decision is written as a line, in the command line as in chat: `snooze 30m --because "the vendor is at it"`. */

/** What stands behind the incident, quotes resolved. */
export interface Line {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

type LineRead =
  /** People and incidents stand as they were written. `left`: words that nothing asked for. */
  | { readonly ok: true; readonly given: Readonly<Record<string, unknown>>; readonly left: readonly string[] }
  | { readonly ok: false; readonly problem: Problem };

/** Words that name something are found in the lists when they are left out. */
const FOUND: readonly Field['kind'][] = ['question', 'lease'];
const isWord = (field: Field): boolean => field.option === undefined && field.kind !== 'draft';
const mustBeWritten = (field: Field): boolean =>
  isWord(field) && field.optional !== true && !FOUND.includes(field.kind);

/**
 * Which of the words names the incident: the first, when it looks like a name (`1430`, `incident-…`) or when there is one
 * more than the decision takes.
 */
export function splitReference(
  { fields }: Declaration,
  { words, options }: Line,
): { readonly reference: string | null; readonly words: readonly string[] } {
  const [first, ...others] = words;
  if (first === undefined) return { reference: null, words };
  const all = Object.values(fields);
  const takes = all.filter((field) => isWord(field) || follows(field, options)).length;
  const isTheOther = words.length === 1 && all.some(({ kind }) => kind === 'incident');
  const named = !isTheOther && (looksLikeReference(first) || (!isFree(all, options) && words.length === takes + 1));
  return named ? { reference: first, words: others } : { reference: null, words };
}

/** Whether the last thing takes all the words that are left. */
function isFree(fields: readonly Field[], options: Line['options']): boolean {
  const last = fields.filter(isWord).at(-1)?.kind;
  return last === 'text' || last === 'lines' || reasonFollows(fields, options);
}

function reasonFollows(fields: readonly Field[], options: Line['options']): boolean {
  return fields.some((field) => field.kind === 'because' && options[field.option?.name ?? ''] === undefined);
}

/** An option and a length of time may stand among the words too. */
function follows({ kind, option }: Field, options: Line['options']): boolean {
  return option !== undefined && (kind === 'option' || kind === 'minutes') && options[option.name] === undefined;
}

/** What was written of the decision's body; what is missing is for the caller to ask for. */
export function readLine({ fields }: Declaration, { words, options }: Line, known: Known): LineRead {
  const given: Record<string, unknown> = {};
  let left = words;
  let question: Meant | null = null;
  for (const [name, field] of Object.entries(fields)) {
    const option = field.option === undefined ? undefined : options[field.option.name];
    if (field.kind === 'question') {
      const more = reasonFollows(Object.values(fields), options);
      question = questionMeant(left[0], known.facts?.openQuestions ?? null, more, field.alsoNamed ?? []);
    }
    const read = readField(field, option, left, { ...known, question, fields: Object.values(fields), options });
    if ('problem' in read) return { ok: false, problem: read.problem };
    if (read.value !== undefined) given[name] = read.value;
    left = left.slice(read.took);
  }
  return { ok: true, given, left };
}

/** What must be known to understand a line. */
export interface Known {
  readonly facts: IncidentFacts | null;
  readonly now: Instant;
}

interface Context extends Known, Pick<Line, 'options'> {
  readonly fields: readonly Field[];
  readonly question: Meant | null;
}

function readField(field: Field, option: string | undefined, left: readonly string[], context: Context): Read {
  const [word] = left;
  const { fields, options, question, facts, now } = context;
  switch (field.kind) {
    case 'draft':
      return NOTHING;
    case 'because':
    case 'text':
    case 'lines':
      return readText(field, option, left);
    case 'person':
    case 'incident':
      return { value: word, took: 1 };
    case 'severity':
      return parsed(option, word, severityOf, 'severity', SEVERITY_ADVICE);
    case 'instant':
      return parsed(option, isWord(field) ? word : undefined, (text) => instantOf(text, now), 'time', INSTANT_ADVICE);
    case 'minutes': {
      const length = isWord(field) || minutesOf(word ?? '') !== null ? word : undefined;
      return parsed(option, length, minutesOf, 'duration', LENGTH_ADVICE);
    }
    case 'question':
      return readMeant(question);
    case 'option':
      return readOption(option, word, question, reasonFollows(fields, options));
    case 'lease': {
      const more = reasonFollows(fields, options) || fields.some((other) => follows(other, options));
      return readMeant(leaseMeant(word, facts?.openLeases ?? null, more));
    }
  }
}

type Read = { readonly value: unknown; readonly took: number } | { readonly problem: Problem };

const NOTHING: Read = { value: undefined, took: 0 };

/** A reason may begin with the word. */
function readText({ kind, option: asOption }: Field, option: string | undefined, left: readonly string[]): Read {
  const follows = option === undefined && (kind === 'because' || asOption === undefined);
  const text = (follows ? left.join(' ') : (option ?? '')).trim();
  const clean = kind === 'because' ? text.replace(/^because[:,]?\s+/i, '') : text;
  return { value: clean === '' ? undefined : clean, took: follows ? left.length : 0 };
}

function readMeant(meant: Meant | null): Read {
  if (meant === null) return NOTHING;
  return meant.ok ? { value: meant.id, took: meant.took } : { problem: meant.problem };
}

function parsed(
  option: string | undefined,
  word: string | undefined,
  parse: (text: string) => unknown,
  what: string,
  advice: string,
): Read {
  const written = option ?? word;
  if (written === undefined || written.trim() === '') return NOTHING;
  const value = parse(written);
  if (value === null)
    return { problem: { words: `"${written}" is no ${what}. ${advice}`, choices: [], nothing: false } };
  return { value, took: option === undefined ? 1 : 0 };
}

/** The other options may be chosen by name, behind the question or instead of it. */
function readOption(option: string | undefined, word: string | undefined, meant: Meant | null, more: boolean): Read {
  const question = meant?.ok === true ? meant : null;
  const names = question?.options ?? [];
  const known = names.find((name) => name === word?.toLowerCase());
  // Of a question that is in no list yet, the incident knows the options.
  const unknown = names.length === 0 && !more ? word : undefined;
  const chosen = option ?? question?.chosen ?? known ?? unknown;
  if (option !== undefined && names.length > 0 && !names.includes(option)) {
    const words = `"${option}" is not among the options of ${question?.id}: ${names.join(', ')}.`;
    return { problem: { words, choices: [], nothing: false } };
  }
  const took = option === undefined && question?.chosen == null && chosen !== undefined ? 1 : 0;
  return { value: chosen ?? undefined, took };
}

/** How many words it takes at least. */
export function leastWords({ fields }: Declaration): number {
  return Object.values(fields).filter(mustBeWritten).length;
}

/** Names of what has to be given and is not. */
export function missingFields(fields: Fields, given: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(fields)
    .filter(([name, field]) => isTyped(field) && field.optional !== true && given[name] === undefined)
    .map(([name]) => name);
}

/** Whether a form asks for it; the rest is settled by the button, or by what the form stands beside. */
export function isTyped({ kind }: Field): boolean {
  return !['question', 'option', 'lease', 'draft'].includes(kind);
}

/** `<person> [what]`, `[approval] --because <text>`: how it is written behind the incident. */
export function usageOf({ fields }: Declaration): string {
  const all = Object.entries(fields);
  const words = all.flatMap(([name, field]) => {
    if (!isWord(field)) return [];
    return mustBeWritten(field) ? [`<${placeholder(name, field)}>`] : [`[${placeholder(name, field)}]`];
  });
  const options = all.flatMap(([name, field]) => (field.kind === 'because' ? [optionUsage(name, field)] : []));
  return [...words, ...options].join(' ');
}

/** `--because <text>`. */
export function optionUsage(name: string, field: Field): string {
  return `--${field.option?.name} <${placeholder(name, field)}>`;
}

function placeholder(name: string, { kind }: Field): string {
  switch (kind) {
    case 'text':
    case 'lines':
    case 'incident':
    case 'draft':
      return name;
    case 'because':
      return 'text';
    case 'minutes':
      return 'duration';
    case 'instant':
      return 'time';
    case 'severity':
      return SEVERITIES.join('|');
    case 'question':
      return 'approval';
    case 'option':
      return 'name';
    case 'person':
    case 'lease':
      return kind;
  }
}

/** A line that says this body, behind the incident; the opposite of `readLine`. */
export function lineOf({ fields }: Declaration, body: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(fields).filter(([name]) => body[name] !== undefined && body[name] !== null);
  const words = given.filter(([, field]) => isWord(field)).map(([name, field]) => writtenAs(field, body[name]));
  const options = given.flatMap(([name, field]) =>
    field.option === undefined ? [] : [`--${field.option.name} ${writtenAs(field, body[name])}`],
  );
  return [...words, ...options].join(' ');
}

function writtenAs({ kind }: Field, value: unknown): string {
  if (kind === 'minutes') return `${Math.max(1, Math.ceil(Number(value)))}m`;
  const text = String(value);
  return /^\w[\w.:/@+-]*$/.test(text) ? text : `"${text.replaceAll('"', "'")}"`;
}
