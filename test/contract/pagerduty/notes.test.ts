import { describe, expect, it } from 'vitest';
import { createPagerDuty } from '../../../lab/simulation/systems/pagerduty.ts';
import { DEFAULT_PEOPLE } from '../../../lab/simulation/systems/people.ts';
import { createPagerDutyClient } from '../../../src/activities/pagerduty/client.ts';
import { createPageNotes } from '../../../src/activities/pagerduty/notes.ts';
import { createPagerDutyRest } from '../../../src/activities/pagerduty/rest.ts';
import { createPublicationActivities } from '../../../src/activities/publication/activities.ts';
import type { Delivery } from '../../../src/activities/publication/api.ts';
import { dedupKeyOf } from '../../../src/domain/incident-name.ts';
import { memoryLedger } from '../../activities/memory-ledger.ts';
import { FACTS } from '../../views/facts.ts';
import { bench } from '../simulated.ts';

const INCIDENT = 'incident-20241023-1430';
const at = bench();

async function start() {
  const common = { clock: at.clock, faults: at.faults, log: at.log };
  const pagerduty = createPagerDuty({ ...common, people: DEFAULT_PEOPLE, apiToken: 'token' });
  const { url } = await pagerduty.listen();
  at.stops.push(() => pagerduty.close());
  const paging = createPagerDutyClient({ eventsUrl: url, routingKeys: pagerduty.routingKeys });
  const rest = createPagerDutyRest({ apiUrl: url, apiToken: 'token', fromEmail: 'alice@noaserver.com' });
  const activities = createPublicationActivities({
    paging,
    pageNotes: createPageNotes(rest),
    render: () => '',
    ledger: memoryLedger(),
    clock: () => FACTS.at,
    attempt: () => 1,
  } as never);
  const page = () =>
    paging.page({
      action: 'trigger',
      pagingService: 'oncall-primary',
      dedupKey: dedupKeyOf(INCIDENT, 'oncall-primary'),
      summary: 'API down',
      source: 'api',
      severity: 'critical',
      at: '2024-10-23T14:30:00.000Z',
      links: [],
      details: {},
    });
  const note = (what: 'declared' | 'resolved', again = false) => {
    const delivery: Delivery = {
      medium: 'page-note',
      key: `${INCIDENT}/note ${what}/7`,
      what,
      page: { contact: 'oncall-primary' },
      again,
    };
    const texts = { templates: {}, consoleUrl: 'https://console.example', mailFrom: '', statusPageComponents: [] };
    const input = { facts: { ...FACTS, incidentId: INCIDENT }, texts, chatGroups: [], deliveries: [delivery] };
    return activities.publish(input);
  };
  const written = () => pagerduty.incidents.flatMap(({ notes }) => notes.map(({ content }) => content));
  return { page, note, written };
}

describe('milestones as notes at PagerDuty’s incident (R4)', () => {
  it('are written from the facts with where it is followed, once', async () => {
    const { page, note, written } = await start();
    await page();
    expect(await note('declared')).toMatchObject([{ result: 'delivered' }]);
    expect(await note('declared')).toMatchObject([{ result: 'already-delivered' }]);
    expect(written()).toHaveLength(1);
    expect(written()[0]).toMatch(/^P1 declared at 14:\d\d UTC: /);
    expect(written()[0]).toContain(`https://console.example/incidents/${INCIDENT}`);
    expect(written()[0]).toMatch(/ \[incident-20241023-1430\/note declared\/7\]$/);
  });

  it('are no duplicates after a lost answer, and say that they come late', async () => {
    const { page, note, written } = await start();
    await page();
    // The question what stands there is answered; the answer to the writing is lost.
    const record = at.log.record.bind(at.log);
    at.log.record = (entry) => {
      record(entry);
      if (entry.method === 'GET' && entry.path.endsWith('/notes'))
        at.faults.set('pagerduty', { kind: 'lost-answer', times: 1 });
    };
    const [lost] = await note('declared');
    at.log.record = record;
    at.faults.clearAll();
    const [found] = await note('declared', true);
    expect([lost?.result, found?.result]).toEqual(['failed', 'already-delivered']);
    expect(written()).toHaveLength(1);
    await note('resolved', true);
    expect(written()[1]).toContain('This note comes late.');
  });

  it('wait for a page that PagerDuty does not show yet', async () => {
    const { note } = await start();
    expect(await note('declared')).toMatchObject([{ result: 'failed', permanent: false }]);
  });
});
