import type { AgendaEntry, IncidentClient } from '../../src/client/incident-client.ts';
import { epochMs, type Instant } from '../../src/domain/instant.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import type { ActivityGate } from './activity-gate.ts';
import type { Moment, VirtualTime } from './virtual-time.ts';

/** One incident of the drill as it stands, with its whole timeline so far. */
export interface TrackedWorkflow {
  readonly workflowId: string;
  readonly isIncident: boolean;
  readonly timeline: readonly TimelineEvent[];
  readonly running: boolean;
}

interface Tracked extends TrackedWorkflow {
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

export interface WorkflowTrackerOptions {
  readonly virtualTime: VirtualTime;
  readonly client: IncidentClient;
  /** Ids of every incident that intake knows. */
  readonly incidentIds: () => Promise<readonly string[]>;
  /** What intake still holds back: null when everything has been handed to Temporal. */
  readonly intakeBusy: () => Promise<string | null>;
  /** Workflows that an incident may leave behind. */
  readonly followUpsOf: (incidentId: string) => readonly string[];
  /** Where activities wait for their turn. */
  readonly activityGate: ActivityGate;
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
 * clock; a rehearsal stretches it (drill-environment.ts), so that the machine's own seconds weigh next to nothing, keeps incident
 * time here, and computes each leap from where a workflow really is.
 *
 * What happens at one instant happens in one order: messages and timers first, then one activity at a time, by incident
 * and by when it was asked for, each with all that follows from its answer.
 */
export class WorkflowTracker {
  readonly #workflows = new Map<string, Tracked>();
  #newsExpected = true;

  constructor(private readonly options: WorkflowTrackerOptions) {}

