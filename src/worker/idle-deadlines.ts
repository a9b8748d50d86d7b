import { setTimeout as pause } from 'node:timers/promises';
import type { Deadlines } from '../activities/deadlines.ts';

/** What the simulated production says of itself (simulation/wire/ledger.ts). */
interface ServerActivity {
  readonly recorded: number;
  readonly inHand: number;
  readonly wakesInMs: number | null;
  readonly sleptMs: number;
}

interface Open {
  readonly late: () => void;
  readonly untilMs: number;
}

const ASK_EVERY_MS = 25;
const CALM_ANSWERS = 16;

/**
 * Deadlines of a rehearsal. A question that production would have answered in time must not be late because the machine
 * is busy, and one that nobody will answer need not be waited for: a deadline has passed when the simulated production has
 * had nothing in hand for a while, and nothing that sleeps there wakes before it.
 */
export class IdleDeadlines implements Deadlines {
  readonly #open = new Set<Open>();
  #changes = 0;
  #watching = false;

  constructor(private readonly turnsUrl: string) {}

  after(milliseconds: number, late: () => void): () => void {
    const open = { late, untilMs: performance.now() + milliseconds };
    this.#open.add(open);
    this.#changes += 1;
    if (!this.#watching) void this.#watch();
    return () => {
      if (this.#open.delete(open)) this.#changes += 1;
    };
  }

  /** Milliseconds that production slept on purpose so far: all of a measured time that is not this machine's own. */
  async sleptMilliseconds(): Promise<number> {
    return (await this.#ask()).sleptMs;
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    let calm = 0;
    let before = '';
    while (this.#open.size > 0) {
      await pause(ASK_EVERY_MS);
      const activity = await this.#ask().catch(() => null);
      if (activity === null) continue;
      const now = `${activity.recorded}/${this.#changes}`;
      calm = activity.inHand <= 0 && now === before ? calm + 1 : 0;
      before = now;
      if (calm >= CALM_ANSWERS) this.#expire(activity);
    }
    this.#watching = false;
  }

  #expire({ wakesInMs }: ServerActivity): void {
    for (const open of [...this.#open]) {
      if (wakesInMs !== null && open.untilMs - performance.now() > wakesInMs) continue;
      this.#open.delete(open);
      open.late();
    }
  }

  async #ask(): Promise<ServerActivity> {
    const answer = await fetch(`${this.turnsUrl}/activity`);
    return (await answer.json()) as ServerActivity;
  }
}
