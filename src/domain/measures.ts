import type { CauseKind } from './diagnosis.ts';
import { epochMs, type Instant, laterOf } from './instant.ts';
import { higherOf, type Severity } from './severity.ts';
import type { EventOf, TimelineEvent, TimelineKind } from './timeline.ts';

/**
 * One measured length of an incident, honest about what it is: `pending` may still come, `not-applicable` never will,
 * `invalid` contradicts itself (a clock was wrong). Only `recorded` has a figure, and nothing else is ever zero (R6.7).
 */
export type Measure =
  | { readonly status: 'recorded'; readonly seconds: number }
  | { readonly status: 'pending' | 'not-applicable' | 'invalid'; readonly why: string };

export type MeasureName = 'acknowledge' | 'mitigate' | 'resolve';

/** What the record keeps of an incident to compare it with others, from its timeline alone. */
export interface IncidentMeasures {
  readonly title: string;
  readonly service: string;
  /** The highest it had. */
  readonly severity: Severity;
  readonly openedAt: Instant;
  readonly resolvedAt: Instant | null;
  readonly closedAs: EventOf<'closed'>['as'] | null;
  readonly cause: CauseKind | null;
  readonly causeNames: readonly string[];
  readonly causeWords: string | null;
  readonly alertNames: readonly string[];
  readonly fix: string | null;
  /** Counted from the first alert's arrival. */
  readonly lengths: Readonly<Record<MeasureName, Measure>>;
  readonly promises: { readonly kept: number; readonly late: number; readonly missed: number };
  readonly relapses: number;
}

/** Null when the timeline has no beginning yet. */
export function measuresOf(timeline: readonly TimelineEvent[]): IncidentMeasures | null {
  const opened = first(timeline, 'opened');
  if (opened === null) return null;
  const resolved = standingResolution(timeline);
  const closed = last(timeline, 'closed');
  const cause = last(timeline, 'explained')?.hypotheses[0] ?? null;
  const known = cause === null || cause.cause === 'unknown' ? null : cause;
  return {
    title: opened.title,
    service: opened.service,
    severity: highestSeverity(timeline),
    openedAt: opened.at,
    resolvedAt: resolved?.at ?? null,
    closedAs: closed?.as ?? null,
    cause: known?.cause ?? null,
    causeNames: known?.names ?? [],
    causeWords: known?.words ?? null,
    alertNames: [...new Set(all(timeline, 'alert-received').map((event) => event.alert.name))].sort(),
    fix: resolved?.fix ?? null,
    lengths: {
      acknowledge: length(opened.at, acknowledgedAt(timeline), closed),
      mitigate: length(opened.at, first(timeline, 'mitigated')?.at ?? null, closed),
      resolve: length(opened.at, resolved?.at ?? null, closed),
    },
    promises: promiseCounts(timeline),
    relapses: all(timeline, 'relapsed').length + all(timeline, 'reopened').length,
  };
}

/** When somebody did, which may have been heard of later; who answered before it was opened took no time. */
function acknowledgedAt(timeline: readonly TimelineEvent[]): Instant | null {
  const event = first(timeline, 'acknowledged');
  if (event?.saidAt === undefined) return event?.at ?? null;
  return laterOf(event.saidAt, timeline[0]?.at ?? event.saidAt);
}

function length(from: Instant, until: Instant | null, closed: EventOf<'closed'> | null): Measure {
  if (until === null) {
    return closed === null
      ? { status: 'pending', why: 'it has not come to that yet' }
      : { status: 'not-applicable', why: `it was closed as ${closed.as} without` };
  }
  const seconds = (epochMs(until) - epochMs(from)) / 1000;
  return seconds < 0
    ? { status: 'invalid', why: `${until} is before the incident was opened (${from})` }
    : { status: 'recorded', seconds };
}

/** The last resolution, unless it was reopened after. */
function standingResolution(timeline: readonly TimelineEvent[]): EventOf<'resolved'> | null {
  const newest = timeline.findLast((event) => event.kind === 'resolved' || event.kind === 'reopened');
  return newest?.kind === 'resolved' ? newest : null;
}

function highestSeverity(timeline: readonly TimelineEvent[]): Severity {
  return timeline.reduce<Severity>(
    (highest, event) =>
      event.kind === 'severity-assessed' || event.kind === 'severity-set' ? higherOf(highest, event.severity) : highest,
    'P3',
  );
}

function promiseCounts(timeline: readonly TimelineEvent[]): IncidentMeasures['promises'] {
  const ended = all(timeline, 'promise-ended');
  const count = (how: 'kept' | 'late' | 'missed') => ended.filter((event) => event.how === how).length;
  return { kept: count('kept'), late: count('late'), missed: count('missed') };
}

function all<K extends TimelineKind>(timeline: readonly TimelineEvent[], kind: K): readonly EventOf<K>[] {
  return timeline.filter((event): event is EventOf<K> => event.kind === kind);
}

function first<K extends TimelineKind>(timeline: readonly TimelineEvent[], kind: K): EventOf<K> | null {
  return timeline.find((event): event is EventOf<K> => event.kind === kind) ?? null;
}

function last<K extends TimelineKind>(timeline: readonly TimelineEvent[], kind: K): EventOf<K> | null {
  return timeline.findLast((event): event is EventOf<K> => event.kind === kind) ?? null;
}
