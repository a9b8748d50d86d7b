import type { Fleet } from './fleet.ts';

/** The simulated production as the conductor needs it. Instants are epoch milliseconds of incident time. */
export interface Stage {
  nowMs(): number;
  /** The next instant at which something happens there by itself, as far as can be told now; null: nothing will. */
  nextEventAtMs(): number | null;
  /** Moves it there, or to the first instant before at which it reached out to us; returns where it stopped. */
  advance(toMs: number): Promise<number>;
}

/** Whoever acts at times of their own: people, and whatever befalls wires and processes. */
export interface Player {
  nextActAtMs(nowMs: number): number | null;
  /** Does what is due; true when something was done that others may react to. */
  act(nowMs: number): Promise<boolean>;
}

export interface ConductorOptions {
  readonly stage: Stage;
  readonly fleet: Fleet;
  readonly people: Player;
  readonly wires: Player;
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
 * Moves time only to the next known event of the world, of people, of wires or of any workflow. Nobody passes the
 * earliest of them: the world goes first, the clock is written, and only then the workflows run up to that instant.
 */
export async function conduct(options: ConductorOptions): Promise<Played> {
  const { stage, fleet, people, wires } = options;
  let nowMs = stage.nowMs();
  options.setClock(nowMs);
  for (let instants = 1; instants < MAX_INSTANTS; instants++) {
    const began = performance.now();
    await playInstant(options, nowMs);
    const settled = performance.now();
    if (options.isDone(nowMs)) return { endedAtMs: nowMs, reached: true, instants };
    if (nowMs >= options.endsAtMs || options.stopped()) return { endedAtMs: nowMs, reached: false, instants };
    const events = [stage.nextEventAtMs(), people.nextActAtMs(nowMs), wires.nextActAtMs(nowMs), fleet.nextEventAtMs()];
    const next = Math.min(options.endsAtMs, ...events.filter((ms) => ms !== null).map((ms) => Math.max(ms, nowMs + 1)));
    const nowAt = new Date(nowMs).toISOString();
    nowMs = await stage.advance(next);
    options.setClock(nowMs);
    const advanced = performance.now();
    await wires.act(nowMs);
    await fleet.forward(nowMs);
    const wall = [settled - began, advanced - settled, performance.now() - advanced]
      .map((ms) => Math.round(ms))
      .join('+');
    options.trace?.(
      `${nowAt} → ${events.map((ms) => (ms === null ? '–' : new Date(ms).toISOString().slice(11, 23))).join(' ')} ${wall} ms`,
    );
  }
  throw new Error(`The drill had ${MAX_INSTANTS} instants and did not come to its end.`);
}

async function playInstant({ fleet, people, wires }: ConductorOptions, nowMs: number): Promise<void> {
  for (let acts = 0; acts < MAX_ACTS_AT_ONE_INSTANT; acts++) {
    await fleet.settle(nowMs);
    const wired = await wires.act(nowMs);
    if (!(await people.act(nowMs)) && !wired) return;
  }
  throw new Error(`At ${new Date(nowMs).toISOString()} people and incidents kept reacting to each other without end.`);
}
