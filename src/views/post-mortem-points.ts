import type { IncidentFacts } from '../domain/incident-facts.ts';
import { type Instant, secondsBetween } from '../domain/instant.ts';
import type { EventOf, PromiseMade, TimelineEvent } from '../domain/timeline.ts';
import { counted, durationBetween, durationWords, listed } from './words.ts';

/** What the timeline itself proves about how it went; opinions are left to people (R6.2). */
export interface PostMortemPoints {
  readonly wentWell: readonly string[];
  readonly couldImprove: readonly string[];
}

export interface ActionItemRow {
  readonly what: string;
  readonly owner: string | null;
  readonly dueAt: Instant | null;
  readonly status: string;
}

export function postMortemPoints(facts: IncidentFacts, timeline: readonly TimelineEvent[]): PostMortemPoints {
  const promises = promiseTally(timeline);
  return {
    wentWell: [
      ...speed(facts, timeline),
      ...keptPromises(promises),
      ...helpfulRemedies(timeline),
      ...takenBack(timeline),
    ],
    couldImprove: [
      ...brokenPromises(promises),
      ...overruns(timeline),
      ...uselessRemedies(timeline),
      ...returns(timeline),
      ...gaps(timeline),
      ...unsent(timeline),
      ...(facts.cause === null ? ['The cause was not found by the time this was written.'] : []),
    ],
  };
}

/** Proposals for the table when nobody has written items yet; each rests on something in the timeline. */
export function proposedItems(facts: IncidentFacts, timeline: readonly TimelineEvent[]): readonly ActionItemRow[] {
  const lasting = (facts.cause?.suggests ?? []).filter((remedy) => remedy.lasting);
  const rows = [
    ...lasting.map((remedy) => `Lasting fix: ${remedy.action} of ${remedy.target.name}, because ${remedy.because}`),
    ...facts.openLeases.map((lease) => `Settle the temporary change still in place: ${lease.what}`),
    ...(facts.cause === null ? ['Find the cause'] : []),
    ...uselessRemedies(timeline).map((words) => `Find out why: ${words}`),
  ];
  return rows.map((what) => ({ what, owner: null, dueAt: null, status: 'Proposed' }));
}

interface PromiseTally {
  readonly kind: PromiseMade['kind'];
  readonly kept: number;
  readonly broken: readonly string[];
}

function promiseTally(timeline: readonly TimelineEvent[]): readonly PromiseTally[] {
  const made = new Map(all(timeline, 'promised').map((event) => [event.promise.id, event.promise]));
  const tally = new Map<PromiseMade['kind'], { kept: number; broken: string[] }>();
  for (const ended of all(timeline, 'promise-ended')) {
    const promise = made.get(ended.promiseId);
    if (promise === undefined || ended.how === 'superseded') continue;
    const entry = tally.get(promise.kind) ?? { kept: 0, broken: [] };
    if (ended.how === 'kept') entry.kept += 1;
    else entry.broken.push(brokenWords(promise, ended));
    tally.set(promise.kind, entry);
  }
  return [...tally].map(([kind, entry]) => ({ kind, ...entry }));
}

function brokenWords(promise: PromiseMade, ended: EventOf<'promise-ended'>): string {
  if (ended.how === 'missed') return `Missed: ${promise.words} (${ended.because})`;
  const late = secondsBetween(promise.dueAt, ended.at);
  return `Late by ${durationWords(late)}: ${promise.words} (${ended.because})`;
}

function keptPromises(tallies: readonly PromiseTally[]): readonly string[] {
  return tallies
    .filter((tally) => tally.kept > 0 && tally.broken.length === 0)
    .map((tally) => `All promises of the kind "${tally.kind}" were kept (${tally.kept} of ${tally.kept}).`);
}

function brokenPromises(tallies: readonly PromiseTally[]): readonly string[] {
  return tallies.flatMap((tally) => tally.broken);
}

function speed(facts: IncidentFacts, timeline: readonly TimelineEvent[]): readonly string[] {
  const known = all(timeline, 'explained').find(
    (event) => event.hypotheses[0] !== undefined && event.hypotheses[0].cause !== 'unknown',
  );
  const acknowledged = facts.acknowledgedAt;
  return [
    ...(acknowledged === null
      ? []
      : [
          `${facts.acknowledgedBy ?? 'Somebody'} acknowledged ${durationBetween(facts.openedAt, acknowledged)} after the incident was opened.`,
        ]),
    ...(known === undefined
      ? []
      : [`A likely cause was named ${durationBetween(facts.openedAt, known.at)} after the incident was opened.`]),
    ...(facts.mitigatedAt === null
      ? []
      : [`Mitigated ${durationBetween(facts.openedAt, facts.mitigatedAt)} after the incident was opened.`]),
  ];
}

function helpfulRemedies(timeline: readonly TimelineEvent[]): readonly string[] {
  return all(timeline, 'remedy-verified')
    .filter((event) => event.helped)
    .map((event) => `${event.action} helped: ${event.words}`);
}

function uselessRemedies(timeline: readonly TimelineEvent[]): readonly string[] {
  const tried = all(timeline, 'remedy-verified')
    .filter((event) => !event.helped)
    .map((event) => `${event.action} did not help: ${event.words}`);
  const failed = all(timeline, 'remedy-carried-out')
    .filter((event) => event.outcome.result !== 'done' && event.outcome.result !== 'already-done')
    .map((event) => `${event.action} could not be carried out (${event.outcome.result}): ${event.outcome.readBack}`);
  return [...tried, ...failed];
}

function takenBack(timeline: readonly TimelineEvent[]): readonly string[] {
  const count = all(timeline, 'lease-settled').filter((event) => event.how === 'reverted').length;
  return count === 0 ? [] : [`${counted(count, 'temporary change')} taken back as planned.`];
}

function overruns(timeline: readonly TimelineEvent[]): readonly string[] {
  return all(timeline, 'phase-overrun').map(
    (event) => `The ${event.phase} phase took longer than its ${counted(event.windowMinutes, 'minute')}.`,
  );
}

function returns(timeline: readonly TimelineEvent[]): readonly string[] {
  return [
    ...all(timeline, 'relapsed').map((event) => `The problem came back: ${event.words}`),
    ...all(timeline, 'reopened').map((event) => `Resolved too early, it had to be reopened: ${event.because}`),
  ];
}

function gaps(timeline: readonly TimelineEvent[]): readonly string[] {
  const probes = new Set(
    all(timeline, 'evidence-collected').flatMap((event) => event.bundle.gaps.map((gap) => gap.probe)),
  );
  return probes.size === 0 ? [] : [`These questions got no answer at some point: ${listed([...probes])}.`];
}

function unsent(timeline: readonly TimelineEvent[]): readonly string[] {
  const failures = all(timeline, 'publication-failed');
  const media = new Set(failures.map((event) => event.medium));
  return failures.length === 0
    ? []
    : [`${counted(failures.length, 'message')} could not be sent at once (${listed([...media])}).`];
}

function all<K extends TimelineEvent['kind']>(timeline: readonly TimelineEvent[], kind: K): readonly EventOf<K>[] {
  return timeline.filter((event): event is EventOf<K> => event.kind === kind);
}
