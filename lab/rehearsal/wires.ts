import type { WireFault, WireFaults } from '../simulation/wire/faults.ts';
import type { Participant } from './conductor.ts';
import type { Drill, PlannedWire } from './drill.ts';
import type { DrillEnvironment, StageProcess } from './drill-environment.ts';

/** Processes of the ground itself, when this drill has them for its own. */
export interface GroundProcess {
  kill(): Promise<unknown>;
  stop(): Promise<unknown>;
  pause(): void;
  resume(): void;
  /** Brings it back where it was. */
  restart(): Promise<void>;
}

interface Event {
  readonly atMs: number;
  readonly words: string;
  readonly process: ProcessWire['process'] | null;
  readonly afterMails?: number;
  readonly run: () => Promise<void>;
}

/** What was done, when, and how many mails the mail server had by then. */
export interface WireTold {
  readonly atMs: number;
  readonly words: string;
  readonly process: ProcessWire['process'] | null;
  readonly mailsBefore: number;
}

/** How long a paused process stands still when the drill does not say: long enough that a call notices. */
const PAUSE_MS = 1_500;

/** Whatever befalls wires and processes, each at its time. `told` says what was done, for the report. */
export class Wires implements Participant {
  readonly told: WireTold[] = [];
  readonly #events: Event[];
  #awaitingMails = 0;
  #failed: Error | null = null;

  constructor(
    drill: Drill,
    private readonly environment: DrillEnvironment,
    grounds: Readonly<Partial<Record<'temporal' | 'store', GroundProcess>>>,
  ) {
    const events = drill.wires.flatMap((wire) =>
      wire.kind === 'system'
        ? systemEvents(wire, drill, environment.production.wires)
        : [processEvent(wire, drill, environment, grounds)],
    );
    this.#events = events.sort((a, b) => a.atMs - b.atMs);
  }

  nextActAtMs(nowMs: number): number | null {
    return this.#events.find((event) => event.atMs > nowMs)?.atMs ?? null;
  }

  async act(nowMs: number): Promise<boolean> {
    if (this.#failed !== null) throw this.#failed;
    let acted = false;
    for (let event = this.#events[0]; event !== undefined && event.atMs <= nowMs; event = this.#events[0]) {
      this.#events.shift();
      if (event.afterMails === undefined) await this.#befall(event, nowMs);
      else this.#befallAfterMails(event, event.afterMails);
      acted = true;
    }
    return acted;
  }

  get pending(): number {
    return this.#events.length + this.#awaitingMails;
  }

  async #befall({ words, process, run }: Event, atMs: number): Promise<void> {
    this.told.push({ atMs, words, process, mailsBefore: this.environment.production.smtp.mails.length });
    await run();
  }

  /** The mail server holds everything meanwhile, so that it befalls the same mailing at the same place in every play. */
  #befallAfterMails(event: Event, mails: number): void {
    const { smtp, world } = this.environment.production;
    this.#awaitingMails += 1;
    smtp.haltAfter(mails, async () => {
      try {
        await this.#befall(event, world.nowMs);
      } catch (error) {
        this.#failed = error as Error;
      } finally {
        this.#awaitingMails -= 1;
      }
    });
  }
}

type SystemWire = Extract<PlannedWire, { kind: 'system' }>;
type ProcessWire = Extract<PlannedWire, { kind: 'process' }>;

function systemEvents(wire: SystemWire, drill: Drill, faults: WireFaults): Event[] {
  const fault = faultOf(wire);
  const begin = {
    atMs: drill.startAtMs + wire.atMs,
    words: `${wire.system}: ${wire.fault}`,
    process: null,
    run: async () => faults.set(wire.system, fault),
  };
  if (wire.endMs === null) return [begin];
  const end = {
    atMs: drill.startAtMs + wire.endMs,
    words: `${wire.system}: well again`,
    process: null,
    run: async () => faults.clear(wire.system, fault.kind),
  };
  return [begin, end];
}

function faultOf({ fault, parameters }: SystemWire): WireFault {
  const times = parameters.times === null ? {} : { times: parameters.times };
  const kind = fault as WireFault['kind'];
  if (kind === 'rate-limited') return { kind, retryAfterSeconds: parameters.retryAfterSeconds, ...times };
  if (kind === 'slow') return { kind, seconds: parameters.seconds, ...times };
  if (kind === 'late-delivery') return { kind, lateSeconds: parameters.seconds, ...times };
  return { kind, ...times };
}

function processEvent(
  wire: ProcessWire,
  drill: Drill,
  environment: DrillEnvironment,
  grounds: Readonly<Partial<Record<string, GroundProcess>>>,
): Event {
  const ours =
    wire.process === 'worker' || wire.process === 'gateway'
      ? ourProcess(environment, wire.process)
      : grounds[wire.process];
  return {
    atMs: drill.startAtMs + wire.atMs,
    words: `${wire.process} ${wire.fault}${wire.forMs === null ? '' : ` for ${wire.forMs / 1000} s`}${wire.afterMails === null ? '' : `, after ${wire.afterMails} mails`}`,
    process: wire.process,
    ...(wire.afterMails === null ? {} : { afterMails: wire.afterMails }),
    async run() {
      if (ours === undefined) throw new Error(`This drill has no ${wire.process} of its own to be ${wire.fault}.`);
      if (wire.fault === 'paused') {
        ours.pause();
        // Virtual time stands still meanwhile where something is under way; it does not wait for us here.
        setTimeout(() => ours.resume(), wire.forMs ?? PAUSE_MS).unref();
        return;
      }
      await (wire.fault === 'killed' ? ours.kill() : ours.stop());
      if (wire.forMs !== null) await new Promise((done) => setTimeout(done, wire.forMs ?? 0));
      await ours.restart();
    },
  };
}

function ourProcess(environment: DrillEnvironment, name: StageProcess): GroundProcess {
  return {
    kill: () => environment.process(name).kill(),
    stop: () => environment.process(name).stop(),
    pause: () => environment.process(name).pause(),
    resume: () => environment.process(name).resume(),
    restart: () => environment.restart(name),
  };
}
