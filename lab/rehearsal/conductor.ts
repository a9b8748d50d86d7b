import type { WorkflowTracker } from './workflow-tracker.ts';

/** The simulated production as the conductor needs it. Instants are epoch milliseconds of incident time. */
export interface Stage {
  nowMs(): number;
  /** Moves it there, or to the first instant before at which it has something to tell us; returns where it stopped. */
  advance(toMs: number): Promise<number>;
  /** Whether it has something to tell us now. */
  hasNews(): boolean;
  /** Tells us one thing that is due now: whether it got an answer, or null when there is nothing left to tell. */
  tellNext(): Promise<boolean | null>;
}

/** Whoever acts at times of their own: people, and whatever befalls wires and processes. */
export interface Participant {
  nextActAtMs(nowMs: number): number | null;
  /** Does what is due; true when something was done that others may react to. */
  act(nowMs: number): Promise<boolean>;
}

export interface ConductorOptions {
  readonly stage: Stage;
  readonly tracker: WorkflowTracker;
  readonly people: Participant;
  readonly wires: Participant;
  /** Writes the clock that gateway and worker read; before anything happens at that instant. */
  readonly setClock: (nowMs: number) => void;
  readonly endsAtMs: number;
  /** True once the drill has reached what it plays for. Asked only when all is at rest. */
  readonly isDone: (nowMs: number) => boolean;
  readonly stopped: () => boolean;
  /** Gets a line after each step: when, the next events of world, people, wires and workflows, and the wall time of settling, the world and the workflows. */
  readonly trace?: (line: string) => void;
}

export interface Played {
  readonly endedAtMs: number;
  readonly reached: boolean;
  /** How many instants something happened at. */
  readonly instants: number;
}

/** Reactions to reactions at one instant end at some point; a loop would be a mistake in a drill or in the product. */
const MAX_ACTS_AT_ONE_INSTANT = 200;
const MAX_INSTANTS = 200_000;

/**
 * Moves time only to the next instant at which the world has news for us, people or wires do something, or a workflow
 * does. Nobody passes the earliest of them. At each: the world has moved there, the clock is written, what befalls wires
 * befalls them, workflows do what is due; then the world's news arrive one by one, and then people act one by one, each
 * followed by all that comes of it. So the order of what happens at one instant is the same in every play.
 */
export async function conduct(options: ConductorOptions): Promise<Played> {
  const { stage, tracker, people, wires } = options;
  let nowMs = stage.nowMs();
  options.setClock(nowMs);
  for (let instants = 1; instants < MAX_INSTANTS; instants++) {
    const began = performance.now();
    await playInstant(options, nowMs);
    const settled = performance.now();
    if (options.isDone(nowMs)) return { endedAtMs: nowMs, reached: true, instants };
    if (nowMs >= options.endsAtMs || options.stopped()) return { endedAtMs: nowMs, reached: false, instants };
    const events = [people.nextActAtMs(nowMs), wires.nextActAtMs(nowMs), tracker.nextEventAtMs()];
    const next = Math.min(options.endsAtMs, ...events.filter((ms) => ms !== null).map((ms) => Math.max(ms, nowMs + 1)));
    const nowAt = new Date(nowMs).toISOString();
    nowMs = await stage.advance(next);
    options.setClock(nowMs);
    const advanced = performance.now();
    if (await wires.act(nowMs)) tracker.expectNews();
    await tracker.forward(nowMs, 'due');
    const wall = [settled - began, advanced - settled, performance.now() - advanced]
      .map((ms) => Math.round(ms))
      .join('+');
    options.trace?.(
      `${nowAt} → ${events.map((ms) => (ms === null ? '–' : new Date(ms).toISOString().slice(11, 23))).join(' ')} ${wall} ms`,
    );
  }
  throw new Error(`The drill had ${MAX_INSTANTS} instants and did not come to its end.`);
}

async function playInstant({ stage, tracker, people, wires }: ConductorOptions, nowMs: number): Promise<void> {
  for (let acts = 0; acts < MAX_ACTS_AT_ONE_INSTANT; ) {
    await tracker.settle(nowMs);
    if (await wires.act(nowMs)) {
      tracker.expectNews();
      continue;
    }
    const peopleAtMs = people.nextActAtMs(Number.NEGATIVE_INFINITY);
    if (!stage.hasNews() && (peopleAtMs === null || peopleAtMs > nowMs)) return;
    // Whoever is told something is told it at its own instant.
    await tracker.forward(nowMs, 'all');
    await tracker.settle(nowMs);
    if ((await stage.tellNext()) === null) {
      if (!(await people.act(nowMs))) return;
      acts += 1;
    }
    tracker.expectNews();
  }
  throw new Error(`At ${new Date(nowMs).toISOString()} people and incidents kept reacting to each other without end.`);
}
