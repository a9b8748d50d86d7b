import { describe, expect, it } from 'vitest';
import { createJira } from '../../../lab/simulation/systems/jira.ts';
import { richTextProblem } from '../../../lab/simulation/systems/jira-checks.ts';
import type { Ticket } from '../../../lab/simulation/world/tickets.ts';
import { createJiraClient } from '../../../src/activities/jira/client.ts';
import { richText } from '../../../src/activities/jira/rich-text.ts';
import { holdsAgainstOddAnswers } from '../odd-answers.ts';
import { bench } from '../simulated.ts';
import { keepsTickets, TICKET } from '../tickets.ts';

const SECRET = 'planted-jira-token';
const EMAIL = 'bot@noaserver.com';
const at = bench();

async function start(written: readonly Ticket[] = [], searchLagMs = 0) {
  const jira = createJira({
    clock: at.clock,
    faults: at.faults,
    log: at.log,
    email: EMAIL,
    apiToken: SECRET,
    project: 'NOA',
    accounts: { 'alice@noaserver.com': 'account-alice' },
    written: () => written,
    searchLagMs,
  });
  const { url } = await jira.listen();
  at.stops.push(() => jira.close());
  const settings = { baseUrl: url, email: EMAIL, apiToken: SECRET, project: 'NOA', timeoutMilliseconds: 2_000 };
  const own = (ref: string) => jira.issues.find(({ key }) => key === ref);
  return {
    jira,
    url,
    client: createJiraClient(settings),
    settings,
    made: () => jira.issues.filter(({ byApi }) => byApi).length,
    texts: (ref: string) => own(ref)?.comments.map(({ text }) => text) ?? [],
    end: (ref: string) => jira.end(ref, 'Done'),
  };
}

const written = (id: number, minutesAgo: number): Ticket => ({
  id: String(id),
  atMs: Date.parse('2026-03-03T09:00:00Z') - minutesAgo * 60_000,
  subject: `it fails ${id}`,
  through: 'jira',
  flagged: false,
});

keepsTickets(at, { system: 'Jira', start: () => start() });

describe('Jira', () => {
  it('counts what people wrote since then, over several pages, without what we wrote (R2.16)', async () => {
    const { client } = await start(Array.from({ length: 250 }, (_, index) => written(index + 1, index / 10)));
    await client.create(TICKET);
    const counted = await client.since('2026-03-03T08:40:00.000Z', '2026-03-03T09:00:00.000Z');
    expect(counted).toMatchObject({ count: 201, exact: true });
    expect(counted.newest).toHaveLength(20);
    expect(counted.newest[0]).toMatchObject({ ref: 'NOA-1', title: 'it fails 1' });
    const earlier = await client.since(
      '2026-03-03T08:40:00.000Z',
      '2026-03-03T09:00:00.000Z',
      '2026-03-03T08:50:00.000Z',
    );
    expect(earlier).toMatchObject({ count: 101, exact: true });
  });

  it('says when there are more than it counted', async () => {
    const { client } = await start(Array.from({ length: 600 }, (_, index) => written(index + 1, 1)));
    const counted = await client.since('2026-03-03T08:40:00.000Z', '2026-03-03T09:00:00.000Z');
    expect(counted).toMatchObject({ count: 500, exact: false });
  });

  it('a description is a document that Jira takes, with links and line ends and no empty text', async () => {
    const { client, jira } = await start();
    const { ticket } = await client.create({ ...TICKET, title: 'two\nlines' });
    const issue = jira.issues.find(({ key }) => key === ticket.ref);
    expect(issue).toMatchObject({ summary: 'two lines', labels: expect.arrayContaining([TICKET.incidentId]) });
    expect(issue?.description).toContain('https://console.example/incidents/1');
    expect(issue?.description).toContain('Thank you.');
    for (const text of ['', '\n\n\n', 'a\n\n\nb', 'x\n', 'https://a.example'])
      expect(richTextProblem(richText(text))).toBeNull();
  });

  it('a ticket that was ended as one that will not be done is dropped, not done (R6.6)', async () => {
    const { client, jira } = await start();
    const { ticket } = await client.create(TICKET);
    jira.end(ticket.ref, "Won't Do");
    expect(await client.read(ticket.ref)).toMatchObject({ state: 'dropped' });
  });

  it('its search lags: a new issue is read by its key at once', async () => {
    const { client } = await start([], 20_000);
    const { ticket } = await client.create(TICKET);
    expect(await client.find(TICKET.externalId)).toBeNull();
    expect(await client.read(ticket.ref)).toMatchObject({ title: TICKET.title });
    at.nowMs += 21_000;
    expect(await client.find(TICKET.externalId)).toMatchObject({ ref: ticket.ref });
  });

  it('the same link is kept once', async () => {
    const { client, jira } = await start();
    const { ticket } = await client.create(TICKET);
    const link = { globalId: 'incident-1', url: 'https://console.example/1', title: 'incident-1' };
    await client.link(ticket.ref, link);
    await client.link(ticket.ref, { ...link, title: 'renamed' });
    expect(jira.issues[0]?.links).toEqual([{ ...link, title: 'renamed' }]);
  });

  it('says which field it refuses, in its own words; an old search is gone', async () => {
    const { settings, url } = await start();
    const elsewhere = createJiraClient({ ...settings, project: 'OTHER', issueType: 'Epic' });
    await expect(elsewhere.create(TICKET)).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining('project: valid project is required; issuetype: Specify a valid issue type'),
    });
    const authorization = `Basic ${Buffer.from(`${EMAIL}:${SECRET}`).toString('base64')}`;
    expect((await fetch(`${url}/rest/api/3/search?jql=x`, { headers: { authorization } })).status).toBe(410);
  });
});

holdsAgainstOddAnswers('Jira', {
  secrets: [SECRET, Buffer.from(`${EMAIL}:${SECRET}`).toString('base64')],
  call: (baseUrl) =>
    createJiraClient({
      baseUrl,
      email: EMAIL,
      apiToken: SECRET,
      project: 'NOA',
      timeoutMilliseconds: 250,
    }).read('NOA-1'),
});
