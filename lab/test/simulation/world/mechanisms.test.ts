import { describe, expect, it } from 'vitest';
import type { FaultSpec, NoiseKind } from '../../../simulation/faults/faults.ts';
import { allLogs, at, connections, failing, gained, MINUTE, type Scene, scene, sceneWith } from './scene.ts';

const mcpPods = ({ cluster }: Scene) =>
  cluster
    .pods()
    .filter((pod) => pod.owner === 'noa-mcp')
    .map((pod) => pod.name);
const pass = ({ world }: Scene, minutes: number) => world.advanceTo(world.nowMs + minutes * MINUTE);

describe('provider-outage', () => {
  const outage: FaultSpec = {
    kind: 'provider-outage',
    provider: 'claude',
    mode: 'errors',
    statusPage: 'silent',
    errorRate: 0.34,
  };

  it('fails its part of the calls that go to that provider, in its own words', () => {
    const made = sceneWith(outage, 10);
    expect(failing(made.world)).toBeGreaterThan(0.12);
    expect(failing(made.world)).toBeLessThan(0.17);
    expect(allLogs(made, 5)).toMatch(/529 .*overloaded_error.*Overloaded/);
    expect(made.world.provider('claude')).toMatchObject({ mode: 'errors', statusPage: 'operational' });
    expect(gained(made.world, 'ai_requests_total', { provider: 'claude', status: '529' }, 5)).toBeGreaterThan(500);
  });

  it('goes away with failover on all pods, in part with one, and comes back in new pods', () => {
    const made = sceneWith(outage, 10);
    const before = failing(made.world);
    const [first, ...others] = mcpPods(made);
    made.world.setFailover(first as string, 'claude', 'openai');
    pass(made, 3);
    expect(failing(made.world)).toBeGreaterThan(before * 0.5);
    expect(failing(made.world)).toBeLessThan(before * 0.8);
    for (const pod of others) made.world.setFailover(pod, 'claude', 'openai');
    pass(made, 3);
    expect(failing(made.world)).toBeLessThan(0.01);
    expect(gained(made.world, 'ai_requests_total', { provider: 'claude' }, 2)).toBe(0);
    made.cluster.restart('noa-mcp', made.world.nowMs);
    pass(made, 5);
    expect(failing(made.world)).toBeGreaterThan(before * 0.8);
  });

  it('fails fast behind an open breaker, and not at all with failover too', () => {
    const made = sceneWith(outage, 10);
    for (const pod of mcpPods(made)) made.world.setBreaker(pod, 'claude', true);
    pass(made, 3);
    expect(gained(made.world, 'ai_requests_total', { provider: 'claude' }, 2)).toBe(0);
    expect(failing(made.world)).toBeGreaterThan(0.35);
    for (const pod of mcpPods(made)) made.world.setFailover(pod, 'claude', 'openai');
    pass(made, 3);
    expect(failing(made.world)).toBeLessThan(0.01);
  });

  it('is not helped by failover to a provider that is down too', () => {
    const made = sceneWith(outage, 5);
    made.world.addFault(
      { kind: 'provider-outage', provider: 'openai', mode: 'down', statusPage: 'reports' },
      made.world.nowMs,
    );
    for (const pod of mcpPods(made)) made.world.setFailover(pod, 'claude', 'openai');
    pass(made, 3);
    expect(failing(made.world)).toBeGreaterThan(0.6);
    expect(made.world.provider('openai').statusPage).toBe('down');
  });

  it.each([
    ['down', 'ECONNREFUSED'],
    ['rate-limited', 'rate_limit_error'],
    ['unauthorised', 'invalid x-api-key'],
    ['slow', 'Request timed out.'],
  ] as const)('has its own trace in mode %s', (mode, words) => {
    const made = sceneWith({ kind: 'provider-outage', provider: 'claude', mode }, 5);
    expect(failing(made.world)).toBeGreaterThan(0.08);
    expect(allLogs(made, 3)).toContain(words);
  });

  it('ends by itself', () => {
    const made = sceneWith({ ...outage, forMs: 6 * MINUTE }, 10);
    expect(failing(made.world)).toBeLessThan(0.01);
    expect(made.world.truths()).toMatchObject([{ kind: 'provider-outage', names: ['claude'], active: false }]);
  });
});

describe('replica-lag and replica-missing', () => {
  it('tell what a failover would lose, or that there is none to be had', () => {
    const behind = sceneWith({ kind: 'replica-lag', seconds: 120 }, 1);
    const { present, lagSeconds, primaryWrittenMs, lastReplayMs, promoted } = behind.world.replica();
    expect({ present, lagSeconds, promoted }).toEqual({ present: true, lagSeconds: 120, promoted: false });
    expect(primaryWrittenMs - lastReplayMs).toBe(120_000);
    const missing = sceneWith({ kind: 'replica-missing' }, 1);
    expect(() => missing.world.promoteReplica()).toThrow(/no replica/);
  });
});

