import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPagerDuty } from '../../lab/simulation/systems/pagerduty.ts';
import type { WebhookRequest } from '../../lab/simulation/systems/pagerduty-webhooks.ts';
import type { Person } from '../../lab/simulation/systems/people.ts';
import { createPagerDutyClient } from '../../src/activities/pagerduty/client.ts';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { dedupKeyOf, incidentNamedBy, pageMark } from '../../src/domain/incident-name.ts';
import { MACHINE } from '../../src/domain/people.ts';
import type { Approval } from '../../src/domain/timeline.ts';
import type { AlertBatch, IncidentInput } from '../../src/workflows/incident/api.ts';
import { bench } from '../contract/simulated.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { type GatewayRig, gatewayRig } from './gateway-rig.ts';
import { pretendIncident } from './slack/pretend-incident.ts';

const AT = '2024-10-23T14:30:05.000Z';
const INCIDENT = 'incident-20241023-1430';
const at = bench();
const person = (handle: string): Person => ({
  handle,
  pagingId: `P${handle.toUpperCase()}`,
  chatId: `U${handle}`,
  name: handle,
  email: `${handle}@example.com`,
});
const PEOPLE = {
  people: ['commander', 'stranger'].map(person),
  groups: [],
  channels: [],
  pagingServices: [{ name: 'api', reaches: 'commander@example.com' }],
};

let postgres: TestPostgres;
let rig: GatewayRig;
let incident: ReturnType<typeof pretendIncident>;
let opened: { readonly input: IncidentInput; readonly batch: AlertBatch }[];
let pagerduty: ReturnType<typeof createPagerDuty>;
let gatewayUrl: string;
let trigger: (dedupKey: string) => Promise<string>;

beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(async () => postgres.stop());

beforeEach(async () => {
  opened = [];
  const clock = () => Date.parse(AT);
  const client: IncidentClient = {
    ...pretendIncident('unused', null as never, () => AT).client,
    openWithAlerts: async (input, batch) => {
      opened.push({ input, batch });
      return { outcome: 'signalled' };
    },
    decide: (decision) => incident.client.decide(decision),
    state: (id) => incident.client.state(id),
  };
  rig = await gatewayRig({ url: await postgres.fresh(), client });
  rig.clock.now = AT;
  incident = pretendIncident(INCIDENT, rig.policy, () => AT);
  await rig.app.listen({ host: '127.0.0.1', port: 0 });
  gatewayUrl = `http://127.0.0.1:${(rig.app.server.address() as AddressInfo).port}/webhooks/pagerduty`;
  pagerduty = createPagerDuty({ clock, faults: at.faults, log: at.log, people: PEOPLE, apiToken: 'token' });
  const { url } = await pagerduty.listen();
  const events = createPagerDutyClient({ eventsUrl: url, routingKeys: pagerduty.routingKeys });
  trigger = async (dedupKey) => {
    const own = incidentNamedBy(dedupKey);
    await events.page({
      action: 'trigger',
      pagingService: 'api',
      dedupKey,
      summary: `P0 Alert: API Error Rate >50% for 5 minutes${own === null ? '' : ` ${pageMark(own)}`}`,
      source: 'monitoring',
      severity: 'critical',
      at: AT,
      links: [],
      details: {},
    });
    return pagerduty.incidents.at(-1)?.id ?? '';
  };
});
afterEach(async () => {
  await pagerduty.close();
  await rig.close();
});

/** Somebody does it in PagerDuty, and PagerDuty tells the gateway; by itself when nobody does. */
async function send(type: WebhookRequest['type'], incidentId: string, more: Partial<WebhookRequest> = {}) {
  const wanted = { type, incidentId, agentEmail: 'commander@example.com', url: gatewayUrl, secret: 'pagerduty-secret' };
  const answer = await pagerduty.sendWebhook({ ...wanted, ...more });
  return { status: answer.status, json: answer.body === '' ? null : JSON.parse(answer.body) };
}

