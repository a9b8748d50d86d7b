import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrafana, type Grafana } from '../../../lab/simulation/systems/grafana.ts';
import { createDashboardActivities } from '../../../src/activities/grafana/activities.ts';
import { createGrafanaClient } from '../../../src/activities/grafana/client.ts';
import { memoryLedger } from '../../activities/memory-ledger.ts';
import { openWire } from '../../activities/wire.ts';
import { closing, thrown, vendorWorld } from '../vendor.ts';

const TOKEN = 'glsa_planted_secret_token';
const ANNOTATION = {
  incidentId: 'incident-a',
  key: 'incident-a/restart',
  text: 'noa restarted',
  tags: ['incident', 'restart'],
  at: '2024-10-23T14:50:00.000Z',
  untilAt: null,
};
const PANEL = {
  dashboardUrl: 'https://grafana.example/grafana/d/errors/all-errors?orgId=1',
  panelId: 2,
  fromAt: '2024-10-23T12:30:00.000Z',
  untilAt: '2024-10-23T14:40:00.000Z',
};
const PORTS = () => ({ ledger: memoryLedger(), clock: () => ANNOTATION.at });
const closed = closing();
afterEach(() => closed.all());

let world: ReturnType<typeof vendorWorld>;
let grafana: Grafana;
let url: string;
beforeEach(async () => {
  world = vendorWorld('2024-10-23T14:50:00Z');
  grafana = createGrafana({ ...world.common, token: TOKEN });
  ({ url } = await grafana.listen());
  closed.add(() => grafana.close());
});

const client = (more: { url?: string; token?: string; timeoutMilliseconds?: number } = {}) =>
  createGrafanaClient({ url, token: TOKEN, timeoutMilliseconds: 10_000, ...more });

describe('annotations', () => {
  it('are written once, whoever asks again', async () => {
    expect(await client().annotate(ANNOTATION)).toEqual({ id: 1, found: false });
    expect(await client().annotate(ANNOTATION)).toEqual({ id: 1, found: true });
    expect(grafana.annotations).toEqual([
      {
        id: 1,
        time: Date.parse(ANNOTATION.at),
        timeEnd: Date.parse(ANNOTATION.at),
        text: 'noa restarted',
        tags: ['incident:incident-a', 'key:incident-a/restart', 'incident', 'restart'],
      },
    ]);
  });

  it('of two incidents and of two moments are two', async () => {
    await client().annotate(ANNOTATION);
    await client().annotate({ ...ANNOTATION, key: 'incident-a/end', untilAt: '2024-10-23T15:05:00.000Z' });
    await client().annotate({ ...ANNOTATION, incidentId: 'incident-b' });
    expect(grafana.annotations).toHaveLength(3);
    expect(grafana.annotations[1]?.timeEnd).toBe(Date.parse('2024-10-23T15:05:00Z'));
  });

  it('are found when the answer was lost', async () => {
    const record = world.log.record.bind(world.log);
    world.log.record = (entry) => {
      record(entry);
      if (entry.method === 'GET') world.faults.set('grafana', { kind: 'lost-answer', times: 1 });
    };
    expect(await thrown(client().annotate(ANNOTATION))).toMatchObject({ type: 'Unavailable' });
    world.log.record = record;
    expect(await client().annotate(ANNOTATION)).toEqual({ id: 1, found: true });
    expect(grafana.annotations).toHaveLength(1);
  });
});

describe('marks of an incident on dashboards', () => {
  const notes = [ANNOTATION, { ...ANNOTATION, key: 'incident-a/rollback', text: 'rolled back' }];

  it('go on where they were when one of them failed', async () => {
    const { annotateDashboards } = createDashboardActivities(client(), PORTS());
    await annotateDashboards({ incidentId: 'incident-a', notes: notes.slice(0, 1) });
    expect(await annotateDashboards({ incidentId: 'incident-a', notes })).toEqual({ written: 1, found: 1 });
    expect(grafana.annotations.map(({ text }) => text)).toEqual(['noa restarted', 'rolled back']);
  });

  it('are none where no dashboards are configured', async () => {
    expect(
      await createDashboardActivities(null, PORTS()).annotateDashboards({ incidentId: 'incident-a', notes }),
    ).toEqual({
      written: 0,
      found: 0,
    });
  });
});

describe('rendered panels (R2.9)', () => {
  it('are PNG of the size and window asked for', async () => {
    const png = await client().panel(PANEL);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1000, 400]);
    expect(world.log.entries('grafana')[0]?.path).toBe('/render/d-solo/errors/all-errors');
  });

  it.each(['missing', 'error'] as const)('fail when the renderer is %s', async (renderer) => {
    grafana.renderer = renderer;
    expect(await thrown(client().panel(PANEL))).toMatchObject({ type: 'Unavailable' });
  });

  it('are no pictures when only their header says so', async () => {
    const wire = await openWire(() => ({ headers: { 'content-type': 'image/png' }, body: 'not a picture' }));
    closed.add(() => wire.close());
    expect(await thrown(client({ url: wire.url }).panel(PANEL))).toMatchObject({ type: 'Unavailable' });
  });

  it('are of dashboards only', async () => {
    expect(await thrown(client().panel({ ...PANEL, dashboardUrl: 'https://grafana.example/explore' }))).toMatchObject({
      type: 'Invalid',
    });
    expect(world.log.entries('grafana')).toEqual([]);
  });
});

describe('Grafana refuses and breaks', () => {
  it('a wrong token, without our showing it', async () => {
    const error = await thrown(client({ token: 'glsa_planted_wrong_token' }).annotate(ANNOTATION));
    expect(error).toMatchObject({ type: 'Unauthorised', message: 'Grafana answered 401: Invalid API key' });
    expect(JSON.stringify(error) + error.stack).not.toContain('planted');
  });

  it('what the service account may not do, by name', async () => {
    const poor = createGrafana({ ...world.common, token: TOKEN, permissions: ['annotations:read'] });
    const { url: poorUrl } = await poor.listen();
    closed.add(() => poor.close());
    expect(await thrown(client({ url: poorUrl }).annotate(ANNOTATION))).toMatchObject({
      type: 'Unauthorised',
      message: expect.stringContaining('annotations:create'),
    });
  });

  it.each([
    ['rate-limited', 'RateLimited'],
    ['error-500', 'Unavailable'],
    ['malformed', 'Unavailable'],
    ['half-open', 'Unavailable'],
    ['down', 'Unavailable'],
  ] as const)('%s', async (kind, type) => {
    world.faults.set(
      'grafana',
      kind === 'rate-limited' ? { kind, retryAfterSeconds: 9, times: 1 } : { kind, times: 1 },
    );
    const impatient = kind === 'half-open' ? { timeoutMilliseconds: 400 } : {};
    expect(await thrown(client(impatient).annotate(ANNOTATION))).toMatchObject({ type });
  });

  it.each([
    ['a redirect to its log-in page', { status: 302, headers: { location: 'https://login.example/' } }, 'Invalid'],
    ['the log-in page itself', { body: '<html>Log in</html>' }, 'Unavailable'],
    ['nothing', { body: '' }, 'Unavailable'],
  ])('%s', async (_what, answer, type) => {
    const wire = await openWire(() => answer);
    closed.add(() => wire.close());
    expect(await thrown(client({ url: wire.url }).annotate(ANNOTATION))).toMatchObject({ type });
  });
});
