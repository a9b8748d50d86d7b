import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Production, startProduction } from '../../../lab/simulation/production.ts';
import type { CollectEvidenceInput } from '../../../src/activities/evidence/api.ts';
import { collect } from '../../../src/activities/evidence/collect.ts';
import type { EvidencePorts } from '../../../src/activities/evidence/ports.ts';
import { type WorkerEnv, workerEnv } from '../../../src/config/env.ts';
import type { EvidencePurpose, ProbeName } from '../../../src/domain/evidence.ts';
import { findingIn } from '../../../src/domain/findings.ts';
import type { ServicePolicy } from '../../../src/domain/policy.ts';
import { type GivenPorts, systemPorts } from '../../../src/worker/system-ports.ts';

const START_MS = Date.parse('2024-10-23T14:00:00Z');
const MINUTE = 60_000;
const DETECTED = '2024-10-23T14:30:00.000Z';
const NOW = '2024-10-23T14:40:00.000Z';
/** Long, since nothing here is about deadlines but the cases that say so. */
const PATIENT_SECONDS = 30;

const service = {
  namespace: 'noa-server',
  application: { deployment: 'noa-mcp', selector: 'app=noa-mcp', container: 'noa-mcp' },
  companions: [],
  queries: new Proxy({}, { get: () => 'sum(rate(http_requests_total[5m]))' }),
  dashboards: [
    {
      name: 'Errors',
      url: 'https://grafana.example/d/errors',
      probes: ['error-rate', 'commits'],
      panels: { 'error-rate': 2 },
    },
  ],
} as unknown as ServicePolicy;

function input(purpose: EvidencePurpose, probes: readonly ProbeName[], seconds = PATIENT_SECONDS, at = NOW) {
  const resolution = { commitsFromHoursBefore: 4, commitsToMinutesBefore: 30 };
  return {
    request: { incidentId: 'incident-a', purpose, probes, aroundAt: DETECTED, at },
    service,
    evidence: { probeDeadlineSeconds: seconds, exportHours: 2, changesHours: 2, logTailLines: 200 },
    resolution,
  } as unknown as CollectEvidenceInput;
}

const stored = new Map<string, { readonly body: Buffer; readonly mediaType: string }>();
let production: Production;
let env: WorkerEnv;
let given: GivenPorts;
beforeAll(async () => {
  production = await startProduction({ seed: 7, startMs: START_MS, mode: 'virtual', rules: [] });
  production.world.addFault(
    { kind: 'bad-deploy', change: 'release of feature X', errorRate: 0.4 },
    START_MS + 15 * MINUTE,
  );
  await production.advanceTo(Date.parse(NOW));
  env = workerEnv({
    ...production.endpoints,
    DATABASE_URL: 'postgres://x@127.0.0.1:1/x',
    INCIDENT_POLICY: 'x',
    DECISION_SIGNING_KEY: '0123456789abcdef',
  });
  given = await systemPorts(env);
});
afterAll(() => production.stop());

function ports(more: Partial<EvidencePorts> = {}): EvidencePorts {
  return {
    cluster: null,
    metrics: given.one('metrics'),
    alertRouting: null,
    database: null,
    cache: null,
    providers: null,
    statusPage: null,
    serviceApi: null,
    tickets: [],
    social: null,
    record: null,
    code: given.all('commits'),
    builds: given.all('builds'),
    logSearch: given.one('logSearch'),
    panels: given.one('grafana'),
    store: {
      async put(body, mediaType) {
        const digest = createHash('sha256').update(body).digest('hex');
        stored.set(digest, { body: Buffer.from(body), mediaType });
        return { digest, sizeBytes: Buffer.byteLength(body) };
      },
    },
    clock: () => NOW,
    ...more,
  };
}

