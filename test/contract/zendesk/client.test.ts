import { describe, expect, it } from 'vitest';
import { createZendesk } from '../../../lab/simulation/systems/zendesk.ts';
import type { Ticket } from '../../../lab/simulation/world/tickets.ts';
import { createZendeskClient } from '../../../src/activities/zendesk/client.ts';
import { holdsAgainstOddAnswers } from '../odd-answers.ts';
import { bench } from '../simulated.ts';
import { keepsTickets, TICKET } from '../tickets.ts';

const SECRET = 'planted-zendesk-token';
const EMAIL = 'bot@noaserver.com';
const at = bench();

async function start(written: readonly Ticket[] = []) {
  const zendesk = createZendesk({
    clock: at.clock,
    faults: at.faults,
    log: at.log,
    email: EMAIL,
    apiToken: SECRET,
    agents: ['alice@noaserver.com'],
    written: () => written,
  });
  const { url } = await zendesk.listen();
  at.stops.push(() => zendesk.close());
  const client = createZendeskClient({ baseUrl: url, email: EMAIL, apiToken: SECRET, timeoutMilliseconds: 2_000 });
  const own = (ref: string) => zendesk.tickets.find(({ id }) => id === Number(ref));
  return {
    zendesk,
    client,
    made: () => zendesk.tickets.filter(({ byApi }) => byApi).length,
    texts: (ref: string) => own(ref)?.comments.map(({ body }) => body) ?? [],
    end: (ref: string) => zendesk.end(Number(ref), 'solved'),
  };
}

keepsTickets(at, { system: 'Zendesk', start: () => start() });

describe('Zendesk', () => {
  it('counts what customers wrote since then, without what we wrote (R2.16)', async () => {
    const minutes = [1, 20, 40];
    const written = minutes.map((ago, index) => ({
      id: String(100 + index),
      atMs: Date.parse('2026-03-03T09:00:00Z') - ago * 60_000,
      subject: `it fails ${index}`,
      through: 'zendesk' as const,
      flagged: false,
    }));
    const { client } = await start([...written, { ...written[0], id: '7', through: 'jira' } as Ticket]);
    await client.create(TICKET);
    const counted = await client.since('2026-03-03T08:30:00.000Z', '2026-03-03T09:00:00.000Z');
    expect(counted).toMatchObject({ count: 2, exact: true });
    expect(counted.newest.map(({ ref }) => ref)).toEqual(['100', '101']);
    const earlier = await client.since(
      '2026-03-03T08:00:00.000Z',
      '2026-03-03T09:00:00.000Z',
      '2026-03-03T08:45:00.000Z',
    );
    expect(earlier).toMatchObject({ count: 2, exact: true });
  });

  it('two workers at once make one ticket', async () => {
    const { client, made } = await start();
    const both = await Promise.all([client.create(TICKET), client.create(TICKET)]);
    expect(new Set(both.map(({ ticket }) => ticket.ref)).size).toBe(1);
    expect(made()).toBe(1);
  });

  it('an answer to a closed ticket is a Conflict that says so', async () => {
    const { client, zendesk } = await start();
    const { ticket } = await client.create(TICKET);
    zendesk.end(Number(ticket.ref), 'closed');
    const comment = { key: 'k', text: 'x', solve: false };
    await expect(client.comment(ticket.ref, comment)).rejects.toMatchObject({
      type: 'Conflict',
      message: expect.stringContaining('closed meanwhile'),
    });
  });
});

holdsAgainstOddAnswers('Zendesk', {
  secrets: [SECRET, Buffer.from(`${EMAIL}/token:${SECRET}`).toString('base64')],
  call: (baseUrl) =>
    createZendeskClient({ baseUrl, email: EMAIL, apiToken: SECRET, timeoutMilliseconds: 250 }).read('1'),
});
