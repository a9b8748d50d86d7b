import { closestOf } from '../../config/policy-problems.ts';
import { type Line, splitReference } from '../../domain/deciding/line.ts';
import { DECISION_NAMES, type DecisionName, declarationOf, isDecisionName } from '../../domain/decision.ts';
import { QUICK_ACTION_NAMES, QUICK_CHECK_NAMES } from '../../domain/quick-action.ts';
import type { Severity } from '../../domain/severity.ts';
import { SEVERITY_ADVICE, severityOf } from '../../domain/written.ts';

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
  /** The quick reference (R8): what to look at, what to do. */
  | { readonly kind: 'check'; readonly what: string | null; readonly incident: string | null }
  | {
      readonly kind: 'do';
      /** An action, or `list`. */
      readonly what: string | null;
      /** Set when it answers one that waits, whose id `target` is. */
      readonly answers: 'confirm' | 'call-off' | 'undo' | null;
      readonly target: string | null;
      readonly replicas: number | null;
      readonly because: string | null;
      readonly incident: string | null;
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

const READS = ['help', 'waiting', 'list', 'show', 'timeline', 'paper', 'create', 'check', 'do'] as const;
export const COMMAND_NAMES: readonly string[] = [...DECISION_NAMES, ...READS];

/** Short and older words for the same thing. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ...DECISION_NAMES.flatMap((name) => (declarationOf(name).also ?? []).map((also) => [also, name] as const)),
  ['open', 'create'],
  ['new', 'create'],
  ['declare', 'create'],
  ['status', 'show'],
  ['me', 'waiting'],
  ['home', 'waiting'],
  ['ls', 'list'],
]);

const OF_DECISIONS = DECISION_NAMES.flatMap((name) =>
  Object.values(declarationOf(name).fields).flatMap(({ option }) => option?.name ?? []),
);
const OPTIONS: readonly string[] = [
  ...new Set([...OF_DECISIONS, 'because', 'severity', 'service', 'separate', 'all', 'replicas', 'incident']),
];
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
    case 'check':
      return checkOf(words, options);
    case 'do':
      return doOf(words, options);
    default:
      return decisionOf(name, { words, options });
  }
}

function decisionOf(name: string, line: Line): ChatCommand {
  if (!isDecisionName(name)) return { kind: 'problem', words: commandProblem(name) };
  return { kind: 'decision', name, ...splitReference(declarationOf(name), line), options: line.options };
}

function createOf(words: readonly string[], options: Readonly<Record<string, string>>): ChatCommand {
  const severity = severityOf(options.severity ?? '');
  if (options.severity !== undefined && severity === null)
    return { kind: 'problem', words: `"${options.severity}" is no severity. ${SEVERITY_ADVICE}` };
  const title = words.join(' ').trim();
  if (title === '') return { kind: 'problem', words: 'Say what is wrong: /incident create "API Error Rate Critical"' };
  return { kind: 'create', title, severity, service: options.service ?? null, separate: 'separate' in options };
}

function checkOf(words: readonly string[], options: Readonly<Record<string, string>>): ChatCommand {
  const what = words[0] === undefined ? null : meantBy(words[0], QUICK_CHECK_NAMES);
  if (typeof what === 'object' && what !== null) return { kind: 'problem', words: `There is no check ${what.unknown}` };
  return { kind: 'check', what, incident: options.incident ?? null };
}

const ANSWERS: Readonly<Record<string, 'confirm' | 'call-off' | 'undo'>> = {
  approve: 'confirm',
  confirm: 'confirm',
  yes: 'confirm',
  'call-off': 'call-off',
  no: 'call-off',
  undo: 'undo',
};

/** `do restart noa-mcp because …`, `do scale noa-mcp 6 because …`, `do approve quick-…`. */
function doOf([first, ...rest]: readonly string[], options: Readonly<Record<string, string>>): ChatCommand {
  const wanted = { kind: 'do', answers: null, target: null, replicas: null, because: null, incident: null } as const;
  if (first === undefined) return { ...wanted, what: null };
  const because = (words: readonly string[]) =>
    (options.because ?? words.join(' ').replace(/^because[:,]?\s*/i, '')).trim() || null;
  const answers = Object.hasOwn(ANSWERS, first.toLowerCase()) ? ANSWERS[first.toLowerCase()] : undefined;
  if (answers !== undefined) {
    if (rest[0] === undefined) return { kind: 'problem', words: `Say which: /incident do ${first} quick-…` };
    return { ...wanted, what: first, answers, target: rest[0], because: because(rest.slice(1)) };
  }
  const what = meantBy(first, [...QUICK_ACTION_NAMES, 'list']);
  if (typeof what === 'object') return { kind: 'problem', words: `There is no action ${what.unknown}` };
  const target = rest[0] === undefined || /^because\b/i.test(rest[0]) ? null : rest[0];
  const behind = target === null ? rest : rest.slice(1);
  const number = options.replicas ?? (what === 'scale' ? behind[0] : undefined);
  const replicas = number !== undefined && /^\d{1,4}$/.test(number) ? Number(number) : null;
  const reason = replicas !== null && options.replicas === undefined ? behind.slice(1) : behind;
  return { ...wanted, what, target, replicas, because: because(reason), incident: options.incident ?? null };
}

function meantBy(word: string, known: readonly string[]): string | { readonly unknown: string } {
  const lower = word.toLowerCase();
  if (known.includes(lower)) return lower;
  const close = closestOf(lower, known);
  return {
    unknown: `"${word.slice(0, 60)}". ${close === null ? `There are: ${known.join(', ')}` : `Did you mean: ${close}`}`,
  };
}

function nameOf(word: string): string | null {
  const lower = word.toLowerCase();
  const name = SYNONYMS.get(lower) ?? lower;
  return COMMAND_NAMES.includes(name) ? name : null;
}

function commandProblem(word: string): string {
  const close = closestOf(word, [...COMMAND_NAMES, ...SYNONYMS.keys()]);
  const advice =
    close === null ? 'See them all: /incident help' : `Did you mean: /incident ${SYNONYMS.get(close) ?? close}`;
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
