import type { AgendaEntry, IncidentClient } from '../../src/client.ts';
import { epochMs, type Instant } from '../../src/domain/instant.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import type { Turnstile } from './turnstile.ts';
import type { Moment, VirtualTime } from './virtual-time.ts';

/** One incident of the drill as it stands, with its whole timeline so far. */
export interface Ship {
  readonly workflowId: string;
  readonly isIncident: boolean;
  readonly timeline: readonly TimelineEvent[];
  readonly running: boolean;
}

interface Enrolled extends Ship {
  timeline: TimelineEvent[];
  running: boolean;
  runId: string;
  /** Virtual instant at which this run began, and the incident time of it. */
  virtualStartMs: number;
  anchorMs: number;
  speed: number;
  moment: Moment | null;
  /** Incident time up to which it was let run. */
  reachedMs: number;
  /** The length of its history when agenda and timeline were read last. */
  readLength: number;
  agenda: readonly AgendaEntry[];
  /** Next attempts of waiting activities, in incident time, by attempt. */
  readonly attemptsDueMs: Map<string, { readonly dueMs: number; readonly virtualDueMs: number }>;
}

export interface FleetOptions {
  readonly virtualTime: VirtualTime;
  readonly client: IncidentClient;
  /** Ids of every incident that intake knows. */
  readonly incidentIds: () => Promise<readonly string[]>;
  /** What intake still holds back: null when everything has been handed to Temporal. */
  readonly intakeBusy: () => Promise<string | null>;
  /** Workflows that an incident may leave behind. */
  readonly followUpsOf: (incidentId: string) => readonly string[];
  /** Where activities wait for their turn. */
  readonly turnstile: Turnstile;
  /** Verifications of what people reported that Temporal has begun. */
  readonly verificationIds: () => Promise<readonly string[]>;
}

/** A timer set for an instant fires within this of it: the engine rounds up to its own grid. */
const TIMER_GRACE_MS = 3;
const LOOK_FIRST_AFTER_MS = 2;
const LOOK_EVERY_MS = 16;
/** Whoever was let through says when it ends; only when its process died does a look find out. */
const LOOK_WHILE_UNDER_WAY_MS = 250;
/** Whatever is under way moves on within this; a system that does not answer is given up by its caller before. */
const STIRS_WITHIN_MS = 45_000;
const FORWARD_WITHIN_MS = 30_000;

/**
 * Every workflow of a drill, kept at one incident time. Between fast-forwards their virtual time runs with the wall
 * clock; a rehearsal stretches it (theatre.ts), so that the machine's own seconds weigh next to nothing, keeps incident
 * time here, and computes each leap from where a workflow really is.
 *
 * What happens at one instant happens in one order: messages and timers first, then one activity at a time, by incident
 * and by when it was asked for, each with all that follows from its answer.
 */
export class Fleet {
  readonly #ships = new Map<string, Enrolled>();
  #newsExpected = true;

  constructor(private readonly options: FleetOptions) {}

