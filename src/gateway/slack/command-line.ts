import { closestOf } from '../../config/policy-problems.ts';
import { DECISION_NAMES, type DecisionName } from '../../domain/decision.ts';
import { SEVERITIES, type Severity } from '../../domain/severity.ts';

/** What somebody typed behind `/incident`, before anything is looked up. */
export type ChatCommand =
  | { readonly kind: 'help'; readonly about: string | null }
  /** What waits for me. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'list'; readonly all: boolean }
  | { readonly kind: 'show' | 'timeline' | 'paper'; readonly reference: string | null }
  | {
      readonly kind: 'create';
      readonly title: string;
      readonly severity: Severity | null;
      readonly service: string | null;
      readonly separate: boolean;
    }
  | DecisionCommand
  | { readonly kind: 'problem'; readonly words: string };

export interface DecisionCommand {
  readonly kind: 'decision';
  readonly name: DecisionName;
  readonly reference: string | null;
  /** The words behind the incident, quotes resolved. */
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

const READS = ['help', 'waiting', 'list', 'show', 'timeline', 'paper', 'create'] as const;
export const COMMAND_NAMES: readonly string[] = [...DECISION_NAMES, ...READS];

/** Short and older words for the same thing. */
const ALSO: Readonly<Record<string, string>> = {
  ack: 'acknowledge',
  acknowledged: 'acknowledge',
  take: 'acknowledge',
  severity: 'set-severity',
  sev: 'set-severity',
  handover: 'hand-over',
  handoff: 'hand-over',
  yes: 'approve',
  no: 'reject',
  object: 'call-off',
  stop: 'call-off',
  keep: 'keep-lease',
  renew: 'renew-lease',
  revert: 'revert-lease',
  resolved: 'resolve',
  open: 'create',
  new: 'create',
  declare: 'create',
  status: 'show',
  me: 'waiting',
  home: 'waiting',
  ls: 'list',
};

const OPTIONS = ['because', 'option', 'expect', 'for', 'severity', 'service', 'separate', 'all'] as const;
/** Options that stand alone. */
const FLAGS: readonly string[] = ['separate', 'all'];
const MAX_CHARACTERS = 4_500;

/** Reads a line as people type it on phones: curly quotes, dashes that were joined, slips of the finger. */
export function readCommandLine(text: string): ChatCommand {
  if (text.length > MAX_CHARACTERS)
    return { kind: 'problem', words: `That is longer than ${MAX_CHARACTERS} characters. Say it shorter.` };
  const { words, options, unknown } = split(straightened(text));
  if (unknown !== null) return { kind: 'problem', words: optionProblem(unknown) };
  const [first, ...rest] = words;
  if (first === undefined) return { kind: 'waiting' };
  const name = nameOf(first);
  if (name === null) return { kind: 'problem', words: commandProblem(first) };
  return commandOf(name, rest, options);
}

function commandOf(name: string, words: readonly string[], options: Readonly<Record<string, string>>): ChatCommand {
  switch (name) {
    case 'help':
      return { kind: 'help', about: words[0] === undefined ? null : nameOf(words[0]) };
    case 'waiting':
      return { kind: 'waiting' };
    case 'list':
      return { kind: 'list', all: 'all' in options || words[0] === 'all' };
    case 'show':
    case 'timeline':
    case 'paper':
      return { kind: name, reference: words[0] ?? null };
    case 'create':
      return createOf(words, options);
    default: {
      const named = words[0] !== undefined && looksLikeReference(words[0]);
      const decision = name as DecisionName;
      return {
        kind: 'decision',
        name: decision,
        // What it is merged into stands alone when the room says which incident is meant.
        reference: named && !(decision === 'merge' && words.length === 1) ? (words[0] ?? null) : null,
        words: named && !(decision === 'merge' && words.length === 1) ? words.slice(1) : words,
        options,
      };
    }
  }
}

function createOf(words: readonly string[], options: Readonly<Record<string, string>>): ChatCommand {
  const claimed = options.severity?.toUpperCase();
  const severity = SEVERITIES.find((one) => one === claimed) ?? null;
  if (claimed !== undefined && severity === null)
    return { kind: 'problem', words: `"${options.severity}" is no severity. Give P0, P1, P2 or P3.` };
  const title = words.join(' ').trim();
  if (title === '') return { kind: 'problem', words: 'Say what is wrong: /incident create "API Error Rate Critical"' };
  return { kind: 'create', title, severity, service: options.service ?? null, separate: 'separate' in options };
}

/** `1430`, `1023-1430` or the whole name; never a word of a sentence. */
export function looksLikeReference(word: string): boolean {
  return /^#?(incident-\d[\w-]*|\d{4,8}(-\d+)*)$/i.test(word);
}

function nameOf(word: string): string | null {
  const lower = word.toLowerCase();
  const name = Object.hasOwn(ALSO, lower) ? (ALSO[lower] as string) : lower;
  return COMMAND_NAMES.includes(name) ? name : null;
}

function commandProblem(word: string): string {
  const close = closestOf(word, [...COMMAND_NAMES, ...Object.keys(ALSO)]);
  const advice = close === null ? 'See them all: /incident help' : `Did you mean: /incident ${ALSO[close] ?? close}`;
  return `There is no command "${word.slice(0, 60)}". ${advice}`;
}

function optionProblem(word: string): string {
  const close = closestOf(word, OPTIONS);
  return `There is no option "--${word.slice(0, 60)}".${close === null ? '' : ` Did you mean --${close}?`} In chat the reason may simply follow: /incident reject wrong deployment`;
}

/** Phones write “ ” for quotes and — for two dashes. */
function straightened(text: string): string {
  return text
    .replace(/[“”„‟«»＂]/gu, '"')
    .replace(/[‘’‚‛]/gu, "'")
    .replace(/(^|\s)[—–](?=[a-z])/gu, '$1--')
    .replace(/[\u00a0\u2000-\u200a\u202f\u3000]/gu, ' ');
}

interface Split {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly unknown: string | null;
}

/** Words and `--options`; an option takes one quoted text, or all words up to the next option. */
function split(text: string): Split {
  const tokens = [...text.matchAll(/"([^"]*)"?|(--)([a-z][\w-]*)(?:=("[^"]*"?|\S+))?|(\S+)/giu)];
  const words: string[] = [];
  const options: Record<string, string> = {};
  let filling: string | null = null;
  for (const [, quoted, dashes, option, value, bare] of tokens) {
    if (dashes !== undefined && option !== undefined) {
      const name = OPTIONS.find((one) => one === option.toLowerCase());
      if (name === undefined) return { words, options, unknown: option };
      options[name] = (value ?? '').replace(/^"|"$/g, '');
      filling = FLAGS.includes(name) || value !== undefined ? null : name;
      continue;
    }
    const word = quoted ?? bare ?? '';
    if (filling === null) words.push(word);
    else {
      options[filling] = `${options[filling] ?? ''} ${word}`.trim();
      if (quoted !== undefined) filling = null;
    }
  }
  return { words: words.filter((word) => word.trim() !== ''), options, unknown: null };
}