const said = () =>
  incident.timeline.flatMap((event) => (event.kind === 'noted' ? [`${event.by.person}: ${event.text}`] : []));
const kinds = () => incident.timeline.map(({ kind }) => kind);

/** A page of our own for this incident, which intake knows. */
async function ownPage(): Promise<string> {
  await send('incident.triggered', await trigger('from monitoring'));
  return trigger(dedupKeyOf(INCIDENT, 'oncall-primary'));
}

describe('an alert by PagerDuty’s webhook (R1.1)', () => {
  it('opens an incident with what it says, once, however often it is delivered', async () => {
    const id = await trigger('from monitoring');
    expect(await send('incident.triggered', id)).toMatchObject({ status: 202, json: { incidentId: INCIDENT } });
    expect(await send('incident.triggered', id)).toMatchObject({
      status: 202,
      json: { incidentId: INCIDENT, repeats: 1 },
    });
    at.faults.set('pagerduty', { kind: 'duplicate-delivery', times: 1 });
    await send('incident.acknowledged', id);
    await expect.poll(() => opened.length).toBe(1);
    expect(opened[0]?.input).toMatchObject({ incidentId: INCIDENT, title: expect.stringContaining('Error Rate >50%') });
    expect(opened[0]?.batch.alerts[0] ?? opened[0]?.input.firstAlert).toMatchObject({
      source: 'pagerduty',
      fingerprint: `pagerduty:${id}`,
      status: 'firing',
      alreadyPaged: true,
    });
    expect(kinds()).toEqual(['opened', 'acknowledged', 'commander-changed']);
  });

  it('is refused unsigned and by a wrong secret, and taken by either of two while the secret changes hands', async () => {
    const id = await trigger('from monitoring');
    expect((await send('incident.triggered', id, { secret: [] })).status).toBe(401);
    expect((await send('incident.triggered', id, { secret: 'of somebody else' })).status).toBe(401);
    await new Promise((wake) => setTimeout(wake, 50));
    expect(opened).toEqual([]);
    expect((await send('incident.triggered', id, { secret: ['the next one', 'pagerduty-secret'] })).status).toBe(202);
  });

  it('opens nothing when word of its end overtook it', async () => {
    const id = await trigger('from monitoring');
    at.faults.set('pagerduty', { kind: 'reordered-delivery', times: 1 });
    await send('incident.triggered', id);
    await send('incident.resolved', id);
    expect(await pagerduty.late.sendNext(Date.parse(AT) + 60_000)).toBe(true);
    await new Promise((wake) => setTimeout(wake, 50));
    expect(opened).toEqual([]);
  });

  it('claims what a rule of PagerDuty says of its priority (R1.8)', async () => {
    const id = await trigger('from monitoring');
    await send('incident.triggered', id);
    await send('incident.priority_updated', id, { priority: 'P1', agentEmail: null });
    const batch = await rig.store.inbox.nextBatch(INCIDENT, 10);
    const all = [...opened.flatMap(({ batch: first }) => first.alerts), ...(batch?.alerts ?? [])];
    expect(all.map(({ claimedSeverity }) => claimedSeverity)).toContain('P1');
  });
});

