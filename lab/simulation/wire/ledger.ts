import type { FaultName } from './faults.ts';

/** One request as the simulated system saw it. `status` is null when nobody got an answer. */
export interface WireEntry {
  readonly system: string;
  /** World time, milliseconds since 1970. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  readonly fault: FaultName | null;
  readonly note: string;
}

/** A request word for word, for whoever looks for what must not be in it. */
export interface HeardRequest {
  readonly system: string;
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** What is going on at this very moment. Two equal ones with nothing in hand, a while apart: nobody will be answered any more. */
export interface ServerActivity {
  readonly recorded: number;
  /** Requests that are being answered right now; those that a fault lets hang, or that sleep, are not. */
  readonly inHand: number;
  /** Real milliseconds until the first of those that sleep goes on; null when none does. */
  readonly wakesInMs: number | null;
  /** Real milliseconds that were slept on purpose so far. */
  readonly sleptMs: number;
}

/** Append-only record of every request to every simulated system: what drills are judged by. */
export class WireLedger {
  readonly #entries: WireEntry[] = [];
  readonly #sleepers = new Set<number>();
  readonly #listeners: ((request: HeardRequest) => void)[] = [];
  #begun = 0;
  #sleptMs = 0;

  /** From now on the listener gets every request to every system that speaks HTTP, and every mail, word for word. */
  onHeard(listener: (request: HeardRequest) => void): void {
    this.#listeners.push(listener);
  }

  hear(request: HeardRequest): void {
    for (const listener of this.#listeners) listener(request);
  }

  /** Counts this work as under way while it lasts. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#begun += 1;
    try {
      return await work();
    } finally {
      this.#begun -= 1;
    }
  }

  /** The only real waiting of the simulation, inside of `during`: what is slow is slow for the client that holds it. */
  async sleep(seconds: number): Promise<void> {
    const wakesAtMs = performance.now() + seconds * 1000;
    this.#sleepers.add(wakesAtMs);
    await new Promise((resolve) => {
      setTimeout(resolve, seconds * 1000).unref();
    });
    this.#sleepers.delete(wakesAtMs);
    this.#sleptMs += seconds * 1000;
  }

  activity(): ServerActivity {
    const wakesInMs = this.#sleepers.size === 0 ? null : Math.min(...this.#sleepers) - performance.now();
    return {
      recorded: this.size,
      inHand: this.#begun - this.#sleepers.size,
      wakesInMs,
      sleptMs: this.#sleptMs,
    };
  }

  record(entry: WireEntry): void {
    this.#entries.push(Object.freeze({ ...entry }));
  }

  /** A copy in order of arrival; of one system when it is named. */
  entries(system?: string): readonly WireEntry[] {
    return this.#entries.filter((entry) => system === undefined || entry.system === system);
  }

  get size(): number {
    return this.#entries.length;
  }
}
