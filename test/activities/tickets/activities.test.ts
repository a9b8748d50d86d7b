import { describe, expect, it } from 'vitest';
import { createJira } from '../../../lab/simulation/systems/jira.ts';
import { createJiraClient } from '../../../src/activities/jira/client.ts';
import { createTicketActivities } from '../../../src/activities/tickets/activities.ts';
import { bench } from '../../contract/simulated.ts';
import { memoryLedger } from '../memory-ledger.ts';

const SECRET = 'planted-jira-token';
const EMAIL = 'bot@noaserver.com';
const at = bench();
const INPUT = {
  system: 'jira' as const,
  externalId: 'incident-1/cause',
  incidentId: 'incident-1',
  title: 'Remove the cause for good',
  description: 'A query reads the whole table.',
  dueAt: '2026-03-10T09:00:00.000Z',
  ownerEmail: 'alice@noaserver.com',
};

async function start(searchLagMs: number) {
  const jira = createJira({
    clock: at.clock,
    faults: at.faults,
    log: at.log,
    email: EMAIL,
    apiToken: SECRET,
    project: 'NOA',
    accounts: { 'alice@noaserver.com': 'account-alice' },
    written: () => [],
    searchLagMs,
  });
  const { url } = await jira.listen();
  at.stops.push(() => jira.close());
  const client = createJiraClient({ baseUrl: url, email: EMAIL, apiToken: SECRET, project: 'NOA' });
  const ports = {
    systems: { jira: client, zendesk: null },
    ledger: memoryLedger(),
    clock: () => new Date(at.nowMs).toISOString(),
  };
  return { jira, client, ports, worker: createTicketActivities(ports), other: createTicketActivities(ports) };
}

describe('createTicket (R6.6, R3.4.5)', () => {
  it('makes it with owner and due date, and tells where it stands', async () => {
    const { jira, worker } = await start(0);
    const made = await worker.createTicket(INPUT);
    expect(jira.issues[0]).toMatchObject({ duedate: '2026-03-10', assignee: 'account-alice' });
    expect(await worker.readTicket(made)).toMatchObject({ state: 'open', status: 'To Do' });
    jira.end(made.ref, "Won't Do");
    expect(await worker.readTicket(made)).toMatchObject({ state: 'dropped' });
  });

  it('makes one ticket though the answer was lost and the search lags', async () => {
    const { jira, worker, client, ports } = await start(20_000);
    // A worker that wrote its intent down, made the ticket, and never heard of it.
    await ports.ledger.begin({ key: `ticket:jira:${INPUT.externalId}`, at: ports.clock() });
    await client.create(INPUT);
    await expect(worker.createTicket(INPUT)).rejects.toMatchObject({ type: 'NotYet', nextRetryDelay: 30_000 });
    at.nowMs += 31_000;
    expect(await worker.createTicket(INPUT)).toMatchObject({ ref: jira.issues[0]?.key });
    expect(jira.issues).toHaveLength(1);
  });

  it('makes one ticket when two workers find the same doubt', async () => {
    const { jira, worker, other, ports } = await start(20_000);
    await ports.ledger.begin({ key: `ticket:jira:${INPUT.externalId}`, at: ports.clock() });
    at.nowMs += 31_000;
    const both = await Promise.allSettled([worker.createTicket(INPUT), other.createTicket(INPUT)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(jira.issues).toHaveLength(1);
  });

  it('makes it after all when the earlier try made nothing', async () => {
    const { jira, worker, ports } = await start(20_000);
    await ports.ledger.begin({ key: `ticket:jira:${INPUT.externalId}`, at: ports.clock() });
    at.nowMs += 31_000;
    await worker.createTicket(INPUT);
    expect(jira.issues).toHaveLength(1);
  });

  it('two workers at once make one ticket; the second waits for what the search will show', async () => {
    const { jira, worker, other } = await start(5_000);
    const both = await Promise.allSettled([worker.createTicket(INPUT), other.createTicket(INPUT)]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const second = both.find((one) => one.status === 'rejected');
    expect(second?.reason).toMatchObject({ type: 'NotYet', nextRetryDelay: 30_000 });
    at.nowMs += 31_000;
    expect(await other.createTicket(INPUT)).toMatchObject({ ref: jira.issues[0]?.key });
    expect(jira.issues).toHaveLength(1);
  });

  it('what was certainly refused is a first try again; a system that is not configured says what to set', async () => {
    const { jira, worker } = await start(0);
    await expect(worker.createTicket({ ...INPUT, title: '' })).rejects.toMatchObject({ type: 'Invalid' });
    await worker.createTicket(INPUT);
    expect(jira.issues).toHaveLength(1);
    await expect(worker.createTicket({ ...INPUT, system: 'zendesk' })).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining('ZENDESK_URL'),
    });
  });
});
