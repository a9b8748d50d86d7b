import { correlatedEvents } from './correlated-events.ts';
import { type CorrelatedRole, type CorrelatedSign, correlatedSigns } from './correlated-signs.ts';
import type { Hypothesis } from './diagnosis.ts';
import { epochMs, type Instant, secondsBetween } from './instant.ts';
import type { EventOf, TimelineEvent } from './timeline.ts';

/** One line of the chain: what happened where, how that is known, and what it means beside the others. */
export interface CorrelatedLine {
  readonly at: Instant;
  readonly role: CorrelatedRole;
  readonly system: string;
  readonly words: string;
  readonly meaning: string;
  readonly source: { readonly command: string | null; readonly link: string | null };
  /** The event of the timeline that tells the same; null for what only evidence shows. */
  readonly seq: number | null;
}

/** A chain that nobody can read explains nothing; the whole is on the timeline and in the evidence. */
const LINES_LIMIT = 60;

/**
 * R5.5: deploy → connections climb → pool exhausted → errors → rollback → recovery, across systems, made from what was
 * measured and from what was done. Nothing is in it that no evidence and no event shows.
 */
export function correlatedTimeline(timeline: readonly TimelineEvent[]): readonly CorrelatedLine[] {
  const [cause] =
    timeline.findLast((event): event is EventOf<'explained'> => event.kind === 'explained')?.hypotheses ?? [];
  const signs = [...correlatedSigns(timeline), ...correlatedEvents(timeline)]
    .sort((a, b) => epochMs(a.at) - epochMs(b.at) || ORDER.indexOf(a.role) - ORDER.indexOf(b.role))
    .slice(0, LINES_LIMIT);
  return signs.map((sign, index) => {
    const { at, role, system, words, source, seq } = sign;
    return { at, role, system, words, meaning: meaningOf(signs, index, cause ?? null), source, seq };
  });
}

/** What is seen at the same instant is told in the order in which one leads to the other. */
const ORDER: readonly CorrelatedRole[] = [
  'change',
  'climb',
  'exhausted',
  'symptom',
  'alert',
  'action',
  'recovery',
  'relapse',
];

function meaningOf(signs: readonly CorrelatedSign[], index: number, cause: Hypothesis | null): string {
  const sign = signs[index] as CorrelatedSign;
  // Of several changes it is measured from the one that the explanation names.
  const suspected = (one: CorrelatedSign) => one.role !== 'change' || isNamed(one, cause);
  const before = (...roles: readonly CorrelatedRole[]) => {
    const earlier = signs.slice(0, index).filter((one) => roles.includes(one.role));
    return earlier.findLast(suspected) ?? earlier.at(-1) ?? null;
  };
  const after = (...roles: readonly CorrelatedRole[]) =>
    signs.slice(index + 1).find((one) => roles.includes(one.role)) ?? null;
  switch (sign.role) {
    case 'change':
      return changeMeaning(sign, after('climb', 'exhausted', 'symptom'), cause);
    case 'climb':
      return since(sign, before('change')) ?? 'no change is known before it';
    case 'exhausted':
      return since(sign, before('climb', 'exhausted', 'change')) ?? 'nothing that leads to it was seen before';
    case 'symptom':
      return since(sign, before('action', 'exhausted', 'climb', 'change')) ?? 'the first that was seen of it';
    case 'alert':
      return since(sign, firstOf(signs, index)) ?? 'the first that was heard of it';
    case 'action':
      return since(sign, firstOf(signs, index)) ?? 'before anything was seen to fail';
    case 'recovery':
      return since(sign, before('action')) ?? 'before anything was done about it';
    case 'relapse':
      return since(sign, before('recovery', 'action')) ?? 'it had not been seen to end';
  }
}

/** Of what users feel, the first there was: an alert and an act are measured from it. */
function firstOf(signs: readonly CorrelatedSign[], index: number): CorrelatedSign | null {
  return signs.slice(0, index).find(({ role }) => role === 'symptom' || role === 'exhausted') ?? null;
}

function changeMeaning(sign: CorrelatedSign, next: CorrelatedSign | null, cause: Hypothesis | null): string {
  const named = isNamed(sign, cause);
  const explained =
    cause === null || cause.cause === 'unknown'
      ? null
      : named
        ? 'the explanation names it'
        : 'the explanation does not name it';
  const led =
    next === null ? 'nothing that was measured changed after it' : `${apart(sign.at, next.at)} before ${next.short}`;
  return [led, ...(explained === null ? [] : [explained])].join('; ');
}

function isNamed({ names }: CorrelatedSign, cause: Hypothesis | null): boolean {
  return names.some((name) => cause?.names.includes(name));
}

function since(sign: CorrelatedSign, earlier: CorrelatedSign | null): string | null {
  return earlier === null ? null : `${apart(earlier.at, sign.at)} after ${earlier.short}`;
}

function apart(from: Instant, to: Instant): string {
  const seconds = secondsBetween(from, to);
  if (seconds < 60) return 'less than a minute';
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}` : `${Math.round(minutes / 60)} hours`;
}
