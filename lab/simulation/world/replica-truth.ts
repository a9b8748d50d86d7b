import type { ReplicaTruth } from './api.ts';

/** What the streaming replica holds: everything the primary had written some seconds ago, and no more once it is gone. */
export class ReplicaLog {
  #primaryAliveMs: number;
  #promotedLagSeconds: number | null = null;

  constructor(startMs: number) {
    this.#primaryAliveMs = startMs;
  }

  /** The primary took writes until this instant at least. */
  primaryAlive(atMs: number): void {
    if (this.#promotedLagSeconds === null) this.#primaryAliveMs = Math.max(this.#primaryAliveMs, atMs);
  }

  promote(lagSeconds: number): void {
    this.#promotedLagSeconds ??= lagSeconds;
  }

  truth(input: {
    readonly present: boolean;
    readonly lagSeconds: number;
    readonly primaryAnswers: boolean;
    readonly nowMs: number;
  }): ReplicaTruth {
    const writtenMs = input.primaryAnswers ? input.nowMs : this.#primaryAliveMs;
    const lagSeconds = this.#promotedLagSeconds ?? input.lagSeconds;
    return {
      present: input.present,
      lagSeconds,
      promoted: this.#promotedLagSeconds !== null,
      streaming: input.present && input.primaryAnswers && this.#promotedLagSeconds === null,
      primaryWrittenMs: writtenMs,
      lastReplayMs: writtenMs - lagSeconds * 1000,
    };
  }
}
