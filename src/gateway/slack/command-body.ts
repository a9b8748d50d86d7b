import type { DecisionName } from '../../domain/decision.ts';
import type { FactSet } from '../../domain/fact-set.ts';
import { epochMs, type Instant, instant } from '../../domain/instant.ts';
import { missingFields } from '../../views/chat-modals.ts';
import type { DecisionCommand } from './command-line.ts';

/** What must be looked up to understand a command. */
export interface Known {
  /** Null: neither the incident nor the store could say. */
  readonly facts: FactSet | null;
  readonly now: Instant;
  /** A person's id from what was written (`@bob`, `<@U0BOB>`, `bob`); null when nobody is called so. */
  readonly personOf: (written: string) => Promise<string | null>;
  /** An incident's whole name from a part of it; null when none or several have it. */
  readonly incidentOf: (written: string) => Promise<string | null>;
}

/** The body of the decision, what is given of it when a form has to ask for the rest, or what is wrong. */
export type Understood =
  | { readonly kind: 'body'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'form'; readonly given: Readonly<Record<string, unknown>> }
  | { readonly kind: 'problem'; readonly words: string };

class Misunderstood extends Error {}

export async function understand(command: DecisionCommand, known: Known): Promise<Understood> {
  try {
    const given = await givenOf(command, known);
    const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return missingFields(command.name, present).length > 0
      ? { kind: 'form', given: present }
      : { kind: 'body', body: present };
  } catch (error) {
    if (error instanceof Misunderstood) return { kind: 'problem', words: error.message };
    throw error;
  }
}

async function givenOf(command: DecisionCommand, known: Known): Promise<Record<string, unknown>> {
  const { name, words, options } = command;
  const [first, ...rest] = words;
  switch (name) {
    case 'acknowledge':
    case 'test-mail':
      return {};
    case 'assign':
      return first === undefined ? {} : { to: await person(first, known), what: said(rest) };
    case 'hand-over':
      return first === undefined ? {} : { to: await person(first, known) };
    case 'set-severity':
      return first === undefined ? {} : { to: severity(first), because: because(rest, options) };
    case 'note':
      return { text: said(words) };
    case 'update':
      return { text: said(words), expectedRecoveryAt: expected(options.expect, known.now) };
    case 'snooze':
      return first === undefined ? {} : { minutes: minutes(first), because: because(rest, options) };
    case 'approve': {
      const { approvalId, option, rest: more } = question(words, options, known, name);
      return { approvalId, option: option ?? more[0] };
    }
    case 'break-glass': {
      const { approvalId, option, rest: more } = question(words, options, known, name);
      return { approvalId, option, because: because(more, options) };
    }
    case 'reject': {
      const { approvalId, rest: more } = question(words, options, known, name);
      return { approvalId, because: because(more, options) };
    }
    case 'call-off': {
      const { approvalId, rest: more } = question(words, options, known, name);
      return { what: approvalId, because: because(more, options) };
    }
    case 'resolve':
      return { fix: said(words) };
    case 'merge':
      return first === undefined ? {} : { into: await incident(first, known) };
    case 'keep-lease': {
      const { leaseId, rest: more } = lease(words, known, name);
      return { leaseId, because: because(more, options) };
    }
    case 'renew-lease': {
      const { leaseId, rest: more } = lease(words, known, name);
      const lasts = options.for ?? more[0];
      return { leaseId, minutes: lasts === undefined ? undefined : minutes(lasts) };
    }
    case 'revert-lease':
      return { leaseId: lease(words, known, name).leaseId };
    case 'reopen':
    case 'false-alarm':
    case 'cancel':
    case 'pause-canary':
    case 'abort-canary':
      return { because: because(words, options) };
  }
}

function said(words: readonly string[]): string | undefined {
  const text = words.join(' ').trim();
  return text === '' ? undefined : text;
}

/** `--because "…"`, or simply what follows, with or without the word. */
function because(words: readonly string[], options: Readonly<Record<string, string>>): string | undefined {
  const text = options.because ?? words.join(' ');
  const clean = text.replace(/^\s*because[:,]?\s+/i, '').trim();
  return clean === '' ? undefined : clean;
}

async function person(written: string, known: Known): Promise<string> {
  const found = await known.personOf(written);
  if (found === null)
    throw new Misunderstood(
      `"${written}" is nobody of this team's policy. Name them by @mention, or by the id of the policy.`,
    );
  return found;
}

async function incident(written: string, known: Known): Promise<string> {
  const found = await known.incidentOf(written);
  if (found === null) throw new Misunderstood(`No single incident is called "${written}". See them: /incident list`);
  return found;
}

