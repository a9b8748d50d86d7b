import { describe, expect, it } from 'vitest';
import { createPagerDuty } from '../../../lab/simulation/systems/pagerduty.ts';
import { DEFAULT_PEOPLE } from '../../../lab/simulation/systems/people.ts';
import { createPagingActivities } from '../../../src/activities/pagerduty/activities.ts';
import { createPagerDutyClient } from '../../../src/activities/pagerduty/client.ts';
import { createPagerDutyRest } from '../../../src/activities/pagerduty/rest.ts';
import { fixedPeople } from '../../../src/config/people.ts';
import { loadPolicy } from '../../../src/config/policy.ts';
import { dedupKeyOf } from '../../../src/domain/incident-name.ts';
import type { Contact } from '../../../src/domain/people.ts';
import { bench } from '../simulated.ts';

const TOKEN = 'planted-pagerduty-token';
const INCIDENT = 'incident-20260303-0900';
const at = bench();

async function start(pagingServices = DEFAULT_PEOPLE.pagingServices) {
  const common = { clock: at.clock, faults: at.faults, log: at.log };
  const pagerduty = createPagerDuty({ ...common, people: { ...DEFAULT_PEOPLE, pagingServices }, apiToken: TOKEN });
  const { url } = await pagerduty.listen();
  at.stops.push(() => pagerduty.close());
  const people = [...(await loadPolicy('policy/noa.yaml')).people];
  const rest = createPagerDutyRest({ apiUrl: url, apiToken: TOKEN, fromEmail: 'alice@noaserver.com' });
  const events = createPagerDutyClient({ eventsUrl: url, routingKeys: pagerduty.routingKeys });
  const page = (contact: Contact, action: 'trigger' | 'acknowledge') =>
    events.page({
      action,
      pagingService: contact,
      dedupKey: dedupKeyOf(INCIDENT, contact),
      summary: 'API down',
      source: 'api',
      severity: 'critical',
      at: '2026-03-03T09:00:00.000Z',
      links: [],
      details: {},
    });
  const tap = (type: 'incident.acknowledged' | 'incident.resolved', agentEmail: string, index = 0) =>
    pagerduty.sendWebhook({
      type,
      incidentId: pagerduty.incidents[index]?.id ?? '',
      agentEmail,
      url: 'http://127.0.0.1:9/',
      secret: 'lost on its way',
    });
  const activities = createPagingActivities({ rest, people: fixedPeople(people) });
  const read = (alertFingerprints: readonly string[] = []) =>
    activities.readPages({ incidentId: INCIDENT, contacts: ['oncall-primary', 'oncall-backup'], alertFingerprints });
  const onCall = (wanted: Parameters<typeof activities.readOnCall>[0]['wanted']) => activities.readOnCall({ wanted });
  return { pagerduty, page, tap, read, people, onCall };
}

describe('where the pages stand in PagerDuty itself (R1.4)', () => {
  it('tells who acknowledged, as the person of the policy, and nothing of what we did ourselves', async () => {
    const { page, tap, read } = await start();
    await page('oncall-primary', 'trigger');
    expect(await read()).toEqual({ asked: true, answers: [] });
    await page('oncall-primary', 'acknowledge');
    expect(await read()).toEqual({ asked: true, answers: [] });
    await tap('incident.acknowledged', 'alice@noaserver.com');
    expect((await read()).answers).toMatchObject([
      { did: 'acknowledged', by: { person: 'alice', roles: ['responder', 'commander', 'approver'], via: 'pagerduty' } },
    ]);
    await tap('incident.resolved', 'alice@noaserver.com');
    expect((await read()).answers).toMatchObject([{ did: 'resolved', by: { person: 'alice' } }]);
  });

  it('looks at alerts that had paged by themselves, and takes a stranger for a responder', async () => {
    const { pagerduty, page, tap, read } = await start();
    await page('devops', 'trigger');
    await tap('incident.acknowledged', 'henry@noaserver.com');
    const answers = (await read([`pagerduty:${pagerduty.incidents[0]?.id}`, 'of-alertmanager'])).answers;
    expect(answers).toMatchObject([{ by: { person: 'Henry Hill', roles: ['responder'] } }]);
  });

  it('knows nothing where no REST API is named, and fails in words of the closed list', async () => {
    const { people, page, read } = await start();
    const without = createPagingActivities({ rest: null, people: fixedPeople(people) });
    expect(await without.readPages({ incidentId: INCIDENT, contacts: [], alertFingerprints: [] })).toEqual({
      asked: false,
      answers: [],
    });
    await page('oncall-primary', 'trigger');
    at.faults.set('pagerduty', { kind: 'unauthorised' });
    await expect(read()).rejects.toMatchObject({ type: 'Unauthorised' });
  });
});