describe('noise', () => {
  const kinds: readonly NoiseKind[] = [
    'harmless-deploy',
    'unrelated-alert',
    'flapping-alert',
    'stale-alert',
    'log-noise',
    'ticket-spam',
    'late-duplicate-webhook',
  ];
  it.each(kinds)('%s fails no requests', (what) => {
    const quiet = scene('14:00');
    const made = sceneWith({ kind: 'noise', what }, 60);
    quiet.world.advanceTo(at('15:00'));
    expect(made.world.requests(at('14:00'), at('15:00'))).toEqual(quiet.world.requests(at('14:00'), at('15:00')));
  });

  it('leaves the traces it is made for', () => {
    expect(
      sceneWith({ kind: 'noise', what: 'harmless-deploy', change: 'copy tweak' }, 5).cluster.deployment('noa-mcp')
        ?.current.changeCause,
    ).toBe('copy tweak');
    expect(allLogs(sceneWith({ kind: 'noise', what: 'log-noise' }, 5), 4)).toContain('DeprecationWarning');
    expect(sceneWith({ kind: 'noise', what: 'ticket-spam' }, 20).world.tickets(0)).toHaveLength(30);
    const flaps = sceneWith({ kind: 'noise', what: 'flapping-alert' }, 60).world.strayAlerts(0, at('15:00'));
    expect(flaps.filter((one) => one.status === 'firing')).toHaveLength(6);
    expect(
      sceneWith({ kind: 'alert-storm', alerts: 50, perSecond: 10 }, 1).world.strayAlerts(0, at('15:00')),
    ).toHaveLength(50);
  });
});