function severity(written: string): string {
  const upper = written.toUpperCase();
  if (!/^P[0-3]$/.test(upper)) throw new Misunderstood(`"${written}" is no severity. Give P0, P1, P2 or P3.`);
  return upper;
}

function minutes(written: string): number {
  const read = /^(?:(\d{1,3})h)?(?:(\d{1,5})m?(?:in(?:ute)?s?)?)?$/i.exec(written);
  const total = Number(read?.[1] ?? 0) * 60 + Number(read?.[2] ?? 0);
  if (read === null || total <= 0)
    throw new Misunderstood(`"${written}" is no duration. Give one such as 30m, 2h or 1h30m.`);
  return total;
}

/** A clock time of today or, when that has passed, of tomorrow, in UTC; or a whole instant. */
export function expected(written: string | undefined, now: Instant): Instant | undefined {
  if (written === undefined || written.trim() === '') return undefined;
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)(?:\s*UTC)?$/i.exec(written.trim());
  if (clock !== null) {
    const at = epochMs(`${now.slice(0, 10)}T${(clock[1] ?? '').padStart(2, '0')}:${clock[2]}:00.000Z`);
    return instant(at >= epochMs(now) ? at : at + 24 * 60 * 60_000);
  }
  const whole = Date.parse(written);
  if (/^\d{4}-\d\d-\d\dT/.test(written) && !Number.isNaN(whole)) return instant(whole);
  throw new Misunderstood(`"${written}" is no time. Give a UTC clock time such as 15:00.`);
}

/** The question that is meant: by id, by name, by an option of it, or the only one that is open. */
function question(
  words: readonly string[],
  options: Readonly<Record<string, string>>,
  { facts }: Known,
  name: DecisionName,
): { readonly approvalId: string; readonly option: string | undefined; readonly rest: readonly string[] } {
  const open = facts?.openQuestions ?? [];
  const [first, ...rest] = words;
  const wanted = first?.toLowerCase();
  const byId = open.find((asked) => asked.approvalId.toLowerCase() === wanted);
  if (byId !== undefined) {
    const named = byId.options.find((option) => option.name === rest[0]?.toLowerCase());
    return {
      approvalId: byId.approvalId,
      option: options.option ?? named?.name,
      rest: named === undefined ? rest : rest.slice(1),
    };
  }
  const byOption = open.filter((asked) => asked.options.some((option) => option.name === wanted));
  const [only, another] = byOption;
  if (only !== undefined && another === undefined)
    return { approvalId: only.approvalId, option: options.option ?? wanted, rest };
  // Lists lag behind by a moment: the incident itself decides about an id that is not among them.
  if (first !== undefined && /^[a-z][\w./-]*\d[\w./-]*$/i.test(first))
    return {
      approvalId: first,
      option: options.option ?? (name === 'approve' || 'because' in options ? rest[0] : undefined),
      rest,
    };
  const [single, second] = open;
  if (single === undefined) throw new Misunderstood('Nothing in this incident waits for an answer.');
  if (second !== undefined) {
    const rows = open.map((asked) => `/incident ${name} ${asked.approvalId}   (${asked.name}: ${asked.why})`);
    throw new Misunderstood(`${open.length} questions are open: which one?\n${rows.join('\n')}`);
  }
  if (name === 'approve' && first !== undefined)
    throw new Misunderstood(
      `"${first}" is not among the options of ${single.approvalId}: ${single.options.map((option) => option.name).join(', ')}.`,
    );
  return { approvalId: single.approvalId, option: options.option, rest: words };
}

/** The temporary change that is meant, or the only one that is open. */
function lease(
  words: readonly string[],
  { facts }: Known,
  name: DecisionName,
): { readonly leaseId: string; readonly rest: readonly string[] } {
  const open = facts?.openLeases ?? [];
  const [first, ...rest] = words;
  const named = open.find(({ id }) => id.toLowerCase() === first?.toLowerCase());
  if (named !== undefined) return { leaseId: named.id, rest };
  if (first !== undefined && /^lease-\d+$/i.test(first)) return { leaseId: first.toLowerCase(), rest };
  const [single, second] = open;
  if (single === undefined) throw new Misunderstood('No temporary change is open in this incident.');
  if (second === undefined) return { leaseId: single.id, rest: words };
  const rows = open.map(({ id, what }) => `/incident ${name} ${id}   (${what})`);
  throw new Misunderstood(`${open.length} temporary changes are open: which one?\n${rows.join('\n')}`);
}