  get ships(): readonly Ship[] {
    return [...this.#ships.values()];
  }

  get incidents(): readonly Ship[] {
    return this.ships.filter((ship) => ship.isIncident);
  }

  /** Lets everything come to rest, one activity after another. Throws a sentence naming what does not. */
  async settle(nowMs: number): Promise<void> {
    let giveUpAt = performance.now() + STIRS_WITHIN_MS;
    let patienceMs = LOOK_FIRST_AFTER_MS;
    for (;;) {
      const busy = await this.#busyWith(nowMs);
      if (busy === null) {
        if (!this.#passNext()) return;
        giveUpAt = performance.now() + STIRS_WITHIN_MS;
        patienceMs = LOOK_FIRST_AFTER_MS;
      } else if (performance.now() > giveUpAt) {
        throw new Error(`The drill does not come to rest at ${new Date(nowMs).toISOString()}: ${busy}.`);
      }
      const { turnstile } = this.options;
      await turnstile.stirred(turnstile.isUnderWay() ? LOOK_WHILE_UNDER_WAY_MS : patienceMs);
      patienceMs = Math.min(LOOK_EVERY_MS, patienceMs * 2);
    }
  }

  /** Reads where everything is without waiting for rest; for plays by the wall clock. */
  async look(nowMs: number): Promise<void> {
    this.expectNews();
    await this.#busyWith(nowMs);
  }

  /** Something was said to the gateway: it may hold alerts back, and there may be another incident. */
  expectNews(): void {
    this.#newsExpected = true;
  }

  /** The next instant at which a workflow does something by itself; null when all of them only wait for messages. */
  nextEventAtMs(): number | null {
    const due = [...this.#ships.values()].filter((ship) => ship.running).flatMap((ship) => dueMs(ship) ?? []);
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Lets workflows run to that incident time: all of them, or those that have something to do by then. Call `settle` afterwards. */
  async forward(toMs: number, who: 'due' | 'all'): Promise<void> {
    const behind = [...this.#ships.values()].filter((ship) => ship.running && ship.reachedMs < toMs);
    const isDue = (ship: Enrolled) => who === 'all' || (dueMs(ship) ?? Number.POSITIVE_INFINITY) <= toMs;
    const others = behind.filter((ship) => !ship.isIncident && isDue(ship));
    // What outlives an incident tells it what it does: the incident is told at its own instant, so it moves first.
    const incidents = behind.filter((ship) => ship.isIncident && (others.length > 0 || isDue(ship)));
    await Promise.all(incidents.map((ship) => this.#forwardOne(ship, toMs)));
    await Promise.all(others.map((ship) => this.#forwardOne(ship, toMs)));
  }

  async #forwardOne(ship: Enrolled, toMs: number): Promise<void> {
    const moment = await this.options.virtualTime.look(ship.workflowId);
    if (moment === null || !moment.running || moment.runId !== ship.runId) return;
    const due = [...ship.attemptsDueMs.values()]
      .filter((attempt) => attempt.dueMs <= toMs)
      .map((attempt) => attempt.virtualDueMs);
    const target = Math.max(ship.virtualStartMs + (toMs - ship.anchorMs) / ship.speed, ...due) + TIMER_GRACE_MS;
    await this.options.virtualTime.forward(ship.workflowId, moment, target, FORWARD_WITHIN_MS);
    ship.reachedMs = toMs;
  }

  /** Words for what is under way, null when everything rests or waits for its turn. */
  async #busyWith(nowMs: number): Promise<string | null> {
    if (this.#newsExpected) {
      const intake = await this.options.intakeBusy();
      if (intake !== null) return intake;
      for (const id of await this.options.incidentIds()) this.#enrol(id, true);
      for (const id of await this.options.verificationIds()) this.#enrol(id, false);
      this.#newsExpected = false;
    }
    const busy = await Promise.all([...this.#ships.values()].map((ship) => this.#refresh(ship, nowMs)));
    const words = busy.find((one) => one !== null) ?? null;
    // A verification hands what it confirmed to intake, which then opens or joins an incident.
    return words === null && this.#newsExpected ? 'a verification has moved on' : words;
  }

  /** The first that waits, by incident and then by when it was asked for; false when nobody does. */
  #passNext(): boolean {
    const { turnstile } = this.options;
    for (const { moment } of this.#ships.values()) {
      const next = moment?.begun.find(({ turn }) => turnstile.isWaiting(turn));
      if (next === undefined) continue;
      turnstile.pass(next.turn);
      return true;
    }
    return false;
  }

  #enrol(workflowId: string, isIncident: boolean): void {
    if (!this.#ships.has(workflowId)) this.#ships.set(workflowId, enrolled(workflowId, isIncident));
  }

  /** Reads where a workflow is; words when something of it is under way. */
  async #refresh(ship: Enrolled, nowMs: number): Promise<string | null> {
    if (!ship.running && ship.runId !== '') return null;
    const { virtualTime, turnstile } = this.options;
    const moment = await virtualTime.look(ship.workflowId);
    if (moment === null) return `${ship.workflowId} is not in Temporal yet`;
    ship.moment = moment;
    const underWay = moment.underWay(turnstile.isWaiting);
    if (underWay !== null) return `${ship.workflowId} has ${underWay} under way`;
    if (moment.runId !== ship.runId) await this.#adoptRun(ship, moment.runId);
    if (moment.begun.length > 0) return null;
    if (moment.historyLength !== ship.readLength) {
      const words = await this.#read(ship, moment);
      if (words !== null) return words;
    }
    noteAttempts(ship, moment, nowMs);
    const late = ship.agenda.find((entry) => epochMs(entry.dueAt) <= nowMs);
    return late === undefined || ship.reachedMs < nowMs
      ? null
      : `${ship.workflowId} has "${late.name}" due at ${late.dueAt}`;
  }

  /** Its agenda, and what is new on its timeline. */
  async #read(ship: Enrolled, moment: Moment): Promise<string | null> {
    const { virtualTime, client } = this.options;
    const [agenda, news] = await Promise.all([
      moment.running ? client.agenda(ship.workflowId) : null,
      ship.isIncident ? client.timelineSince(ship.workflowId, ship.timeline.at(-1)?.seq ?? 0) : null,
    ]);
    // A timer may have fired between two of these calls: only what is true before and after is believed.
    const after = await virtualTime.look(ship.workflowId);
    if (after?.historyLength !== moment.historyLength) return `${ship.workflowId} is moving`;
    if (agenda !== null && !agenda.ok) return `${ship.workflowId}: ${agenda.words}`;
    if (news !== null && !news.ok) return `${ship.workflowId}: ${news.words}`;
    ship.timeline.push(...(news?.value ?? []));
    ship.running = moment.running;
    ship.agenda = agenda?.value ?? [];
    ship.readLength = moment.historyLength;
    if (!ship.isIncident) this.#newsExpected = true;
    return (await this.#enrolFollowUps(ship)) ? `${ship.workflowId} has left something behind that begins` : null;
  }

  /** Looked for whenever an incident that was resolved has moved on; true when there is a new one. */
  async #enrolFollowUps(ship: Enrolled): Promise<boolean> {
    const { virtualTime, followUpsOf } = this.options;
    if (!ship.isIncident || !ship.timeline.some((event) => event.kind === 'resolved')) return false;
    const missing = followUpsOf(ship.workflowId).filter((id) => !this.#ships.has(id));
    const found = await Promise.all(missing.map((id) => virtualTime.look(id)));
    const begun = missing.filter((_id, index) => found[index] !== null);
    for (const id of begun) this.#enrol(id, false);
    return begun.length > 0;
  }

  async #adoptRun(ship: Enrolled, runId: string): Promise<void> {
    const beginning = await this.options.virtualTime.beginningOf(ship.workflowId, runId);
    const input = beginning.input as { anchorAt?: Instant; speed?: number } | null;
    if (input?.anchorAt === undefined)
      throw new Error(`${ship.workflowId} was started without the incident time of its start.`);
    ship.runId = runId;
    ship.virtualStartMs = beginning.virtualStartMs;
    ship.anchorMs = epochMs(input.anchorAt);
    ship.speed = input.speed ?? 1;
    ship.reachedMs = ship.anchorMs;
    ship.attemptsDueMs.clear();
  }
}

/** When a workflow next does something by itself. */
function dueMs(ship: Enrolled): number | null {
  const due = [
    ...ship.agenda.map((entry) => epochMs(entry.dueAt)),
    ...[...ship.attemptsDueMs.values()].map((attempt) => attempt.dueMs),
  ];
  return due.length === 0 ? null : Math.min(...due);
}

/** An attempt that has just failed tries again one interval after now, in incident time, however long it took. */
function noteAttempts(ship: Enrolled, moment: Moment, nowMs: number): void {
  const current = new Set(moment.backoffs.map(({ key }) => key));
  for (const key of ship.attemptsDueMs.keys()) if (!current.has(key)) ship.attemptsDueMs.delete(key);
  for (const { key, intervalMs, virtualDueMs } of moment.backoffs) {
    if (!ship.attemptsDueMs.has(key))
      ship.attemptsDueMs.set(key, { dueMs: nowMs + Math.max(1, intervalMs * ship.speed), virtualDueMs });
  }
}

function enrolled(workflowId: string, isIncident: boolean): Enrolled {
  return {
    workflowId,
    isIncident,
    timeline: [],
    running: true,
    runId: '',
    virtualStartMs: 0,
    anchorMs: 0,
    speed: 1,
    moment: null,
    reachedMs: 0,
    readLength: -1,
    agenda: [],
    attemptsDueMs: new Map(),
  };
}
