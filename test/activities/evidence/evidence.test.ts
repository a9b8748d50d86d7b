import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AdminPods } from '../../../src/activities/admin-api/client.ts';
import { createEvidenceActivities } from '../../../src/activities/evidence/activities.ts';
import type { CollectEvidenceInput, RecoveryInput } from '../../../src/activities/evidence/api.ts';
import type { ClusterPort, EvidencePorts, MetricsPort } from '../../../src/activities/evidence/ports.ts';
import { createPodGateway } from '../../../src/activities/kubernetes/pod-gateway.ts';
import { createClusterReadings } from '../../../src/activities/kubernetes/readings.ts';
import { createPostgresClient } from '../../../src/activities/postgres/client.ts';
import { createPrometheusClient } from '../../../src/activities/prometheus/client.ts';
import { loadPolicy } from '../../../src/config/policy.ts';
import type { SeriesPoint } from '../../../src/domain/crossings.ts';
import type { ProbeName } from '../../../src/domain/evidence.ts';
import { epochMs } from '../../../src/domain/instant.ts';
import type { ServicePolicy } from '../../../src/domain/policy.ts';
import { clientOf, furnished, NS, pod } from '../kubernetes/production.ts';

const NOW = '2024-10-23T14:40:00.000Z';
/** The one sweep with a probe that hangs asks for nodes; all others may take as long as a busy machine needs. */
const HANGING_SECONDS = 1;

const service = {
  name: 'shop',
  namespace: 'shop',
  application: { deployment: 'web', selector: 'app=web', container: 'main' },
  companions: [],
  database: {
    statefulSet: 'db',
    pod: 'db-0',
    selector: 'app=db',
    database: 'shop',
    poolLimit: 100,
    exhaustedAbove: 80,
    slowStatementMilliseconds: 1000,
  },
  cache: { workload: 'redis', pod: 'redis-0', minimumHitRatio: 0.6 },
  providers: [{ name: 'claude', fallback: 'openai' }],
  queries: new Proxy({}, { get: (_target, name) => `query:${String(name)}` }),
  baselineRequestsPerMinute: 1000,
  healthPaths: ['/health'],
  adminApi: null,
  dashboards: [{ name: 'Errors', url: 'https://grafana.example/d/errors', probes: ['error-rate'] }],
} as unknown as ServicePolicy;

function input(...probes: ProbeName[]): CollectEvidenceInput {
  return {
    request: {
      incidentId: 'incident-a',
      purpose: 'investigation',
      probes,
      aroundAt: '2024-10-23T14:30:00.000Z',
      at: NOW,
    },
    service,
    evidence: {
      probeDeadlineSeconds: probes.includes('nodes') ? HANGING_SECONDS : 30,
      probes: { firstAssessment: [], investigation: [], afterRemedy: [], rootCause: [] },
      logTailLines: 200,
      exportHours: 2,
      changesHours: 2,
      againEveryMinutes: 5,
    },
  };
}

function metrics(
  values: Readonly<Record<string, number | null>>,
  points: readonly (number | null)[] = [],
): MetricsPort {
  return {
    instant: async (query) => (query in values ? [{ labels: {}, value: values[query] ?? null }] : []),
    range: async ({ fromAt }) =>
      points.length === 0
        ? []
        : [
            {
              labels: {},
              points: points.map((value, index): SeriesPoint => [epochMs(fromAt) / 1000 + index * 60, value]),
            },
          ],
    firingAlerts: async () => [],
  };
}

const stored = new Map<string, string>();
function ports(more: Partial<EvidencePorts>): EvidencePorts {
  return {
    cluster: null,
    metrics: null,
    alertRouting: null,
    database: null,
    cache: null,
    providers: null,
    statusPage: null,
    serviceApi: null,
    tickets: [],
    social: null,
    record: null,
    code: [],
    builds: [],
    logSearch: null,
    panels: null,
    store: {
      async put(body) {
        const digest = createHash('sha256').update(body).digest('hex');
        stored.set(digest, body.toString());
        return { digest, sizeBytes: Buffer.byteLength(body) };
      },
    },
    clock: () => NOW,
    ...more,
  };
}

const collect = (wanted: EvidencePorts, ...probes: ProbeName[]) =>
  createEvidenceActivities(wanted).collectEvidence(input(...probes));