describe('what was changed', () => {
  it('names the commit that the bad deploy was made of, shortly before it (R2.12)', async () => {
    const bundle = await collect(ports(), input('investigation', ['commits']));
    const found = findingIn(bundle, 'commits');
    const commit = found?.commits.find(({ message }) => message === 'release of feature X');
    const beforeDeploy = (START_MS + 15 * MINUTE - Date.parse(commit?.committedAt ?? '')) / MINUTE;
    expect(beforeDeploy).toBeGreaterThan(5);
    expect(beforeDeploy).toBeLessThan(17);
    expect(found).toMatchObject({ fromAt: '2024-10-23T12:40:00.000Z', untilAt: NOW });
    expect(bundle.items[0]).toMatchObject({
      abnormal: true,
      command: 'git log --oneline --since="2024-10-23T12:40:00.000Z" --until="2024-10-23T14:40:00.000Z"',
      words: expect.stringContaining('"release of feature X" by'),
      link: 'https://grafana.example/d/errors?from=1729686600000&to=1729694400000',
    });
  });

  it('looks back four hours for the root cause and stops half an hour ago, but not before the problem (R5.3)', async () => {
    const soon = findingIn(await collect(ports(), input('root-cause', ['commits'])), 'commits');
    expect(soon).toMatchObject({ fromAt: '2024-10-23T10:30:00.000Z', untilAt: DETECTED });
    const later = findingIn(
      await collect(ports(), input('root-cause', ['commits'], PATIENT_SECONDS, '2024-10-23T19:00:00.000Z')),
      'commits',
    );
    expect(later).toMatchObject({ fromAt: '2024-10-23T10:30:00.000Z', untilAt: '2024-10-23T18:30:00.000Z' });
  });

  it('names the builds of GitHub Actions and of Jenkins (R2.13)', async () => {
    const found = findingIn(await collect(ports(), input('investigation', ['builds'])), 'builds');
    const deploy = found?.builds.find(({ system }) => system === 'Jenkins');
    expect(deploy).toMatchObject({ name: 'noa/deploy', result: 'succeeded', startedAt: '2024-10-23T14:14:00.000Z' });
    expect(deploy?.changes).toEqual(expect.arrayContaining(['release of feature X', 'DEPLOYMENT=noa-mcp']));
    expect(found?.builds.some(({ system }) => system === 'GitHub Actions')).toBe(true);
  });

  it('keeps what one CI says when the other hangs, and names the other', async () => {
    production.wires.set('jenkins', { kind: 'timeout' });
    const bundle = await collect(ports(), input('investigation', ['builds'], 3));
    production.wires.clear('jenkins');
    expect(bundle.gaps).toEqual([]);
    expect(bundle.items[0]?.words).toMatch(/GitHub Actions CI #.* Not told: Jenkins did not answer within/);
  });

  it('is a gap when nobody answers, and when nothing is configured', async () => {
    production.wires.set('github', { kind: 'error-500', times: 1 });
    const silent = await collect(ports(), input('investigation', ['commits']));
    expect(silent.gaps[0]?.reason).toContain('GitHub answered 500');
    const none = await collect(ports({ code: [], builds: [] }), input('investigation', ['commits', 'builds']));
    expect(none.gaps.map(({ reason }) => reason)).toEqual([
      'No code repository is configured.',
      'No CI is configured.',
    ]);
  });
});

describe('what the log store says (R2.7)', () => {
  it('counts what was logged, with the same search in Kibana', async () => {
    const bundle = await collect(ports(), input('investigation', ['log-search']));
    const found = findingIn(bundle, 'log-search');
    expect(found?.matched).toBeGreaterThan(50);
    expect(found?.patterns.length).toBeGreaterThan(0);
    const link = decodeURIComponent(bundle.items[0]?.link ?? '');
    expect(link).toContain("_g=(time:(from:'2024-10-23T12:40:00.000Z',to:'2024-10-23T14:40:00.000Z'))");
    expect(link).toContain('message : ("ERROR" or "FATAL" or "Exception")');
  });

  it.each([
    [{ timedOut: true, failedShards: 0 }, 'it ran out of time'],
    [{ timedOut: false, failedShards: 2 }, '2 of 5 shards failed'],
  ])('is a gap when only part of it was searched: %j', async (trouble, why) => {
    production.elasticsearch.trouble = trouble;
    const bundle = await collect(ports(), input('investigation', ['log-search']));
    production.elasticsearch.trouble = { timedOut: false, failedShards: 0 };
    expect(bundle.items).toEqual([]);
    expect(bundle.gaps[0]?.reason).toContain(why);
  });
});

describe('pictures (R2.9)', () => {
  it('are what Grafana renders, kept by their digest', async () => {
    const { items } = await collect(ports(), input('investigation', ['error-rate']));
    const picture = stored.get(items[0]?.picture ?? '');
    expect(picture?.mediaType).toBe('image/png');
    expect(picture?.body.subarray(1, 4).toString()).toBe('PNG');
  });

  it.each(['missing', 'error'] as const)('are our own charts when the renderer is away: %s', async (renderer) => {
    production.grafana.renderer = renderer;
    const { items } = await collect(ports(), input('investigation', ['error-rate']));
    production.grafana.renderer = 'works';
    const picture = stored.get(items[0]?.picture ?? '');
    expect(picture?.mediaType).toBe('image/svg+xml');
    expect(picture?.body.toString()).toContain('<path d="M');
  });

  it('never hold the sweep longer than the deadline of its probes', async () => {
    production.grafana.renderer = 'hangs';
    const before = performance.now();
    const { items } = await collect(ports(), input('investigation', ['error-rate'], 2));
    const seconds = (performance.now() - before) / 1000;
    production.grafana.renderer = 'works';
    expect(stored.get(items[0]?.picture ?? '')?.mediaType).toBe('image/svg+xml');
    // The renderer's own budget is twenty seconds; a busy machine may add to our two.
    expect(seconds).toBeLessThan(12);
  });
});
