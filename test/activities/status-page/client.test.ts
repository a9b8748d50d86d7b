import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStatusPageClient, type StatusPageClient } from '../../../src/activities/status-page/client.ts';
import { type FakeStatusPage, startStatusPage } from './page.ts';

const POST = {
  incidentId: 'incident-1',
  key: 'k1',
  title: 'API errors',
  status: 'investigating',
  body: 'We look.',
  impact: 'major',
  components: [{ id: 'cmp-api', status: 'partial_outage' }],
} as const;

let page: FakeStatusPage;
let client: StatusPageClient;

beforeEach(async () => {
  page = await startStatusPage();
  client = createStatusPageClient({
    apiUrl: page.wire.url,
    apiKey: 'page-key',
    pageId: 'p1',
    betweenRequestsMilliseconds: 0,
    timeoutMilliseconds: 1200,
  });
});
afterEach(() => page.wire.close());

describe('the status page client', () => {
  it('creates with mark and components, finds it again, and carries it on', async () => {
    expect(await client.find('incident-1', null)).toBeNull();
    expect(await client.create(POST)).toEqual({ ref: 'inc1', status: 'investigating', latestKey: 'k1' });
    expect(page.incidents[0]).toMatchObject({
      name: 'API errors',
      impact_override: 'major',
      component_ids: ['cmp-api'],
      components: { 'cmp-api': 'partial_outage' },
      metadata: { incident_runbook: { incident_id: 'incident-1', key: 'k1' } },
    });
    expect(await client.find('incident-1', null)).toEqual({ ref: 'inc1', status: 'investigating', latestKey: 'k1' });
    expect(await client.find('incident-2', null)).toBeNull();
    expect(await client.update('inc1', { ...POST, key: 'k2', status: 'resolved' })).toEqual({
      ref: 'inc1',
      status: 'resolved',
      latestKey: 'k2',
    });
    expect(await client.find('incident-1', 'inc1')).toMatchObject({ status: 'resolved' });
  });

  it('does not believe the answer to a write but what the page shows', async () => {
    page.fail({ status: 201, json: { id: 'inc1', status: 'investigating', metadata: {} } });
    page.incidents.push({ id: 'inc1', status: 'monitoring', body: '', metadata: {}, name: '', components: {} });
    await expect(client.create(POST)).rejects.toMatchObject({
      type: 'Conflict',
      message: expect.stringContaining('"monitoring"'),
    });
  });

  it.each([
    [420, {}, 'RateLimited', 30_000],
    [420, { 'retry-after': '5' }, 'RateLimited', 5000],
    [429, { 'retry-after': '6' }, 'RateLimited', 6000],
    [502, {}, 'Unavailable', undefined],
  ])('reads %d as it should', async (status, headers, type, nextRetryDelay) => {
    page.fail({ status, json: { error: 'slow down' }, headers });
    await expect(client.create(POST)).rejects.toMatchObject({ type, nonRetryable: false, nextRetryDelay });
  });

  it('names a wrong key without showing it', async () => {
    const stranger = createStatusPageClient({
      apiUrl: page.wire.url,
      apiKey: 'wrong-secret-key',
      pageId: 'p1',
      betweenRequestsMilliseconds: 0,
    });
    const error = await stranger.find('incident-1', null).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ type: 'Unauthorised' });
    expect(String(error)).not.toContain('wrong-secret-key');
  });

  it('keeps requests apart', async () => {
    const paced = createStatusPageClient({
      apiUrl: page.wire.url,
      apiKey: 'page-key',
      pageId: 'p1',
      betweenRequestsMilliseconds: 60,
    });
    const before = performance.now();
    await Promise.all([paced.find('a', null), paced.find('b', null), paced.find('c', null)]);
    expect(performance.now() - before).toBeGreaterThanOrEqual(115);
  });
});