describe('who is on call by PagerDuty (R0.8)', () => {
  const bySchedule = (contact: Contact, schedule: string) => ({ contact, source: { schedule } });

  it('is found by schedule or by level of an escalation policy, as the people of the policy, until their shift ends', async () => {
    const { onCall } = await start([
      { name: 'oncall-primary', reaches: 'bob@noaserver.com', shiftEndsAt: '2026-03-03T18:00:00Z' },
      { name: 'oncall-backup', reaches: 'frank@noaserver.com', shiftEndsAt: '2026-03-03T12:00:00Z' },
    ]);
    const byLevel = { contact: 'oncall-backup', source: { escalationPolicy: 'OnCall-Backup', level: 1 } } as const;
    expect(await onCall([bySchedule('oncall-primary', 'D-oncall-primary'), byLevel])).toEqual({
      holders: [
        { contact: 'oncall-primary', people: ['bob'], live: true },
        { contact: 'oncall-backup', people: ['frank'], live: true },
      ],
      troubles: [],
      until: '2026-03-03T12:00:00.000Z',
    });
  });

  it('is the policy’s own list, with a plain sentence, for nobody and for strangers', async () => {
    const { onCall, people } = await start([{ name: 'oncall-primary', reaches: 'henry@noaserver.com' }]);
    people.splice(
      people.findIndex(({ id }) => id === 'henry'),
      1,
    );
    const reading = await onCall([bySchedule('oncall-primary', 'oncall-primary'), bySchedule('oncall-backup', 'none')]);
    expect(reading.holders).toEqual([
      { contact: 'oncall-primary', people: ['alice'], live: false },
      { contact: 'oncall-backup', people: ['bob'], live: false },
    ]);
    expect(reading.troubles).toEqual([
      'PagerDuty names Henry Hill (henry@noaserver.com) for oncall-primary, whom the policy does not know.',
      'PagerDuty has nobody on call for the schedule none (oncall-backup).',
    ]);
  });

  it('is the policy’s own list while PagerDuty is away, refuses, or is not configured; one request each', async () => {
    const { onCall, people } = await start();
    for (const [kind, words] of [
      ['unauthorised', '401'],
      ['error-503', '503'],
    ] as const) {
      at.faults.clearAll();
      at.faults.set('pagerduty', { kind });
      const before = at.log.size;
      const reading = await onCall([bySchedule('oncall-primary', 'oncall-primary')]);
      expect(reading.holders).toEqual([{ contact: 'oncall-primary', people: ['alice'], live: false }]);
      expect(reading.troubles).toEqual([expect.stringContaining(words)]);
      expect(JSON.stringify(reading)).not.toContain(TOKEN);
      expect(at.log.size - before).toBe(1);
    }
    const without = createPagingActivities({ rest: null, people: fixedPeople(people) });
    expect(await without.readOnCall({ wanted: [bySchedule('cto', 'any')] })).toMatchObject({
      holders: [{ people: ['dave'], live: false }],
      troubles: [expect.stringContaining('PAGERDUTY_API_TOKEN')],
    });
  });
});
