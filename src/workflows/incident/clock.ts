import { workflowInfo } from '@temporalio/workflow';
import { epochMs, type Instant, instant } from '../../domain/instant.ts';

/** A stamp further than this from elapsed time is a wrong clock (or an old message) and is not believed. */
const BELIEVED_WITHIN_MS = 60_000;
/** Without a stamp (a query, a bare signal), elapsed time takes over once incident time is this far behind it. */
const LAG_MS = 30_000;

/**
 * Incident time (ADR 0016): the anchor plus elapsed workflow time. Messages and activity results carry the
 * instants of the clocks at the edge; a believable one is adopted, so that what happened at 14:30:00 by the gateway
 * is not 14:30:00.3 here, and a rehearsal's instants do not depend on how fast the machine is. Never goes backwards.
 */
export class IncidentClock {
  readonly #startMs: number;
  #settledMs: number;

  constructor(
    private readonly anchorAt: Instant,
    readonly speed: number,
  ) {
    this.#startMs = workflowInfo().startTime.getTime();
    this.#settledMs = epochMs(anchorAt);
  }

  /** Reads without changing anything: queries ask too, and a query must leave no trace. */
  now(): Instant {
    return instant(Math.floor(this.#nowMs()));
  }

  /** The instant of a fact that is recorded now; nothing is ever recorded before it. */
  stamp(): Instant {
    this.#settledMs = this.#nowMs();
    return instant(Math.floor(this.#settledMs));
  }

  /** Takes the instant that a message, an activity or a timer says it is. */
  adopt(at: Instant): void {
    const saidMs = epochMs(at);
    const elapsedMs = this.#elapsedMs();
    const believable = Math.abs(saidMs - elapsedMs) <= BELIEVED_WITHIN_MS * this.speed;
    this.#settledMs = Math.max(this.#settledMs, believable ? saidMs : elapsedMs);
  }

  /** Milliseconds of workflow time until an instant; at least one, so that a due timer still yields. */
  millisecondsUntil(at: Instant): number {
    return Math.max(1, Math.ceil((epochMs(at) - this.#elapsedMs()) / this.speed));
  }

  #nowMs(): number {
    const elapsedMs = this.#elapsedMs();
    return elapsedMs - this.#settledMs > LAG_MS ? elapsedMs : this.#settledMs;
  }

  #elapsedMs(): number {
    return epochMs(this.anchorAt) + (Date.now() - this.#startMs) * this.speed;
  }
}
