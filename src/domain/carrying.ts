import type { EvidenceBundle, EvidencePurpose } from './evidence.ts';
import type { AlertRecord, ApprovalRecord, IncidentState, PromiseRecord, RemedyRecord } from './incident.ts';
import { jsonBytes, newestWithin } from './sizes.ts';
import type { TimelineEvent } from './timeline.ts';

/**
 * What one run of an incident hands to the next (ADR 0018): all that can still be asked for, and of what is over only
 * the newest. The whole is on the timeline, which stands in the store; an incident of days must not carry all its days.
 */
export interface Carried {
  readonly state: IncidentState;
  readonly tail: readonly TimelineEvent[];
}

export interface CarryLimits {
  /** State and tail together. */
  readonly bytes: number;
  /** How many events at most are carried that the store has. */
  readonly tailEvents: number;
  /** The newest event that the store has: what it has may be carried in short. */
  readonly recordedThroughSeq: number;
}

/** At least this part of the room is the tail's, so that readers see what happened last. */
const TAIL_PART = 0.2;
const ENDED_PROMISES_CARRIED = 20;
/** The follow-ups count the missed ones. */
const MISSED_PROMISES_CARRIED = 100;
const ENDED_APPROVALS_CARRIED = 10;
const CLEARED_ALERTS_CARRIED = 40;
const REMEDIES_CARRIED = 60;
const REMEDIES_CARRIED_WHOLE = 10;
const ESCALATIONS_CARRIED = 50;
/** A decision that is sent again comes soon after. */
const DECISIONS_CARRIED = 200;
const TASKS_CARRIED = 100;
const PREVIEW_CHARACTERS = 200;

export function carriedOver(state: IncidentState, timeline: readonly TimelineEvent[], limits: CarryLimits): Carried {
  const light = fitting(withoutPast(state), limits.bytes * (1 - TAIL_PART));
  // Of what the store does not have yet, nothing is left behind that there is room for.
  const unrecorded = timeline.filter(({ seq }) => seq > limits.recordedThroughSeq).length;
  const newest = timeline.slice(-Math.max(limits.tailEvents, unrecorded));
  return { state: light, tail: tailWithin(newest, limits.bytes - jsonBytes(light), limits.recordedThroughSeq) };
}

/** What the store has not yet is carried whole where it fits, and in short rather than not at all. */
function tailWithin(newest: readonly TimelineEvent[], bytes: number, recordedThroughSeq: number) {
  const [whole, short, shortest] = [
    inShort(newest, recordedThroughSeq, 'newest-look-whole'),
    inShort(newest, Number.POSITIVE_INFINITY, 'newest-look-whole'),
    inShort(newest, Number.POSITIVE_INFINITY, 'all-short'),
  ].map((events) => newestWithin(events, bytes));
  const goesOn = (events: readonly TimelineEvent[] = []) => (events[0]?.seq ?? Infinity) <= recordedThroughSeq + 1;
  return [whole, short].find(goesOn) ?? shortest ?? [];
}

function withoutPast(state: IncidentState): IncidentState {
  return {
    ...state,
    evidence: eachBundle(state.evidence, withoutExcerpts),
    steps: stepsStillAsked(state),
    approvals: approvalsStillAsked(state),
    remedies: inBriefButNewest(remediesTried(state.remedies, REMEDIES_CARRIED)),
    promises: promisesStillAsked(state.promises),
    alerts: alertsStillAsked(state.alerts, CLEARED_ALERTS_CARRIED),
    escalations: firstAndNewest(state.escalations),
    tasks: state.tasks.slice(-TASKS_CARRIED),
    decisions: state.decisions.slice(-DECISIONS_CARRIED),
  };
}