describe('each mechanism and its cure', () => {
  it('slow-query: a restart relieves for minutes', () => {
    const made = sceneWith({ kind: 'slow-query' }, 20);
    expect(failing(made.world)).toBeGreaterThan(0.4);
    made.cluster.restart('noa-mcp', made.world.nowMs);
    pass(made, 10);
    expect(failing(made.world)).toBeLessThan(0.01);
    pass(made, 12);
    expect(failing(made.world)).toBeGreaterThan(0.4);
  });

  it('connection-leak: connections stay open in transactions until a restart', () => {
    const made = sceneWith({ kind: 'connection-leak', deployment: 'noa-mcp', perMinute: 6 }, 20);
    expect(connections(made.world, 'idle in transaction')).toBeGreaterThan(90);
    expect(failing(made.world)).toBeGreaterThan(0.2);
    made.cluster.restart('noa-mcp', made.world.nowMs);
    pass(made, 6);
    expect(failing(made.world)).toBeLessThan(0.05);
    expect(connections(made.world, 'idle in transaction')).toBeLessThan(50);
  });

  it('bad-deploy with an error rate: only a rollback helps', () => {
    const made = sceneWith(
      { kind: 'bad-deploy', change: 'x', errorRate: 0.4, logPattern: 'Unexpected token < in JSON' },
      5,
    );
    expect(failing(made.world)).toBeGreaterThan(0.3);
    expect(allLogs(made, 3)).toContain('Unexpected token < in JSON');
    made.cluster.restart('noa-mcp', made.world.nowMs);
    pass(made, 4);
    expect(failing(made.world)).toBeGreaterThan(0.3);
    made.cluster.undo('noa-mcp', 1, made.world.nowMs);
    pass(made, 4);
    expect(failing(made.world)).toBeLessThan(0.01);
  });

  it('memory-leak: the container is killed at its limit, again and again', () => {
    const made = sceneWith({ kind: 'memory-leak', deployment: 'noa-mcp', mibPerMinute: 60 }, 9);
    const usage = made.world.podUsage(mcpPods(made)[0] as string).memoryMiB;
    expect(usage).toBeGreaterThan(850);
    pass(made, 12);
    const restarts = made.cluster
      .pods()
      .filter((pod) => pod.owner === 'noa-mcp')
      .map((pod) => pod.restarts);
    expect(Math.min(...restarts)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...restarts)).toBeLessThanOrEqual(2);
  });

  it('traffic-surge: scaling serves customers, the rate limit turns abuse away', () => {
    const customers = sceneWith({ kind: 'traffic-surge', factor: 4, source: 'customers' }, 5);
    expect(failing(customers.world)).toBeGreaterThan(0.3);
    customers.cluster.scale('noa-mcp', 6, customers.world.nowMs);
    pass(customers, 3);
    expect(failing(customers.world)).toBeLessThan(0.01);
    const abuse = sceneWith({ kind: 'traffic-surge', factor: 4, source: 'abuse', endpoints: ['/api/v1/messages'] }, 5);
    const abused = sceneWith(
      { kind: 'traffic-surge', factor: 12, source: 'abuse', endpoints: ['/api/v1/messages'] },
      5,
    );
    expect(failing(abuse.world)).toBeLessThan(0.05);
    expect(failing(abused.world)).toBeGreaterThan(0.1);
    abused.cluster.limitPerMinute = 1_200;
    pass(abused, 3);
    expect(failing(abused.world)).toBeLessThan(0.01);
    expect(gained(abused.world, 'http_requests_total', { status: '429' }, 2)).toBeGreaterThan(1_000);
  });

  it('postgres-down: everything fails until the pod is deleted; never: only the replica helps', () => {
    const made = sceneWith({ kind: 'postgres-down', recovers: 'on-delete' }, 3);
    expect(made.world.database().answers).toBe(false);
    expect(made.world.health().ok).toBe(false);
    expect(failing(made.world)).toBeGreaterThan(0.9);
    made.cluster.deletePod('noa-postgres-0', made.world.nowMs);
    pass(made, 2);
    expect(failing(made.world)).toBeLessThan(0.01);
    const dead = sceneWith({ kind: 'postgres-down', recovers: 'never' }, 3);
    dead.cluster.deletePod('noa-postgres-0', dead.world.nowMs);
    pass(dead, 2);
    expect(failing(dead.world)).toBeGreaterThan(0.9);
    expect(dead.world.pointDatabaseAt('noa-postgres-1')).toBe(false);
    dead.world.promoteReplica();
    expect(dead.world.pointDatabaseAt('noa-postgres-1')).toBe(true);
    pass(dead, 2);
    expect(failing(dead.world)).toBeLessThan(0.01);
  });

  it('cache-degraded: a restart of the cache helps against stale connections, not against evictions', () => {
    for (const [cause, expected] of [
      ['stale-connections', 0.9],
      ['evictions', 0.35],
    ] as const) {
      const made = sceneWith({ kind: 'cache-degraded', hitRate: 0.35, cause }, 5);
      const rate = () =>
        gained(made.world, 'cache_hits_total', {}, 2) / gained(made.world, 'cache_requests_total', {}, 2);
      expect(rate()).toBeCloseTo(0.35, 1);
      made.cluster.deletePod('noa-redis-0', made.world.nowMs);
      pass(made, 3);
      expect(rate()).toBeCloseTo(expected, 1);
    }
  });

  it('config-change: restoring the configuration helps, a restart does not', () => {
    const made = sceneWith({ kind: 'config-change', configmap: 'noa-mcp-config', effect: { errorRate: 0.3 } }, 5);
    made.cluster.restart('noa-mcp', made.world.nowMs);
    pass(made, 4);
    expect(failing(made.world)).toBeGreaterThan(0.25);
    made.cluster.restoreConfigMap('noa-mcp-config');
    pass(made, 2);
    expect(failing(made.world)).toBeLessThan(0.01);
  });

  it('pods-stuck: those that are left cannot carry all; with none left the ingress answers 503', () => {
    const made = sceneWith({ kind: 'pods-stuck', deployment: 'noa-mcp', reason: 'CrashLoopBackOff' }, 3);
    expect(failing(made.world)).toBeGreaterThan(0.1);
    for (const pod of mcpPods(made)) made.cluster.troublePod(pod, { reason: 'Error', ready: false });
    pass(made, 3);
    expect(failing(made.world)).toBeGreaterThan(0.8);
    expect(gained(made.world, 'http_requests_total', { pod: 'ingress.*', status: '503' }, 2)).toBeGreaterThan(1_000);
  });

  it('slow-endpoint: only that endpoint is slow', () => {
    const made = sceneWith({ kind: 'slow-endpoint', endpoint: '/api/v1/requests', p95Seconds: 6 }, 6);
    const slow = (endpoint: string) =>
      1 -
      gained(made.world, 'http_request_duration_seconds_bucket', { endpoint, le: '2' }, 5) /
        gained(made.world, 'http_request_duration_seconds_count', { endpoint }, 5);
    expect(slow('/api/v1/requests')).toBeGreaterThan(0.5);
    expect(slow('/api/v1/flows')).toBeLessThan(0.01);
    expect(failing(made.world)).toBeLessThan(0.01);
  });
});
