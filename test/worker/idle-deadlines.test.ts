import { afterEach, describe, expect, it } from 'vitest';
import { type ActivityGate, openActivityGate } from '../../lab/rehearsal/activity-gate.ts';
import { WireFaults } from '../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../lab/simulation/wire/ledger.ts';
import { createWireServer, type WireServer } from '../../lab/simulation/wire/server.ts';
import { IdleDeadlines } from '../../src/worker/idle-deadlines.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** A simulated system that takes so many real seconds to answer, and the deadlines of whoever asks it. */
async function system(busySeconds: number) {
  const log = new WireLedger();
  const faults = new WireFaults();
  const server: WireServer = createWireServer({ system: 'prometheus', clock: () => 0, faults, log });
  server.route('GET', '/answer', async () => {
    await new Promise((done) => setTimeout(done, busySeconds * 1000));
    return { status: 200 };
  });
  const { url } = await server.listen();
  const activityGate: ActivityGate = await openActivityGate(() => log.activity());
  open.push(server, activityGate);
  return { url: `${url}/answer`, faults, deadlines: new IdleDeadlines(activityGate.url) };
}

async function ask(url: string, deadlines: IdleDeadlines, milliseconds: number): Promise<'answered' | 'late'> {
  const aborted = new AbortController();
  return new Promise((done) => {
    const giveUp = deadlines.after(milliseconds, () => {
      aborted.abort();
      done('late');
    });
    fetch(url, { signal: aborted.signal })
      .then(() => done('answered'))
      .catch(() => undefined)
      .finally(giveUp);
  });
}

describe('deadlines of a rehearsal', () => {
  it('do not pass while production works on the answer, however slow this machine is', async () => {
    const { url, deadlines } = await system(1);
    expect(await ask(url, deadlines, 50)).toBe('answered');
  });

  it('pass at once when nobody will answer any more', async () => {
    const { url, faults, deadlines } = await system(0);
    faults.set('prometheus', { kind: 'timeout' });
    expect(await ask(url, deadlines, 600_000)).toBe('late');
  });

  it('wait for an answer that is slow on purpose and comes in time, and for no other', async () => {
    const { url, faults, deadlines } = await system(0);
    faults.set('prometheus', { kind: 'slow', seconds: 1 });
    expect(await ask(url, deadlines, 600_000)).toBe('answered');
    expect(await deadlines.sleptMilliseconds()).toBe(1000);
    faults.set('prometheus', { kind: 'slow', seconds: 3600 });
    expect(await ask(url, deadlines, 1000)).toBe('late');
  });
});