/** What is left out one after the other while it is still too much; evidence is collected again soon anyway. */
const SHORTER: readonly ((state: IncidentState) => IncidentState)[] = [
  (state) => ({ ...state, evidence: eachBundle(state.evidence, olderInShort(state)) }),
  (state) => ({ ...state, alerts: state.alerts.map(withoutAnnotations) }),
  (state) => ({ ...state, remedies: remediesTried(state.remedies, REMEDIES_CARRIED_WHOLE) }),
  (state) => ({ ...state, evidence: eachBundle(state.evidence, onlyAbnormal) }),
  (state) => ({ ...state, alerts: alertsStillAsked(state.alerts, 0).slice(-CLEARED_ALERTS_CARRIED) }),
];

function fitting(state: IncidentState, bytes: number): IncidentState {
  let light = state;
  for (const shorter of SHORTER) {
    if (jsonBytes(light) <= bytes) return light;
    light = shorter(light);
  }
  return light;
}

/** `r2.3` is the third attempt of the second round; `r2/looked-again` a step of that round itself. */
const OF_ROUND = /(?:^|\/)r(\d+)[./]/;
const OF_ATTEMPT = /^(r\d+\.\d+)(?:\/|$)/;
/** Named by the number of an event, which never comes again. */
const OF_ONE_INSTANT = /^r\d+\/cleared\/\d+$/;

/**
 * Steps are what makes it safe to enter again, so only those go that cannot be entered again: of rounds that are over, and
 * of attempts that have ended. That an attempt has ended stays: attempts are numbered by it.
 */
function stepsStillAsked(state: IncidentState): IncidentState['steps'] {
  return Object.fromEntries(
    Object.entries(state.steps).filter(([step]) => {
      if (OF_ONE_INSTANT.test(step) || isOfEarlierRound(state, step)) return false;
      const attempt = OF_ATTEMPT.exec(step)?.[1];
      return attempt === undefined || step === `${attempt}/ended` || !hasEnded(state, attempt);
    }),
  );
}

function isOfEarlierRound({ round }: IncidentState, step: string): boolean {
  // A remedy's own steps are named by its key, and a lease may still take back what an earlier round did.
  const named = /^(?:r\d+[./]|asked-for-help\/|asked-what-to-do\/)/.test(step) ? OF_ROUND.exec(`${step}/`) : null;
  return named !== null && Number(named[1]) < round;
}

function hasEnded(state: IncidentState, attempt: string): boolean {
  return `${attempt}/ended` in state.steps;
}

/** Questions of ended attempts are never asked again; every other name may be, and must not be asked twice. */
function approvalsStillAsked(state: IncidentState): readonly ApprovalRecord[] {
  const over = state.approvals.filter((record) => {
    const attempt = OF_ATTEMPT.exec(record.approval.id)?.[1];
    const never = attempt !== undefined && (isOfEarlierRound(state, attempt) || hasEnded(state, attempt));
    return record.state !== 'open' && never;
  });
  const dropped = new Set(over.slice(0, -ENDED_APPROVALS_CARRIED));
  return state.approvals.flatMap((record) => {
    if (dropped.has(record)) return [];
    return record.state === 'open' || !over.includes(record) ? [withoutShown(record)] : [inBrief(record)];
  });
}

/** A whole mail was shown to be approved; once it was answered, its digest says which one. */
function withoutShown(record: ApprovalRecord): ApprovalRecord {
  if (record.state === 'open') return record;
  const options = record.approval.options.map(({ shown: _, ...option }) => option);
  return { ...record, approval: { ...record.approval, options } };
}

function inBrief(record: ApprovalRecord): ApprovalRecord {
  const options = record.approval.options.map(({ name, preview }) => ({
    name,
    plan: null,
    preview: preview.slice(0, PREVIEW_CHARACTERS),
  }));
  return { ...record, approval: { ...record.approval, options } };
}

/** What was tried counts whenever something is proposed: the newest, and of everything else its last time. */
function remediesTried(remedies: readonly RemedyRecord[], newest: number): readonly RemedyRecord[] {
  const lastOf = new Map(remedies.map((record) => [`${record.plan.action} ${record.plan.target.name}`, record]));
  const kept = new Set([...lastOf.values(), ...remedies.slice(-newest)]);
  return remedies.filter((record) => kept.has(record));
}