const WELL_POD = {
  node: 'node-a',
  phase: 'Running',
  restarts: 0,
  lastTermination: null,
  startedAt: null,
  memoryLimitMiB: 1024,
};

describe('collecting evidence (R2)', () => {
  it('names every gap with its reason and keeps the answers it has', async () => {
    const hanging: ClusterPort = {
      ...({} as ClusterPort),
      nodes: () => new Promise(() => undefined),
      pods: () => Promise.reject(new Error('refused with Bearer abcdef123456')),
      warnings: async () => [],
    };
    const bundle = await collect(
      ports({ cluster: hanging, metrics: metrics({ 'query:requestsPerMinute': 1500 }) }),
      'nodes',
      'pods',
      'database-answers',
      'request-rate',
      'error-rate',
    );
    expect(bundle.items.map((item) => item.probe)).toEqual(['request-rate']);
    expect(Object.fromEntries(bundle.gaps.map((gap) => [gap.probe, gap.reason]))).toEqual({
      nodes: 'Kubernetes did not answer within 1 s.',
      pods: 'refused with Bearer [secret]',
      'database-answers': 'The connection to the database is not configured.',
      'error-rate': 'Prometheus has no data for errorRatio.',
    });
  });

  it('tells when the errors rose, links the dashboard and stores the whole', async () => {
    const points = [...Array.from({ length: 125 }, () => 0.003), 0.2, 0.44, 0.45, 0.45, 0.45];
    const { items } = await collect(ports({ metrics: metrics({ 'query:errorRatio': 0.45 }, points) }), 'error-rate');
    expect(items[0]).toMatchObject({
      abnormal: true,
      command: 'query:errorRatio',
      finding: { ratio: 0.45, roseAt: '2024-10-23T14:35:00.000Z' },
      link: 'https://grafana.example/d/errors?from=1729686600000&to=1729694400000',
    });
    expect(items[0]?.words).toBe('The error rate is 45 %, risen since 2024-10-23 14:35 UTC.');
    expect(items[0]?.finding.probe === 'error-rate' && items[0].finding.trend.length).toBe(20);
    expect(stored.get(items[0]?.digest ?? '')).toContain('0.003');
  });

  it('exports the log of the last two hours whole, keeps it as evidence, and counts its patterns (R5.1)', async () => {
    const asked: unknown[] = [];
    const failed = (at: string) => ({ pod: 'web-1', at, line: 'ERROR timeout exceeded when trying to connect' });
    const lines = [
      failed('2024-10-23T14:29:30.000Z'),
      ...Array.from({ length: 600 }, (_, index) => ({ pod: 'web-2', at: NOW, line: `INFO request ${index} done` })),
      failed('2024-10-23T14:33:00.000Z'),
      { pod: 'web-1', at: NOW, line: 'ERROR signed with Bearer abcdef123456' },
    ];
    const cluster = {
      logs: async (query: unknown) => {
        asked.push(query);
        return { lines, missing: [] };
      },
    } as unknown as ClusterPort;
    const [exported] = (await collect(ports({ cluster }), 'log-export')).items;
    expect(asked).toMatchObject([{ selector: 'app=web', sinceAt: '2024-10-23T12:40:00.000Z', tailLines: null }]);
    expect(exported?.command).toBe(
      'kubectl logs -l app=web -n shop --since-time=2024-10-23T12:40:00.000Z --prefix --timestamps',
    );
    const kept = stored.get(exported?.digest ?? '') ?? '';
    expect(kept.split('\n')).toHaveLength(603);
    expect(kept).toContain('web-2 INFO request 599 done');
    expect(kept).not.toContain('abcdef123456');
    expect(exported?.finding).toMatchObject({
      probe: 'log-export',
      lines: 603,
      patterns: [{ kind: 'database-connection', count: 2, firstAt: '2024-10-23T14:29:30.000Z' }, { count: 1 }],
    });
  });

  it('dates, by the whole series, when a limit was crossed and when the climb to it began (R5.4, R5.5)', async () => {
    const flat = Array.from({ length: 100 }, () => 5);
    const climb = Array.from({ length: 20 }, (_, index) => 6 + index * 4.5);
    const points = [...flat, ...climb, 100, 100, 100, 4, 4, 4];
    const { items } = await collect(ports({ metrics: metrics({}, points) }), 'metrics-snapshot');
    const finding = items[0]?.finding;
    const series = finding?.probe === 'metrics-snapshot' ? finding.series : [];
    const connections = series.find(({ name }) => name === 'databaseConnections');
    expect(connections?.points).toHaveLength(20);
    expect(connections).toMatchObject({
      query: 'query:databaseConnections',
      crossings: [
        { at: '2024-10-23T14:27:00.000Z', to: 'above', limit: 80, extreme: 100 },
        { at: '2024-10-23T14:33:00.000Z', to: 'below', limit: 80, extreme: 4 },
      ],
    });
    expect(connections?.roseAt?.slice(0, 15)).toBe('2024-10-23T14:1');
    expect(series.find(({ name }) => name === 'cpu')).not.toHaveProperty('crossings');
  });

  it('tells which firing alerts reach nobody, and answers by either of the two that know (R2.8)', async () => {
    const firing = [
      { name: 'APIErrorRateHigh', severity: 'P1', activeAt: '2024-10-23T14:35:00.000Z', summary: 'errors' },
      { name: 'RedisDown', severity: 'P2', activeAt: '2024-10-23T14:36:00.000Z', summary: 'redis' },
    ];
    const heldBack = 'silenced by erin until 2024-10-23 16:00 UTC: load test';
    const routed = firing.map(({ activeAt: startsAt, ...alert }) => ({ ...alert, startsAt, heldBack: null }));
    const routing = {
      alerts: async () => routed.map((one) => (one.name === 'RedisDown' ? { ...one, heldBack } : one)),
    };
    const asked = async (firingAlerts: MetricsPort['firingAlerts'], alertRouting: EvidencePorts['alertRouting']) =>
      collect(ports({ metrics: { ...metrics({}), firingAlerts }, alertRouting }), 'firing-alerts');
    const fires = async () => firing;
    const away = () => Promise.reject(new Error('it is away'));
    const both = (await asked(fires, routing)).items[0];
    expect(both?.words).toContain('2 alerts firing, 1 of which nobody is told:');
    expect(both?.words).toContain(`RedisDown since 2024-10-23 14:36 UTC (${heldBack})`);
    expect(both?.finding).toMatchObject({ alerts: [firing[0], { ...firing[1], heldBack }] });
    expect((await asked(away, routing)).items[0]?.words).toContain('Prometheus does not say which; Alertmanager does.');
    expect((await asked(fires, { alerts: away })).items[0]?.words).toContain('is not known: it is away');
    expect((await asked(away, { alerts: away })).gaps).toHaveLength(1);
  });

  it('looks first at the overview, the newest log lines and the errors, at the right hours (R1.6)', async () => {
    const policy = await loadPolicy('policy/noa.yaml');
    const { firstAssessment, investigation } = policy.evidence.probes;
    const asked: unknown[] = [];
    const cluster = {
      logs: async (query: unknown) => {
        asked.push(query);
        return { lines: [], missing: [] };
      },
    };
    const all = metrics(Object.fromEntries(Object.values(policy.service.queries).map((query) => [query, 0.4])));
    const bundle = await createEvidenceActivities({
      ...ports({ metrics: all }),
      cluster,
    } as unknown as EvidencePorts).collectEvidence({
      ...input(),
      request: {
        ...input().request,
        purpose: 'first-assessment',
        probes: [...new Set([...firstAssessment, ...investigation])],
      },
      service: policy.service,
      evidence: policy.evidence,
    });
    expect(asked).toContainEqual(expect.objectContaining({ selector: 'app=noa-mcp', container: 'noa-mcp' }));
    const ofApplication = asked.filter((query) => (query as { readonly selector: string }).selector === 'app=noa-mcp');
    for (const query of ofApplication)
      expect((query as { readonly tailLines: number | null }).tailLines).toBeGreaterThanOrEqual(100);
    expect(firstAssessment).toEqual(expect.arrayContaining(['service-logs', 'request-rate', 'error-rate']));
    // Each dashboard of the runbook's list is one that some question of the first sweeps links to.
    const dashboards = policy.service.dashboards.map(({ url, probes }) => [
      url.split('/').at(-1),
      probes.some((probe) => firstAssessment.includes(probe) || investigation.includes(probe)),
    ]);
    expect(Object.fromEntries(dashboards)).toMatchObject({
      overview: true,
      errors: true,
      latency: true,
      database: true,
      redis: true,
      deployment: true,
    });
    const links = Object.fromEntries(bundle.items.map(({ probe, link }) => [probe, link]));
    const hours = 'from=1729686600000&to=1729694400000';
    expect(links['request-rate']).toBe(`https://grafana.noaserver.com/d/overview?${hours}`);
    expect(links['error-rate']).toBe(`https://grafana.noaserver.com/d/errors?${hours}`);
    expect(links.latency).toBe(`https://grafana.noaserver.com/d/latency?${hours}`);
  });

  it('keeps the excerpt when the store is away', async () => {
    const { items } = await collect(
      ports({
        metrics: metrics({ 'query:cacheHitRatio': 0.5 }),
        store: { put: () => Promise.reject(new Error('store down')) },
      }),
      'cache-hit-rate',
    );
    expect(items[0]).toMatchObject({
      digest: null,
      abnormal: true,
      words: 'The cache answers 50 % of requests (less than the 60 % expected).',
    });
  });

  it('lets no secret through: words, finding, excerpt and the stored body', async () => {
    const secret = 'postgres://app:hunter2-pw@db:5432/shop';
    const line = `ERROR connect to ${secret} failed for jane@customer.example: too many clients already`;
    const cluster = {
      ...({} as ClusterPort),
      logs: async () => ({ lines: [{ pod: 'web-1', at: NOW, line }], missing: [] }),
    };
    const bundle = await collect(ports({ cluster }), 'service-logs');
    expect(bundle.items[0]).toMatchObject({ abnormal: true, finding: { lines: 1 } });
    const everything = JSON.stringify(bundle) + stored.get(bundle.items[0]?.digest ?? '');
    expect(everything).not.toMatch(/hunter2-pw|jane@/);
    expect(everything).toContain('too many clients already');
  });

  it('bounds lists and excerpts, in bytes', async () => {
    const cluster = {
      ...({} as ClusterPort),
      logs: async () => ({
        lines: Array.from({ length: 50 }, (_, index) => ({
          pod: 'ü',
          at: null,
          line: `ERROR ${'ü'.repeat(300 + index)}`,
        })),
        missing: ['web-9'],
      }),
    };
    const { items } = await collect(ports({ cluster }), 'service-logs');
    expect(Buffer.byteLength(items[0]?.excerpt ?? '')).toBeLessThanOrEqual(1024);
    expect(items[0]?.finding.probe === 'service-logs' && items[0].finding.patterns.length).toBeLessThanOrEqual(20);
    expect(items[0]?.words).not.toBe('');
  });

  it('judges connections by policy (R3.1.2)', async () => {
    const activity = {
      byState: { active: 85, idle: 10 },
      active: 85,
      total: 95,
      limit: 100,
      longestActiveSeconds: 9.5,
      waitingOnLocks: 0,
    };
    const database = {
      answers: async () => ({ answers: false, milliseconds: null, error: 'no' }),
      activity: async () => activity,
      slowStatements: () => Promise.reject(new Error('the extension pg_stat_statements is not installed')),
    };
    const bundle = await collect(ports({ database }), 'database-connections', 'database-answers', 'slow-statements');
    expect(bundle.items.map((item) => item.abnormal)).toEqual([true, true]);
    expect(bundle.items[0]?.words).toContain('85 active of 95 in use (85 active, 10 idle), exhausted above 80');
    expect(bundle.gaps[0]).toMatchObject({
      probe: 'slow-statements',
      reason: expect.stringContaining('not installed'),
    });
  });

  it("reads the database's pod and its last hundred log lines (R3.1.1)", async () => {
    const asked: unknown[] = [];
    const cluster = {
      ...({} as ClusterPort),
      warnings: async () => [],
      pods: async () => [{ ...WELL_POD, name: 'db-0', app: 'db', ready: false, problem: 'CrashLoopBackOff' }],
      logs: async (query: unknown) => {
        asked.push(query);
        return {
          lines: [{ pod: 'db-0', at: NOW, line: 'FATAL:  could not open file "pg_wal": No space left' }],
          missing: [],
        };
      },
    } as ClusterPort;
    const bundle = await collect(ports({ cluster }), 'pods', 'database-logs');
    expect(asked).toMatchObject([{ selector: 'app=db', tailLines: 100 }]);
    expect(bundle.items.map(({ words }) => words)).toEqual([
      expect.stringContaining('db-0 CrashLoopBackOff'),
      expect.stringContaining('No space left'),
    ]);
  });

  it('lists the ten most frequent errors of five hundred lines, most frequent first (R3.2.1)', async () => {
    const kinds = Array.from({ length: 12 }, (_, kind) => `ERROR failed in ${'abcdefghijkl'[kind]}`);
    const line = (text: string) => ({ pod: 'web-1', at: NOW, line: text });
    const old = kinds.flatMap((text, kind) => Array.from({ length: 12 - kind }, () => line(text)));
    const quiet = Array.from({ length: 200 }, () => line('INFO ok'));
    let tailLines: number | null = null;
    const cluster = {
      ...({} as ClusterPort),
      logs: async (query: { readonly tailLines: number | null }) => {
        tailLines = query.tailLines;
        return { lines: [...old, ...quiet], missing: [] };
      },
    } as ClusterPort;
    const bundle = await createEvidenceActivities(ports({ cluster })).collectEvidence({
      ...input('service-logs'),
      topErrors: { count: 10, ofLines: 500 },
    });
    expect(tailLines).toBe(500);
    const [item] = bundle.items;
    expect(item?.excerpt.split('\n').slice(1)).toEqual(
      kinds.slice(0, 10).map((text, kind) => `${String(12 - kind).padStart(7)} ${text}`),
    );
    // What is explained from is what is new: two hundred lines, as R2.6 asks.
    expect(item?.finding).toMatchObject({ lines: 200, patterns: [] });
  });

  it('says which endpoints are slow, and since when (R3.3.1)', async () => {
    const by = (endpoint: string) => ({ endpoint });
    const slow: MetricsPort = {
      ...metrics({}),
      instant: async () => [
        { labels: by('/chat'), value: 0.4 },
        { labels: by('/embeddings'), value: 6.8 },
      ],
      range: async ({ fromAt }) => [
        {
          labels: by('/embeddings'),
          points: Array.from({ length: 40 }, (_, minute) => [
            epochMs(fromAt) / 1000 + 60 * minute,
            minute < 25 ? 0.3 : 6.8,
          ]),
        },
      ],
    };
    const bundle = await collect(ports({ metrics: slow }), 'slow-endpoints');
    expect(bundle.items[0]?.words).toContain('1 of 2 endpoints slow: /embeddings 6.8 s');
    expect(bundle.items[0]?.finding).toMatchObject({
      endpoints: [
        { endpoint: '/embeddings', p95Seconds: 6.8, roseAt: '2024-10-23T14:15:00.000Z' },
        { endpoint: '/chat', roseAt: null },
      ],
    });
  });

  it('compares the rate of requests with the usual one of policy (R2.14)', async () => {
    const rate = async (perMinute: number) => {
      const bundle = await collect(
        ports({ metrics: metrics({ 'query:requestsPerMinute': perMinute }) }),
        'request-rate',
      );
      return bundle.items[0];
    };
    expect(await rate(1020)).toMatchObject({ abnormal: false, finding: { baselinePerMinute: 1000, ratio: 1.02 } });
    expect(await rate(3500)).toMatchObject({
      abnormal: true,
      words: expect.stringContaining('of the usual 1000: unusual'),
    });
    expect(await rate(300)).toMatchObject({ abnormal: true });
  });

  it('reads the cluster over the wire: rollouts, pods, logs (R2.1, R2.2, R2.6)', async () => {
    const cluster = furnished();
    cluster.put(
      `${NS}/pods/web-2`,
      pod(
        'web-2',
        'u2',
        { kind: 'ReplicaSet', name: 'web-3', uid: 'uid-rs-3' },
        {
          containerStatuses: [
            {
              name: 'main',
              ready: false,
              restartCount: 7,
              state: { waiting: { reason: 'CrashLoopBackOff' } },
              lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
            },
          ],
          conditions: [{ type: 'Ready', status: 'False' }],
        },
      ),
    );
    cluster.logs.set(
      'web-1',
      '2024-10-23T14:31:00.000000001Z FATAL:  sorry, too many clients already\n2024-10-23T14:31:01Z ok\n',
    );
    const wire = await cluster.open();
    const bundle = await collect(
      ports({ cluster: createClusterReadings(clientOf(wire.url)) }),
      'rollouts',
      'pods',
      'service-logs',
      'config-changes',
    );
    await wire.close();
    const by = Object.fromEntries(bundle.items.map((item) => [item.probe, item]));
    expect(bundle.gaps).toEqual([]);
    // Revision 3 is only a restart: the release is the one of 14:15, and revision 1 is the way back.
    expect(by.rollouts?.finding).toMatchObject({
      deployments: [
        {
          name: 'web',
          current: { revision: 3, change: 'feature X', rolledOutAt: '2024-10-23T14:15:00.000Z' },
          previous: { revision: 1 },
        },
      ],
    });
    expect(by.rollouts?.words).toContain('15 minutes before the problem began');
    // R3.4.2: killed for memory before, whatever it does now.
    expect(by.pods?.words).toContain('web-2 CrashLoopBackOff, 7 restarts, killed for memory before');
    expect(by['service-logs']?.finding).toMatchObject({
      lines: 2,
      patterns: [{ kind: 'database-connection', count: 1, firstAt: '2024-10-23T14:31:00.000Z' }],
    });
  });

  it('fits the ports to the real clients', () => {
    const kubernetes = clientOf('http://127.0.0.1:1');
    const wired = ports({
      cluster: createClusterReadings(kubernetes),
      metrics: createPrometheusClient({ baseUrl: 'http://127.0.0.1:1', timeoutMilliseconds: 1 }),
      database: createPostgresClient({ connectionString: 'postgres://x@127.0.0.1:1/x', timeoutMilliseconds: 1 }),
    });
    const pods: AdminPods = createPodGateway(kubernetes);
    expect([wired.cluster, wired.metrics, wired.database, pods]).not.toContain(null);
  });
});

