import {
  type ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxySinks,
  type Sinks,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ProjectionSink } from '../../activities/projection.ts';
import { carriedOver } from '../../domain/carrying.ts';
import { fold } from '../../domain/fold.ts';
import { gatherFacts } from '../../domain/gather-facts.ts';
import type { IncidentState } from '../../domain/incident.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { Instant } from '../../domain/instant.ts';
import { openedState } from '../../domain/opened-state.ts';
import { type Actor, MACHINE } from '../../domain/people.ts';
import type { Policy } from '../../domain/policy.ts';
import { jsonBytes } from '../../domain/sizes.ts';
import type { EventOf, TimelineEvent, TimelineFact } from '../../domain/timeline.ts';
import { type Attempt, attempted, type Stamped } from '../activity-calls.ts';
import { Agenda } from './agenda.ts';
import { type CarriedIncident, type IncidentInput, SEARCH_ATTRIBUTES } from './api.ts';
import { IncidentClock } from './clock.ts';
import { temporalDetails } from './temporal-details.ts';

interface IncidentSinks extends Sinks {
  projection: ProjectionSink;
}

const { projection } = proxySinks<IncidentSinks>();

/** What a run is started with, its policy included; the engine refuses two megabytes. */
const CARRIED_INPUT_BYTES = 240 * 1024;

/**
 * One incident while it runs: its state, timeline, clock and agenda. The only way to change anything is `record`.
 * Steps are remembered by id, so that a run that continues as new takes up where the last one stopped.
 */
export class IncidentRun {
  readonly clock: IncidentClock;
  readonly agenda: Agenda;
  readonly policy: Policy;
  #state: IncidentState;
  #timeline: TimelineEvent[];
  /** The newest event of this run that the store's copy has (recording.ts). */
  recordedThroughSeq: number;
  /** While the summary is posted for the first time, where it stands is not known; `stale`: more was said meanwhile. */
  firstPin: 'none' | 'under-way' | 'stale' = 'none';
  /** Decisions taken by this run alone; the engine counts their updates by run. */
  decisionsTaken = 0;
  #inFlight = 0;
  #draining = false;
  #unprojectedFrom: number;
  #flushing = false;
  #attributes = '';

