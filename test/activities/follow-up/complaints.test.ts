import { describe, expect, it } from 'vitest';
import { createZendesk } from '../../../lab/simulation/systems/zendesk.ts';
import { at as clock, scene } from '../../../lab/test/simulation/world/scene.ts';
import { countComplaints } from '../../../src/activities/follow-up/complaints.ts';
import type { ComplaintsPort } from '../../../src/activities/follow-up/ports.ts';
import { createZendeskClient } from '../../../src/activities/zendesk/client.ts';
import { instant } from '../../../src/domain/instant.ts';
import { bench } from '../../contract/simulated.ts';

const wires = bench();
const FROM = instant(clock('14:30'));
const UNTIL = instant(clock('15:05'));

const counts = (system: string, count: number, exact = true): ComplaintsPort => ({
  system,
  between: async () => ({ count, exact }),
});
const away = (system: string): ComplaintsPort => ({
  system,
  between: () => Promise.reject(new Error('it does not answer')),
});

describe('complaints (R6.2)', () => {
  it("are counted in the support system: 23 tickets in the runbook's own 35 minutes (R9)", async () => {
    const { world, cluster } = scene('14:10');
    world.addFault({ kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true }, clock('14:15'));
    world.advanceTo(clock('14:50'));
    cluster.restart('noa-mcp', clock('14:50'));
    // It relapses after, and more people write: those are not of this half hour.
    world.advanceTo(clock('15:30'));
    expect(world.tickets(0).length).toBeGreaterThan(23);
    const zendesk = createZendesk({
      clock: wires.clock,
      faults: wires.faults,
      log: wires.log,
      email: 'bot@noaserver.com',
      apiToken: 'planted',
      agents: [],
      written: () => world.tickets(0),
    });
    const { url } = await zendesk.listen();
    wires.stops.push(() => zendesk.close());
    const client = createZendeskClient({ baseUrl: url, email: 'bot@noaserver.com', apiToken: 'planted' });
    const port: ComplaintsPort = {
      system: client.system,
      between: (from, until) => client.since(from, instant(clock('15:30')), until),
    };
    expect(await countComplaints([port], FROM, UNTIL)).toEqual({
      status: 'recorded',
      value: 23,
      atLeast: false,
      source: 'Zendesk 23, written from 14:30 to 15:05 UTC',
    });
  });

  it('are a lower bound when somebody gave no answer or did not count all', async () => {
    expect(await countComplaints([counts('Zendesk', 4), away('Jira')], FROM, UNTIL)).toMatchObject({
      status: 'recorded',
      value: 4,
      atLeast: true,
      source: expect.stringContaining('Jira gave no answer (it does not answer)'),
    });
    expect(await countComplaints([counts('Jira', 500, false)], FROM, UNTIL)).toMatchObject({ atLeast: true });
  });

  it('are pending, not applicable or invalid, and never a silent zero', async () => {
    expect(await countComplaints([away('Zendesk')], FROM, UNTIL)).toEqual({
      status: 'pending',
      why: 'Zendesk gave no answer (it does not answer)',
    });
    expect(await countComplaints([], FROM, UNTIL)).toMatchObject({ status: 'not-applicable' });
    expect(await countComplaints([counts('Zendesk', 1)], UNTIL, FROM)).toMatchObject({ status: 'invalid' });
    expect(await countComplaints([counts('Zendesk', 0)], FROM, UNTIL)).toMatchObject({ status: 'recorded', value: 0 });
  });
});
