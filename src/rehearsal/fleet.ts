import type { IncidentClient } from '../client.ts';
import { epochMs, type Instant } from '../domain/instant.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
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
  anchorMs: number;
  speed: number;
  moment: Moment | null;
  agendaDueMs: readonly number[];
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
}

/** A timer set for an instant fires within this of it: the engine rounds up to its own grid. */
const TIMER_GRACE_MS = 3;
const LOOK_EVERY_MS = 4;
const SETTLE_WITHIN_MS = 45_000;
const FORWARD_WITHIN_MS = 30_000;

/**
 * Every workflow of a drill, kept at one incident time. Between fast-forwards their virtual time runs with the wall
 * clock, so incident time is kept here and each leap is computed from where a workflow really is.
 */
export class Fleet {
  readonly #ships = new Map<string, Enrolled>();

  constructor(private readonly options: FleetOptions) {}

  get ships(): readonly Ship[] {
    return [...this.#ships.values()];
  }

  get incidents(): readonly Ship[] {
    return this.ships.filter((ship) => ship.isIncident);
  }

  /** Waits until nothing is under way anywhere. Throws a sentence naming what is, when it takes too long. */
  async settle(nowMs: number): Promise<void> {
    const giveUpAt = performance.now() + SETTLE_WITHIN_MS;
    for (;;) {
      const busy = await this.#busyWith(nowMs);
      if (busy === null) return;
      if (performance.now() > giveUpAt)
        throw new Error(`The drill does not come to rest at ${new Date(nowMs).toISOString()}: ${busy}.`);
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
  }

  /** Reads where everything is without waiting for rest; for plays by the wall clock. */
  async look(nowMs: number): Promise<void> {
    await this.#busyWith(nowMs);
  }

  /** The next instant at which a workflow does something by itself; null when all of them only wait for messages. */
  nextEventAtMs(): number | null {
    const due = [...this.#ships.values()]
      .filter((ship) => ship.running)
      .flatMap((ship) => [...ship.agendaDueMs, ...[...ship.attemptsDueMs.values()].map((attempt) => attempt.dueMs)]);
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Lets every workflow run to that incident time. Call `settle` afterwards. */
  async forward(toMs: number): Promise<void> {
    await Promise.all(
      [...this.#ships.values()].filter((ship) => ship.running).map((ship) => this.#forwardOne(ship, toMs)),
    );
  }

  async #forwardOne(ship: Enrolled, toMs: number): Promise<void> {
    const moment = await this.options.virtualTime.look(ship.workflowId);
    if (moment === null || !moment.running || moment.runId !== ship.runId) return;
    const due = [...ship.attemptsDueMs.values()]
      .filter((attempt) => attempt.dueMs <= toMs)
      .map((attempt) => attempt.virtualDueMs);
    const target = Math.max(moment.virtualStartMs + (toMs - ship.anchorMs) / ship.speed, ...due) + TIMER_GRACE_MS;
    await this.options.virtualTime.forward(ship.workflowId, moment, target, FORWARD_WITHIN_MS);
  }

  async #busyWith(nowMs: number): Promise<string | null> {
    const intake = await this.options.intakeBusy();
    if (intake !== null) return intake;
    await this.#enrolNew();
    const busy = await Promise.all([...this.#ships.values()].map((ship) => this.#refresh(ship, nowMs)));
    return busy.find((words) => words !== null) ?? null;
  }

  async #enrolNew(): Promise<void> {
    const known = await this.options.incidentIds();
    for (const id of known) if (!this.#ships.has(id)) this.#ships.set(id, enrolled(id, true));
    for (const ship of [...this.#ships.values()]) {
      if (!ship.isIncident || !ship.timeline.some((event) => event.kind === 'resolved')) continue;
      for (const followUp of this.options.followUpsOf(ship.workflowId)) {
        if (this.#ships.has(followUp)) continue;
        if ((await this.options.virtualTime.look(followUp)) !== null)
          this.#ships.set(followUp, enrolled(followUp, false));
      }
    }
  }

  /** Reads where a workflow is; words when it is not at rest. */
  async #refresh(ship: Enrolled, nowMs: number): Promise<string | null> {
    if (!ship.running && ship.runId !== '') return null;
    const { virtualTime, client } = this.options;
    const moment = await virtualTime.look(ship.workflowId);
    if (moment === null) return `${ship.workflowId} is not in Temporal yet`;
    ship.moment = moment;
    if (!moment.idle) return `${ship.workflowId} has ${moment.busyWith} under way`;
    if (moment.runId !== ship.runId) await this.#adoptRun(ship, moment.runId);
    const [agenda, news] = await Promise.all([
      moment.running ? client.agenda(ship.workflowId) : null,
      ship.isIncident ? client.timelineSince(ship.workflowId, ship.timeline.at(-1)?.seq ?? 0) : null,
    ]);
    // A timer may have fired between two of these calls: only what is true before and after is believed.
    const after = await virtualTime.look(ship.workflowId);
    if (after?.historyLength !== moment.historyLength || !after.idle) return `${ship.workflowId} is moving`;
    if (agenda !== null && !agenda.ok) return `${ship.workflowId}: ${agenda.words}`;
    if (news !== null && !news.ok) return `${ship.workflowId}: ${news.words}`;
    ship.timeline.push(...(news?.value ?? []));
    ship.running = moment.running;
    ship.agendaDueMs = (agenda?.value ?? []).map((entry) => epochMs(entry.dueAt));
    noteAttempts(ship, moment, nowMs);
    const late = agenda?.value.find((entry) => epochMs(entry.dueAt) <= nowMs);
    return late === undefined ? null : `${ship.workflowId} has "${late.name}" due at ${late.dueAt}`;
  }

  async #adoptRun(ship: Enrolled, runId: string): Promise<void> {
    const input = (await this.options.virtualTime.inputOf(ship.workflowId, runId)) as {
      anchorAt?: Instant;
      speed?: number;
    } | null;
    if (input?.anchorAt === undefined)
      throw new Error(`${ship.workflowId} was started without the incident time of its start.`);
    ship.runId = runId;
    ship.anchorMs = epochMs(input.anchorAt);
    ship.speed = input.speed ?? 1;
    ship.attemptsDueMs.clear();
  }
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
    anchorMs: 0,
    speed: 1,
    moment: null,
    agendaDueMs: [],
    attemptsDueMs: new Map(),
  };
}
