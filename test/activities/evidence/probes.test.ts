import { describe, expect, it } from 'vitest';
import type { AdminPods } from '../../../src/activities/admin-api/client.ts';
import { createEvidenceActivities } from '../../../src/activities/evidence/activities.ts';
import type { ClusterPort, MetricsPort } from '../../../src/activities/evidence/ports.ts';
import { createPodGateway } from '../../../src/activities/kubernetes/pod-gateway.ts';
import { createClusterReadings } from '../../../src/activities/kubernetes/readings.ts';
import { createPostgresClient } from '../../../src/activities/postgres/client.ts';
import { createPrometheusClient } from '../../../src/activities/prometheus/client.ts';
import { epochMs } from '../../../src/domain/instant.ts';
import { clientOf, furnished, NS, pod } from '../kubernetes/production.ts';
import { collect, input, metrics, NOW, ports, WELL_POD } from './evidence-rig.ts';

describe('what the probes find (R2, R3)', () => {
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
