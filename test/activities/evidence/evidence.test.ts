import { describe, expect, it } from 'vitest';
import { createEvidenceActivities } from '../../../src/activities/evidence/activities.ts';
import type { ClusterPort, EvidencePorts, MetricsPort } from '../../../src/activities/evidence/ports.ts';
import { loadPolicy } from '../../../src/config/policy.ts';
import { collect, input, metrics, NOW, ports, stored } from './evidence-rig.ts';

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
    expect(bundle.gaps.filter(({ kind }) => kind === 'not-configured').map(({ probe }) => probe)).toEqual([
      'database-answers',
    ]);
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
    expect(items[0]?.words).toBe('The error rate is 45%, risen since 2024-10-23 14:35 UTC.');
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
      words: 'The cache answers 50% of requests (less than the 60% expected).',
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
});
