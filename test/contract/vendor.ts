import { WireFaults } from '../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../lab/simulation/wire/ledger.ts';

/** What every simulated system of a contract suite is given; `clock.nowMs` is the world's time. */
export function vendorWorld(now: string) {
  const clock = { nowMs: Date.parse(now) };
  const faults = new WireFaults();
  const log = new WireLedger();
  return { clock, faults, log, common: { clock: () => clock.nowMs, faults, log } };
}

/** Closes whatever was opened, newest first. */
export function closing() {
  const stops: (() => Promise<unknown> | unknown)[] = [];
  return {
    add: (stop: () => Promise<unknown> | unknown) => stops.push(stop),
    all: async () => {
      for (const stop of stops.splice(0).reverse()) await stop();
    },
  };
}

/** What a call threw; fails the test when it did not. */
export async function thrown(call: Promise<unknown>): Promise<Error & { type?: string; nextRetryDelay?: number }> {
  return call.then(
    (value) => {
      throw new Error(`It should have failed, but answered ${JSON.stringify(value)}`);
    },
    (error: unknown) => error as Error,
  );
}