describe('recovery (R3.2.5)', () => {
  const recovery: RecoveryInput = {
    incidentId: 'incident-a',
    service,
    verification: {
      errorRatioBelow: 0.05,
      p95SecondsBelow: 2,
      withinMinutes: 5,
      holdMinutes: 5,
      pollSeconds: 15,
      rolloutTimeoutMinutes: 10,
    },
    pollSeconds: 15,
  };
  const look = (values: Readonly<Record<string, number | null>>) =>
    createEvidenceActivities(ports({ metrics: metrics(values) })).measureRecovery(recovery);

  it('needs both below their limits', async () => {
    expect(await look({ 'query:errorRatio': 0.008, 'query:p95Seconds': 0.42 })).toEqual({
      recovered: true,
      errorRatio: 0.008,
      p95Seconds: 0.42,
      measuredAt: NOW,
      words: 'Recovered: error rate 0.8 % (well below 5.0 %), p95 420 ms (well below 2.0 s).',
    });
    expect(await look({ 'query:errorRatio': 0.05, 'query:p95Seconds': 0.42 })).toMatchObject({ recovered: false });
    expect(await look({ 'query:errorRatio': 0.01, 'query:p95Seconds': 2.5 })).toMatchObject({ recovered: false });
  });

  it('takes no data for no recovery', async () => {
    expect(await look({ 'query:errorRatio': null })).toMatchObject({
      recovered: false,
      errorRatio: null,
      words: expect.stringContaining('no data'),
    });
  });

  it('waits by asking to be called again', async () => {
    const waiting = createEvidenceActivities(
      ports({ metrics: metrics({ 'query:errorRatio': 0.3, 'query:p95Seconds': 1 }) }),
    ).awaitRecovery(recovery);
    await expect(waiting).rejects.toMatchObject({
      type: 'NotYet',
      nextRetryDelay: 15_000,
      message: expect.stringContaining('30 %'),
    });
  });

  it('waits no longer once it is so much worse that nobody has to wait for the limit', async () => {
    const { awaitRecovery } = createEvidenceActivities(
      ports({ metrics: metrics({ 'query:errorRatio': 0.3, 'query:p95Seconds': 1 }) }),
    );
    await expect(awaitRecovery({ ...recovery, worseFrom: 0.31 })).rejects.toMatchObject({ type: 'NotYet' });
    expect(await awaitRecovery({ ...recovery, worseFrom: 0.3 })).toMatchObject({ recovered: false, errorRatio: 0.3 });
  });
});