  constructor(readonly input: IncidentInput) {
    this.policy = input.policy;
    this.clock = new IncidentClock(input.anchorAt, input.speed);
    this.agenda = new Agenda(this.clock, () => this.#draining);
    this.recordedThroughSeq = input.carried?.recordedThroughSeq ?? 0;
    if (input.carried !== null) {
      this.#state = input.carried.state;
      this.#timeline = [...input.carried.tail];
      this.#unprojectedFrom = this.#state.seq;
      return;
    }
    const opened = this.#opened(input);
    this.#state = openedState(input.incidentId, opened);
    this.#timeline = [opened];
    this.#unprojectedFrom = 0;
    this.#flushSoon();
  }

  get state(): IncidentState {
    return this.#state;
  }

  get timeline(): readonly TimelineEvent[] {
    return this.#timeline;
  }

  get speed(): number {
    return this.input.speed;
  }

  now(): Instant {
    return this.clock.now();
  }

  facts(): IncidentFacts {
    return gatherFacts(this.#state, this.policy, this.#timeline, this.now());
  }

  /** Puts a fact on the timeline; the state follows. */
  record(fact: TimelineFact, by: Actor = MACHINE, decisionId: string | null = null): TimelineEvent {
    if (decisionId !== null && this.#state.decisions.every((seen) => seen.id !== decisionId)) this.decisionsTaken += 1;
    const event = { ...fact, seq: this.#state.seq + 1, at: this.clock.stamp(), by, decisionId } as TimelineEvent;
    this.#state = fold(this.#state, event);
    this.#timeline.push(event);
    this.#flushSoon();
    return event;
  }

  /** Seconds of incident time as milliseconds of workflow time. */
  milliseconds(incidentSeconds: number): number {
    return Math.max(1000, Math.ceil((incidentSeconds * 1000) / this.speed));
  }

  /** Runs `work` once in the life of the incident; afterwards its recorded outcome is returned (ADR 0007). */
  async step<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (id in this.#state.steps) return this.#state.steps[id] as T;
    const outcome = await this.#whileInFlight(work);
    this.record({ kind: 'step-finished', step: id, outcome });
    return outcome;
  }

  /** Like `step`, for work that only waits: a run that drains does not wait for it, and the next one asks again. */
  async waitStep<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (id in this.#state.steps) return this.#state.steps[id] as T;
    const outcome = await work();
    this.record({ kind: 'step-finished', step: id, outcome });
    return outcome;
  }

  /** Like `step`, for work that is remembered by the events it records itself. */
  async trackInFlight<T>(work: () => Promise<T>): Promise<T> {
    return this.#whileInFlight(work);
  }

  /** Calls an activity; its failure becomes words, cancellation passes. Adopts the instant it answers with. */
  attempt<T>(call: Promise<Stamped<T>>): Promise<Attempt<T>> {
    return attempted(this.clock, call, failureWords);
  }

  /**
   * A wait that only looks: given up when the run drains, and asked again by the run that takes over; given up too when
   * `pointless` says so, which the caller then sees by its own state.
   */
  async waitActivity<T>(call: () => Promise<Stamped<T>>, pointless: () => boolean = () => false): Promise<Attempt<T>> {
    if (this.#draining) await condition(() => false);
    const scope = new CancellationScope({ cancellable: true });
    const givenUp = condition(() => this.#draining || pointless()).then(() => scope.cancel());
    void givenUp;
    try {
      return await this.attempt(scope.run(call));
    } catch (error) {
      if (isCancellation(error) && !this.#draining && pointless()) return { ok: false, words: 'it was given up' };
      if (!this.#draining || !isCancellation(error)) throw error;
      await condition(() => false);
      throw error;
    }
  }

  /** Nothing new is begun any more; resolves when nothing is in flight. */
  async drain(): Promise<void> {
    this.#draining = true;
    await condition(() => this.#inFlight === 0);
  }

  carry(): CarriedIncident {
    const { recordedThroughSeq } = this;
    const room = CARRIED_INPUT_BYTES - jsonBytes({ ...this.input, carried: { recordedThroughSeq } });
    const tailEvents = this.policy.limits.timelineTailEvents;
    return {
      ...carriedOver(this.#state, this.#timeline, { bytes: room, tailEvents, recordedThroughSeq }),
      recordedThroughSeq,
    };
  }

  async #whileInFlight<T>(work: () => Promise<T>): Promise<T> {
    if (this.#draining) await condition(() => false);
    this.#inFlight += 1;
    try {
      return await work();
    } finally {
      this.#inFlight -= 1;
    }
  }

  #opened(input: IncidentInput): EventOf<'opened'> {
    this.clock.adopt(input.openedAt);
    return {
      kind: 'opened',
      title: input.title,
      service: input.service,
      detectedAt: input.detectedAt,
      previousIncidentId: input.previousIncidentId,
      seq: 1,
      at: input.openedAt,
      by: MACHINE,
      decisionId: null,
    };
  }

  /** Once an activation: shows the newest events to the projection, Temporal Web and its search. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    void Promise.resolve().then(() => {
      this.#flushing = false;
      const events = this.#timeline.filter((event) => event.seq > this.#unprojectedFrom);
      this.#unprojectedFrom = this.#state.seq;
      projection.project(this.#state.incidentId, events, this.facts());
      setCurrentDetails(temporalDetails(this.#state, this.#timeline, this.agenda.entries()));
      this.#upsertAttributes();
    });
  }

  #upsertAttributes(): void {
    const { severity, phase, service, commander } = this.#state;
    const attributes = JSON.stringify([severity, phase, service, commander]);
    if (attributes === this.#attributes) return;
    this.#attributes = attributes;
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.severity, value: severity },
      { key: SEARCH_ATTRIBUTES.phase, value: phase },
      { key: SEARCH_ATTRIBUTES.service, value: service },
      { key: SEARCH_ATTRIBUTES.commander, value: commander ?? 'nobody' },
    ]);
  }
}

function failureWords(error: ActivityFailure): string {
  const cause = error.cause;
  if (cause instanceof ApplicationFailure) return `${cause.type ?? 'Failed'}: ${cause.message}`;
  return cause?.message ?? error.message;
}