  get workflows(): readonly TrackedWorkflow[] {
    return [...this.#workflows.values()];
  }

  get incidents(): readonly TrackedWorkflow[] {
    return this.workflows.filter((workflow) => workflow.isIncident);
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
      const { activityGate } = this.options;
      await activityGate.stirred(activityGate.isUnderWay() ? LOOK_WHILE_UNDER_WAY_MS : patienceMs);
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
    const due = [...this.#workflows.values()]
      .filter((workflow) => workflow.running)
      .flatMap((workflow) => dueMs(workflow) ?? []);
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Lets workflows run to that incident time: all of them, or those that have something to do by then. Call `settle` afterwards. */
  async forward(toMs: number, who: 'due' | 'all'): Promise<void> {
    const behind = [...this.#workflows.values()].filter((workflow) => workflow.running && workflow.reachedMs < toMs);
    const isDue = (workflow: Tracked) => who === 'all' || (dueMs(workflow) ?? Number.POSITIVE_INFINITY) <= toMs;
    const others = behind.filter((workflow) => !workflow.isIncident && isDue(workflow));
    // What outlives an incident tells it what it does: the incident is told at its own instant, so it moves first.
    const incidents = behind.filter((workflow) => workflow.isIncident && (others.length > 0 || isDue(workflow)));
    await Promise.all(incidents.map((workflow) => this.#forwardOne(workflow, toMs)));
    await Promise.all(others.map((workflow) => this.#forwardOne(workflow, toMs)));
  }

  async #forwardOne(workflow: Tracked, toMs: number): Promise<void> {
    const moment = await this.options.virtualTime.look(workflow.workflowId);
    if (moment === null || !moment.running || moment.runId !== workflow.runId) return;
    const due = [...workflow.attemptsDueMs.values()]
      .filter((attempt) => attempt.dueMs <= toMs)
      .map((attempt) => attempt.virtualDueMs);
    const target =
      Math.max(workflow.virtualStartMs + (toMs - workflow.anchorMs) / workflow.speed, ...due) + TIMER_GRACE_MS;
    await this.options.virtualTime.forward(workflow.workflowId, moment, target, FORWARD_WITHIN_MS);
    workflow.reachedMs = toMs;
  }

  /** Words for what is under way, null when everything rests or waits for its turn. */
  async #busyWith(nowMs: number): Promise<string | null> {
    if (this.#newsExpected) {
      const intake = await this.options.intakeBusy();
      if (intake !== null) return intake;
      for (const id of await this.options.incidentIds()) this.#track(id, true);
      for (const id of await this.options.verificationIds()) this.#track(id, false);
      this.#newsExpected = false;
    }
    const busy = await Promise.all([...this.#workflows.values()].map((workflow) => this.#refresh(workflow, nowMs)));
    const words = busy.find((one) => one !== null) ?? null;
    // A verification hands what it confirmed to intake, which then opens or joins an incident.
    return words === null && this.#newsExpected ? 'a verification has moved on' : words;
  }

  /** The first that waits, by incident and then by when it was asked for; false when nobody does. */
  #passNext(): boolean {
    const { activityGate } = this.options;
    for (const { moment } of this.#workflows.values()) {
      const next = moment?.begun.find(({ ticket }) => activityGate.isWaiting(ticket));
      if (next === undefined) continue;
      activityGate.pass(next.ticket);
      return true;
    }
    return false;
  }

  #track(workflowId: string, isIncident: boolean): void {
    if (!this.#workflows.has(workflowId)) this.#workflows.set(workflowId, enrolled(workflowId, isIncident));
  }

  /** Reads where a workflow is; words when something of it is under way. */
  async #refresh(workflow: Tracked, nowMs: number): Promise<string | null> {
    if (!workflow.running && workflow.runId !== '') return null;
    const { virtualTime, activityGate } = this.options;
    const moment = await virtualTime.look(workflow.workflowId);
    if (moment === null) return `${workflow.workflowId} is not in Temporal yet`;
    workflow.moment = moment;
    const underWay = moment.underWay(activityGate.isWaiting);
    if (underWay !== null) return `${workflow.workflowId} has ${underWay} under way`;
    if (moment.runId !== workflow.runId) await this.#adoptRun(workflow, moment.runId);
    if (moment.begun.length > 0) return null;
    if (moment.historyLength !== workflow.readLength) {
      const words = await this.#read(workflow, moment);
      if (words !== null) return words;
    }
    noteAttempts(workflow, moment, nowMs);
    const late = workflow.agenda.find((entry) => epochMs(entry.dueAt) <= nowMs);
    return late === undefined || workflow.reachedMs < nowMs
      ? null
      : `${workflow.workflowId} has "${late.name}" due at ${late.dueAt}`;
  }

  /** Its agenda, and what is new on its timeline. */
  async #read(workflow: Tracked, moment: Moment): Promise<string | null> {
    const { virtualTime, client } = this.options;
    const [agenda, news] = await Promise.all([
      moment.running ? client.agenda(workflow.workflowId) : null,
      workflow.isIncident ? client.timelineSince(workflow.workflowId, workflow.timeline.at(-1)?.seq ?? 0) : null,
    ]);
    // A timer may have fired between two of these calls: only what is true before and after is believed.
    const after = await virtualTime.look(workflow.workflowId);
    if (after?.historyLength !== moment.historyLength) return `${workflow.workflowId} is moving`;
    if (agenda !== null && !agenda.ok) return `${workflow.workflowId}: ${agenda.words}`;
    if (news !== null && !news.ok) return `${workflow.workflowId}: ${news.words}`;
    workflow.timeline.push(...(news?.value ?? []));
    workflow.running = moment.running;
    workflow.agenda = agenda?.value ?? [];
    workflow.readLength = moment.historyLength;
    if (!workflow.isIncident) this.#newsExpected = true;
    return (await this.#enrolFollowUps(workflow))
      ? `${workflow.workflowId} has left something behind that begins`
      : null;
  }

  /** Looked for whenever an incident that was resolved has moved on; true when there is a new one. */
  async #enrolFollowUps(workflow: Tracked): Promise<boolean> {
    const { virtualTime, followUpsOf } = this.options;
    if (!workflow.isIncident || !workflow.timeline.some((event) => event.kind === 'resolved')) return false;
    const missing = followUpsOf(workflow.workflowId).filter((id) => !this.#workflows.has(id));
    const found = await Promise.all(missing.map((id) => virtualTime.look(id)));
    const begun = missing.filter((_id, index) => found[index] !== null);
    for (const id of begun) this.#track(id, false);
    return begun.length > 0;
  }

  async #adoptRun(workflow: Tracked, runId: string): Promise<void> {
    const beginning = await this.options.virtualTime.beginningOf(workflow.workflowId, runId);
    const input = beginning.input as { anchorAt?: Instant; speed?: number } | null;
    if (input?.anchorAt === undefined)
      throw new Error(`${workflow.workflowId} was started without the incident time of its start.`);
    workflow.runId = runId;
    workflow.virtualStartMs = beginning.virtualStartMs;
    workflow.anchorMs = epochMs(input.anchorAt);
    workflow.speed = input.speed ?? 1;
    workflow.reachedMs = workflow.anchorMs;
    workflow.attemptsDueMs.clear();
  }
}

/** When a workflow next does something by itself. */
function dueMs(workflow: Tracked): number | null {
  const due = [
    ...workflow.agenda.map((entry) => epochMs(entry.dueAt)),
    ...[...workflow.attemptsDueMs.values()].map((attempt) => attempt.dueMs),
  ];
  return due.length === 0 ? null : Math.min(...due);
}

/** An attempt that has just failed tries again one interval after now, in incident time, however long it took. */
function noteAttempts(workflow: Tracked, moment: Moment, nowMs: number): void {
  const current = new Set(moment.backoffs.map(({ key }) => key));
  for (const key of workflow.attemptsDueMs.keys()) if (!current.has(key)) workflow.attemptsDueMs.delete(key);
  for (const { key, intervalMs, virtualDueMs } of moment.backoffs) {
    if (!workflow.attemptsDueMs.has(key))
      workflow.attemptsDueMs.set(key, { dueMs: nowMs + Math.max(1, intervalMs * workflow.speed), virtualDueMs });
  }
}

function enrolled(workflowId: string, isIncident: boolean): Tracked {
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