/** How exactly it was done long ago is on the timeline. */
function inBriefButNewest(remedies: readonly RemedyRecord[]): readonly RemedyRecord[] {
  return remedies.map((record, index) =>
    index >= remedies.length - REMEDIES_CARRIED_WHOLE
      ? record
      : {
          ...record,
          plan: { ...record.plan, before: {}, preconditions: {}, parameters: {} },
          outcome: record.outcome === null ? null : { ...record.outcome, observed: {} },
        },
  );
}

/** The newest always stays: promises are numbered by it. */
function promisesStillAsked(promises: readonly PromiseRecord[]): readonly PromiseRecord[] {
  const missed = promises.filter((record) => record.ended?.how === 'missed').slice(-MISSED_PROMISES_CARRIED);
  const asked = promises.filter((record) => record.ended === null || record.promise.kind === 'acknowledge');
  const kept = new Set([
    ...missed,
    ...asked.slice(-MISSED_PROMISES_CARRIED),
    ...promises.slice(-ENDED_PROMISES_CARRIED),
  ]);
  return promises.filter((record) => kept.has(record));
}

function alertsStillAsked(alerts: readonly AlertRecord[], cleared: number): readonly AlertRecord[] {
  const over = alerts.filter((record) => record.clearedAt !== null);
  const dropped = new Set(over.slice(0, over.length - cleared));
  return alerts.filter((record) => !dropped.has(record));
}

function withoutAnnotations(record: AlertRecord): AlertRecord {
  return { ...record, alert: { ...record.alert, annotations: {} } };
}

/** Who was told by time is told once, so the first of each stays. */
function firstAndNewest(escalations: IncidentState['escalations']): IncidentState['escalations'] {
  const byTime = escalations.filter(({ byTime }) => byTime).slice(0, ESCALATIONS_CARRIED);
  const kept = new Set([...byTime, ...escalations.slice(-ESCALATIONS_CARRIED)]);
  return escalations.filter((one) => kept.has(one));
}

type Bundles = IncidentState['evidence'];

function eachBundle(evidence: Bundles, change: (bundle: EvidenceBundle) => EvidenceBundle): Bundles {
  const entries = Object.entries(evidence) as [EvidencePurpose, EvidenceBundle | undefined][];
  return Object.fromEntries(entries.map(([purpose, bundle]) => [purpose, bundle && change(bundle)]));
}

/** Excerpts and commands are for people, who read them on the timeline; findings are what the machine thinks with. */
function withoutExcerpts(bundle: EvidenceBundle): EvidenceBundle {
  return { ...bundle, items: bundle.items.map((item) => ({ ...item, excerpt: '', command: '' })) };
}

function onlyAbnormal(bundle: EvidenceBundle): EvidenceBundle {
  return { ...bundle, items: bundle.items.filter((item) => item.abnormal) };
}

function olderInShort({ evidence }: IncidentState): (bundle: EvidenceBundle) => EvidenceBundle {
  const times = Object.values(evidence).map((bundle) => bundle?.collectedAt ?? '');
  const newest = times.sort().at(-1);
  return (bundle) => (bundle.collectedAt === newest ? bundle : onlyAbnormal(bundle));
}

/** The newest look stays whole but for its excerpts where it may; the older ones say what was abnormal. */
function inShort(
  events: readonly TimelineEvent[],
  throughSeq: number,
  how: 'newest-look-whole' | 'all-short',
): readonly TimelineEvent[] {
  const newestLook = how === 'all-short' ? undefined : events.findLast((event) => event.kind === 'evidence-collected');
  return events.map((event) => {
    if (event.seq > throughSeq) return event;
    if (event.kind === 'step-finished') return { ...event, outcome: null };
    if (event.kind !== 'evidence-collected') return event;
    const bundle = withoutExcerpts(event.bundle);
    return { ...event, bundle: event === newestLook ? bundle : onlyAbnormal(bundle) };
  });
}
