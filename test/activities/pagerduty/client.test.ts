import { afterEach, describe, expect, it } from 'vitest';
import { createPagerDutyClient, type PageEvent } from '../../../src/activities/pagerduty/client.ts';
import { serve, type Wire, type WireAnswer } from '../publication/wire.ts';

const EVENT: PageEvent = {
  action: 'trigger',
  pagingService: 'oncall-primary',
  dedupKey: 'incident-1/oncall-primary',
  summary: '[P1] API',
  source: 'API',
  severity: 'error',
  at: '2024-10-23T14:31:00.000Z',
  links: [{ href: 'https://c.example/', text: 'Console' }],
  details: { issue: 'high error rate' },
};
const ACCEPTED: WireAnswer = {
  status: 202,
  json: { status: 'success', message: 'Event processed', dedup_key: 'incident-1/oncall-primary' },
};

let wire: Wire;
afterEach(() => wire.close());

async function clientAgainst(answer: WireAnswer) {
  wire = await serve(() => answer);
  return createPagerDutyClient({
    eventsUrl: wire.url,
    routingKeys: { 'oncall-primary': 'key-primary' },
    timeoutMilliseconds: 1200,
  });
}

describe('page', () => {
  it('triggers with routing key, dedup key, links and details', async () => {
    const client = await clientAgainst(ACCEPTED);
    expect(await client.page(EVENT)).toEqual({ ref: 'incident-1/oncall-primary' });
    expect(wire.requests).toMatchObject([{ method: 'POST', path: '/v2/enqueue' }]);
    expect(wire.requests[0]?.body).toEqual({
      routing_key: 'key-primary',
      event_action: 'trigger',
      dedup_key: 'incident-1/oncall-primary',
      client: 'incident-runbook',
      payload: {
        summary: '[P1] API',
        source: 'API',
        severity: 'error',
        timestamp: '2024-10-23T14:31:00.000Z',
        custom_details: { issue: 'high error rate' },
      },
      links: [{ href: 'https://c.example/', text: 'Console' }],
    });
  });

  it.each(['acknowledge', 'resolve'] as const)('sends %s with nothing but the address', async (action) => {
    const client = await clientAgainst(ACCEPTED);
    await client.page({ ...EVENT, action });
    expect(wire.requests[0]?.body).toEqual({
      routing_key: 'key-primary',
      event_action: action,
      dedup_key: 'incident-1/oncall-primary',
    });
  });

  it('says which key is missing, and does not look into the prototype', async () => {
    const client = await clientAgainst(ACCEPTED);
    await expect(client.page({ ...EVENT, pagingService: 'cto' })).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining('"cto"'),
    });
    await expect(client.page({ ...EVENT, pagingService: 'constructor' })).rejects.toMatchObject({ type: 'Invalid' });
    expect(wire.requests).toHaveLength(0);
  });

  it.each([
    ['a 400', { status: 400, json: { status: 'invalid event', message: 'Event object is invalid' } }, 'Invalid', true],
    ['a 429', { status: 429, json: {}, headers: { 'retry-after': '11' } }, 'RateLimited', false],
    ['a 500', { status: 500, json: {} }, 'Unavailable', false],
    ['silence', { status: 202, json: {}, lose: 'hang' }, 'Unavailable', false],
  ] as const)('reads %s', async (_name, answer, type, nonRetryable) => {
    const client = await clientAgainst(answer);
    await expect(client.page(EVENT)).rejects.toMatchObject({ type, nonRetryable });
    expect(wire.requests).toHaveLength(1);
  });
});
