import { afterEach, beforeEach } from 'vitest';
import { WireFaults } from '../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../lab/simulation/wire/ledger.ts';

/** What every simulated system needs, new for each test, and what stops them afterwards. */
export interface Bench {
  nowMs: number;
  faults: WireFaults;
  log: WireLedger;
  readonly clock: () => number;
  readonly stops: (() => Promise<void> | void)[];
}

export function bench(): Bench {
  const made: Bench = {
    nowMs: 0,
    faults: new WireFaults(),
    log: new WireLedger(),
    clock: () => made.nowMs,
    stops: [],
  };
  beforeEach(() => {
    made.nowMs = Date.parse('2026-03-03T09:00:00Z');
    made.faults = new WireFaults();
    made.log = new WireLedger();
  });
  afterEach(async () => {
    for (const stop of made.stops.splice(0)) await stop();
  });
  return made;
}
