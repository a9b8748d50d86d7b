import { describe, expect, it } from 'vitest';
import { createPagerDuty } from '../../../lab/simulation/systems/pagerduty.ts';
import { DEFAULT_PEOPLE } from '../../../lab/simulation/systems/people.ts';
import { createPagerDutyClient } from '../../../src/activities/pagerduty/client.ts';
import { createPagerDutyRest } from '../../../src/activities/pagerduty/rest.ts';
import { holdsAgainstOddAnswers } from '../odd-answers.ts';
import { bench } from '../simulated.ts';

const TOKEN = 'planted-pagerduty-token';
const at = bench();

async function start(more: { readonly fromEmail?: string; readonly makesAlerts?: boolean } = {}) {
  const { makesAlerts = true } = more;
  const pagerduty = createPagerDuty({
    clock: at.clock,
    faults: at.faults,
    log: at.log,
    people: DEFAULT_PEOPLE,
    apiToken: TOKEN,
    makesAlerts,
  });
  const { url } = await pagerduty.listen();
  at.stops.push(() => pagerduty.close());
  const events = createPagerDutyClient({ eventsUrl: url, routingKeys: pagerduty.routingKeys });
  const send = (action: 'trigger' | 'acknowledge') =>
    events.page({
      action,
      pagingService: 'oncall-primary',
      dedupKey: 'incident-1/page',
      summary: 'API down',
      source: 'test',
      severity: 'critical',
      at: '2026-03-03T09:00:00.000Z',
      links: [],
      details: {},
    });
  await send('trigger');
  const rest = createPagerDutyRest({
    apiUrl: url,
    apiToken: TOKEN,
    fromEmail: more.fromEmail ?? 'alice@noaserver.com',
    timeoutMilliseconds: 2_000,
  });
  const id = pagerduty.incidents[0]?.id ?? '';
  const tap = (type: 'incident.acknowledged' | 'incident.resolved', agentEmail: string) =>
    pagerduty.sendWebhook({ type, incidentId: id, agentEmail, url: 'http://127.0.0.1:9/', secret: 's' });
  return { pagerduty, rest, id, tap, page: () => send('trigger'), silence: () => send('acknowledge') };
}

describe('PagerDuty REST (R0.8, R1.4)', () => {
  it('says who is on call now', async () => {
    const { rest } = await start();
    const calls = await rest.onCalls();
    expect(calls[0]).toEqual({
      escalationPolicy: { id: 'E-oncall-primary', name: 'oncall-primary' },
      level: 1,
      schedule: { id: 'D-oncall-primary', name: 'oncall-primary' },
      userId: 'PALICE',
      name: 'Alice Archer',
      email: 'alice@noaserver.com',
      until: null,
    });
    expect(calls).toHaveLength(DEFAULT_PEOPLE.pagingServices.length);
  });

  it.each([
    ['shows the key', false],
    ['leaves it to its alert', true],
  ])(
    'finds the newest incident of a key where the incident %s, and refuses to list all of them',
    async (_how, makesAlerts) => {
      const { rest, id, tap, page, pagerduty } = await start({ makesAlerts });
      expect(await rest.newestOfKey('incident-1/page')).toMatchObject({ id, status: 'triggered' });
      expect(await rest.newestOfKey('incident-2/page')).toBeNull();
      at.nowMs += 40 * 86_400_000;
      expect(await rest.newestOfKey('incident-1/page')).toMatchObject({ id });
      await expect(rest.newestOfKey('')).rejects.toMatchObject({ type: 'Invalid' });
      await tap('incident.resolved', 'bob@noaserver.com');
      await page();
      expect(await rest.newestOfKey('incident-1/page')).toMatchObject({ id: pagerduty.incidents[1]?.id });
    },
  );

  it('says who answered, and takes no service for a person (R1.4)', async () => {
    const { rest, id, tap, silence } = await start();
    expect(await rest.incident(id)).toMatchObject({ status: 'triggered', answeredBy: null });
    await silence();
    expect(await rest.incident(id)).toMatchObject({ status: 'acknowledged', answeredBy: null });
    await tap('incident.acknowledged', 'bob@noaserver.com');
    await tap('incident.acknowledged', 'alice@noaserver.com');
    expect(await rest.incident(id)).toMatchObject({ answeredBy: { id: 'PBOB', name: 'Bob Baker' } });
    await tap('incident.resolved', 'alice@noaserver.com');
    expect(await rest.incident(id)).toMatchObject({ status: 'resolved', answeredBy: { id: 'PALICE' } });
  });

  it('writes a note once for its key', async () => {
    const { rest, id, pagerduty } = await start();
    const note = { key: 'incident-1/note/1', text: 'Rolled back.' };
    await rest.note(id, note);
    await rest.note(id, note);
    expect(pagerduty.incidents[0]?.notes.map(({ content }) => content)).toEqual(['Rolled back. [incident-1/note/1]']);
  });

  it('an address that is no user’s is refused in PagerDuty’s own words', async () => {
    const { rest, id } = await start({ fromEmail: 'nobody@noaserver.com' });
    await expect(rest.note(id, { key: 'k', text: 'x' })).rejects.toMatchObject({ type: 'Invalid' });
    await expect(rest.incident('NOTHERE')).rejects.toMatchObject({ type: 'NotFound' });
  });
});

holdsAgainstOddAnswers('PagerDuty', {
  secrets: [TOKEN],
  call: (apiUrl) =>
    createPagerDutyRest({ apiUrl, apiToken: TOKEN, fromEmail: 'a@b.example', timeoutMilliseconds: 250 }).onCalls(),
});
