import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPagerDuty } from '../../lab/simulation/systems/pagerduty.ts';
import type { WebhookRequest } from '../../lab/simulation/systems/pagerduty-webhooks.ts';
import { DEFAULT_PEOPLE } from '../../lab/simulation/systems/people.ts';
import {
  PAGERDUTY_EVENT_TYPES,
  PAGERDUTY_WEBHOOK_RULES,
} from '../../lab/simulation/vendor-rules/pagerduty-webhooks.ts';
import { type Asked, isBroken, type RequestRule } from '../../lab/simulation/vendor-rules/rule.ts';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { serve } from '../activities/publication/wire.ts';
import { bench } from '../contract/simulated.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { type GatewayRig, gatewayRig } from './gateway-rig.ts';
import { pretendIncident } from './slack/pretend-incident.ts';

// What PagerDuty documents of its webhooks is data: the simulated one sends nothing else, and the gateway takes all of it.

const AT = '2024-10-23T14:30:05.000Z';
const SECRET = 'pagerduty-secret';
const at = bench();
const TYPES: readonly WebhookRequest['type'][] = [
  'incident.triggered',
  'incident.acknowledged',
  'incident.unacknowledged',
  'incident.escalated',
  'incident.reassigned',
  'incident.delegated',
  'incident.annotated',
  'incident.priority_updated',
  'incident.resolved',
  'incident.reopened',
  'pagey.ping',
];

let postgres: TestPostgres;
let rig: GatewayRig;
let incident: ReturnType<typeof pretendIncident>;
beforeAll(async () => {
  postgres = await testPostgres();
}, 120_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  const client: IncidentClient = {
    ...pretendIncident('unused', null as never, () => AT).client,
    openWithAlerts: async () => ({ outcome: 'signalled' }),
    decide: (decision) => incident.client.decide(decision),
    state: (id) => incident.client.state(id),
  };
  rig = await gatewayRig({ url: await postgres.fresh(), client });
  rig.clock.now = AT;
  incident = pretendIncident('incident-20241023-1430', rig.policy, () => AT);
});
afterEach(() => rig.close());

interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the simulated one sends of each kind, as it comes over the wire. */
async function deliveries(): Promise<ReadonlyMap<string, Delivery>> {
  const receiver = await serve(() => ({ status: 202, json: {} }));
  at.stops.push(() => receiver.close());
  at.nowMs = Date.parse(AT);
  const pagerduty = createPagerDuty({
    clock: at.clock,
    faults: at.faults,
    log: at.log,
    people: DEFAULT_PEOPLE,
    apiToken: 'token',
  });
  const { url } = await pagerduty.listen();
  at.stops.push(() => pagerduty.close());
  const event = { routing_key: pagerduty.routingKeys['oncall-primary'], event_action: 'trigger', dedup_key: 'd' };
  const payload = { summary: 'API down', source: 'api', severity: 'critical' };
  await fetch(`${url}/v2/enqueue`, { method: 'POST', body: JSON.stringify({ ...event, payload }) });
  const incidentId = pagerduty.incidents[0]?.id ?? '';
  for (const type of TYPES)
    await pagerduty.sendWebhook({
      type,
      incidentId: type === 'pagey.ping' ? 'none' : incidentId,
      agentEmail: 'alice@noaserver.com',
      url: receiver.url,
      secret: [SECRET, 'the-next-one'],
      note: 'a note',
      to: 'bob@noaserver.com',
      priority: 'P1',
    });
  return new Map(
    receiver.requests.map(({ headers, body }, index) => [
      TYPES[index] ?? '',
      { headers: headers as Readonly<Record<string, string>>, body },
    ]),
  );
}

const asked = ({ headers, body }: Delivery): Asked => ({
  method: 'POST',
  path: '/webhooks/pagerduty',
  query: new URLSearchParams(),
  headers,
  body,
});

/** Signed over what it says now, unless its signature is what is broken. */
async function deliver({ headers, body }: Delivery, resign = true): Promise<number> {
  const payload = JSON.stringify(body);
  const signature = `v1=${createHmac('sha256', SECRET).update(payload).digest('hex')}`;
  const { 'content-length': _length, ...others } = headers;
  const answer = await rig.app.inject({
    method: 'POST',
    url: '/webhooks/pagerduty',
    headers: { ...others, ...(resign ? { 'x-pagerduty-signature': signature } : {}) },
    payload,
  });
  return answer.statusCode;
}

/** The same with that one thing missing, or wrong. */
function broken(rule: RequestRule, delivery: Delivery): Delivery {
  const [where = '', path = ''] = rule.at.split(' ');
  const value = rule.must.kind === 'present' ? undefined : 'nonsense';
  if (where === 'header') {
    const { [path]: _old, ...others } = delivery.headers;
    return { ...delivery, headers: value === undefined ? others : { ...others, [path]: value } };
  }
  return { ...delivery, body: changed(delivery.body, path.split('.'), value) };
}

function changed(of: Readonly<Record<string, unknown>>, [step = '', ...rest]: readonly string[], value: unknown) {
  const inner = (of[step] ?? {}) as Readonly<Record<string, unknown>>;
  const next: unknown = rest.length === 0 ? value : changed(inner, rest, value);
  return { ...of, [step]: next };
}

describe('PagerDuty’s webhooks, version 3', () => {
  it('are sent by the simulated one as they are documented', async () => {
    for (const [type, delivery] of await deliveries()) {
      const against = PAGERDUTY_WEBHOOK_RULES.filter((rule) => isBroken(rule, asked(delivery)));
      expect([type, against.map(({ id }) => id)]).toEqual([type, []]);
    }
  });

  it('are refused unsigned and without what they are known by; anything else missing is no reason to lose one', async () => {
    const all = await deliveries();
    for (const rule of PAGERDUTY_WEBHOOK_RULES) {
      const of = all.get(rule.when?.at === 'body event.event_type' ? (rule.when.is[0] ?? '') : 'incident.triggered');
      const delivery = broken(rule, of as Delivery);
      expect([rule.id, isBroken(rule, asked(delivery))]).toEqual([rule.id, true]);
      expect([rule.id, await deliver(delivery, rule.status !== 401)]).toEqual([rule.id, rule.status]);
    }
  });

  it('are taken whatever of the documented events they tell', async () => {
    const sample = (await deliveries()).get('incident.triggered') as Delivery;
    for (const [type, carries] of Object.entries(PAGERDUTY_EVENT_TYPES)) {
      const resource = type.split('.')[0];
      const own = (sample.body.event as { data: object }).data;
      const reference = { id: 'PGR0VU2', type: 'incident_reference', summary: 'A little bump in the road' };
      const data = carries === 'incident' ? own : { id: 'P2LA89X', type: carries, incident: reference };
      const event = { ...(sample.body.event as object), id: type, event_type: type, resource_type: resource, data };
      expect([type, await deliver({ ...sample, body: { event } })]).toEqual([type, 202]);
    }
    const known = new Set([...Object.keys(PAGERDUTY_EVENT_TYPES), 'pagey.ping']);
    expect(TYPES.filter((type) => !known.has(type))).toEqual([]);
  });
});