describe('what people do in PagerDuty with a page of ours', () => {
  it('acknowledging counts here, as the person of the policy, once; our own acknowledgement does not', async () => {
    const id = await ownPage();
    await send('incident.acknowledged', id, { agentEmail: null });
    expect(kinds()).toEqual(['opened']);
    at.faults.set('pagerduty', { kind: 'duplicate-delivery', times: 1 });
    await send('incident.acknowledged', id);
    expect(kinds()).toEqual(['opened', 'acknowledged', 'commander-changed']);
    expect(incident.timeline[1]?.by).toMatchObject({ person: 'commander', via: 'pagerduty' });
  });

  it('resolving says that they are on it, and resolves only what the incident asks about and they may answer', async () => {
    const id = await ownPage();
    await send('incident.resolved', id);
    expect(kinds()).toContain('acknowledged');
    expect(said()).toEqual([
      expect.stringContaining('commander: resolved the page in PagerDuty; the incident stays open'),
    ]);
    incident.record({ kind: 'approval-requested', approval: question('r1.resolve') }, MACHINE);
    await send('incident.resolved', id, { agentEmail: 'stranger@example.com' });
    expect(kinds()).not.toContain('approval-granted');
    await send('incident.resolved', id);
    expect(kinds()).toContain('approval-granted');
  });

  it('an acknowledgement that ran out and one that was taken back are on the record', async () => {
    const id = await ownPage();
    await send('incident.unacknowledged', id, { agentEmail: null });
    await send('incident.unacknowledged', id);
    expect(said()).toEqual([
      'PagerDuty: The acknowledgement in PagerDuty ran out; PagerDuty calls again.',
      'commander: took the acknowledgement back in PagerDuty; PagerDuty calls again.',
    ]);
  });

  it('reassigning assigns, a stranger is named; escalation and delegation are said', async () => {
    const id = await ownPage();
    await send('incident.reassigned', id, { to: 'commander@example.com' });
    expect(incident.timeline.find(({ kind }) => kind === 'assigned')).toMatchObject({ person: 'commander' });
    await send('incident.reassigned', id, { to: 'stranger@example.com' });
    await send('incident.escalated', id, { to: 'commander@example.com', agentEmail: null });
    await send('incident.delegated', id, { to: 'stranger@example.com' });
    expect(said()).toEqual([
      'commander: The page was reassigned to stranger in PagerDuty, whom the policy does not know.',
      'PagerDuty: PagerDuty escalated it and calls commander now.',
      'commander: It was handed to another escalation policy in PagerDuty; it calls stranger now.',
    ]);
  });

  it('a note is a note here, though it names its page by id only; our own notes are none', async () => {
    const id = await ownPage();
    await send('incident.acknowledged', id);
    await send('incident.annotated', id, { note: 'it is the new index' });
    await send('incident.annotated', id, { note: `Mitigated. [${INCIDENT}/page note mitigated/9]` });
    expect(said()).toEqual(['commander: it is the new index (a note in PagerDuty)']);
  });

  it('a priority that a person sets is the severity (R0.7); one that names none is said', async () => {
    const id = await ownPage();
    await send('incident.priority_updated', id, { priority: 'P0' });
    expect(incident.state().severity).toBe('P0');
    await send('incident.priority_updated', id, { priority: 'Later' });
    expect(said()).toEqual([expect.stringContaining('names no severity here')]);
  });

  it('reopening reopens what is resolved, else it is said', async () => {
    const id = await ownPage();
    await send('incident.reopened', id);
    expect(said()).toEqual(['commander: reopened the page in PagerDuty.']);
    incident.record({ kind: 'resolved', fix: 'f', verification: 'v', followUp: 'u' }, MACHINE);
    await send('incident.reopened', id);
    expect(incident.state().resolved).toBeNull();
  });

  it('decides nothing when it tells of something long past', async () => {
    const id = await ownPage();
    rig.clock.now = '2024-10-30T14:30:05.000Z';
    const answer = await send('incident.acknowledged', id);
    expect(answer).toMatchObject({ status: 202, json: { reason: expect.stringContaining('long past') } });
    expect(kinds()).toEqual(['opened']);
  });
});

function question(id: string): Approval {
  const options = [{ name: 'resolve', plan: null, preview: 'It is over.' }] as const;
  const times = { requestedAt: AT, remindAt: AT, deadlineAt: '2024-10-23T15:30:05.000Z' };
  return { id, mode: 'ask', risk: 'low', approver: 'commander', why: 'held', options, digest: 'd', ...times };
}
