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

/** Append-only record of every request to every simulated system: what drills are judged by. */
export class WireLedger {
  readonly #entries: WireEntry[] = [];

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
