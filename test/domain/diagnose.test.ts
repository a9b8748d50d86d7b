import { describe, expect, it } from 'vitest';
import { causesFound } from '../../src/domain/diagnose.ts';
import { actions, diagnose, FEATURE_X, first, POOL_EXHAUSTED, POOL_LINES, policy } from './diagnosing.ts';
import {
  alert,
  bundle,
  cacheAnswers,
  cacheHits,
  cacheStatistics,
  configChanged,
  connections,
  databaseAnswers,
  errors,
  item,
  latency,
  logs,
  memory,
  pods,
  providers,
  revision,
  rollouts,
  scene,
  statements,
  traffic,
} from './diagnosis-scene.ts';

describe('explain (R2.20)', () => {
  it("explains the runbook's own incident: a deploy brought a slow query that exhausts the pool (R9)", () => {
    const best = first(scene(FEATURE_X, ...POOL_EXHAUSTED));
    expect(best.cause).toBe('slow-query');
    expect(best.names).toEqual(expect.arrayContaining(['requests', 'noa-mcp', 'feature X: pending requests']));
    expect(best.confidence).toBeGreaterThan(0.8);
    expect(actions(best)).toEqual(['rollback', 'restart', 'migrate']);
    expect(best.suggests.map((suggestion) => suggestion.lasting)).toEqual([true, false, true]);
    expect(best.suggests[0]?.parameters).toMatchObject({ badRevision: 7, revision: 6 });
  });

  it('names the deploy second, as that which carried the mechanism', () => {
    const [, second] = diagnose(scene(FEATURE_X, ...POOL_EXHAUSTED));
    expect(second?.cause).toBe('bad-deploy');
    expect(second?.names).toEqual(['noa-mcp', 'feature X: pending requests', 'requests']);
  });

  it('cites only evidence that was collected, and says for and against', () => {
    const evidence = scene(FEATURE_X, ...POOL_EXHAUSTED);
    const ids = new Set(evidence.items.map((one) => one.id));
    for (const hypothesis of diagnose(evidence)) {
      for (const claim of hypothesis.supports) expect(ids).toContain(claim.evidenceId);
      expect(hypothesis.supports.every((claim) => claim.weight > 0)).toBe(true);
      expect(hypothesis.contradicts.every((claim) => claim.weight < 0)).toBe(true);
    }
  });

  it('is deterministic and does not depend on the order of the items in a sweep', () => {
    const evidence = scene(FEATURE_X, ...POOL_EXHAUSTED);
    const turned = { ...evidence, items: [...evidence.items].reverse() };
    expect(diagnose(turned)).toEqual(diagnose(evidence));
  });

  it('says bad-deploy when the errors are those of the deployed code', () => {
    const best = first(
      scene(
        errors(0.3),
        FEATURE_X,
        logs(['exception', 80, 'TypeError: Cannot read properties of undefined (reading owner)', -14]),
      ),
    );
    expect(best).toMatchObject({ cause: 'bad-deploy', names: ['noa-mcp', 'feature X: pending requests'] });
    expect(actions(best)).toEqual(['rollback']);
  });

  it('does not blame a deploy that came after the first symptom', () => {
    const late = rollouts({
      name: 'noa-mcp',
      current: revision(8, 'hotfix', 3),
      previous: revision(7, 'weekly release', -4000),
    });
    const all = diagnose(scene(errors(0.3), late, logs(['exception', 80, 'TypeError: x'])));
    const deploy = all.find((hypothesis) => hypothesis.cause === 'bad-deploy');
    expect(all[0]?.cause).toBe('unknown');
    expect(deploy?.confidence).toBeLessThan(0.05);
    expect(deploy?.suggests).toEqual([]);
  });

  it('does not blame errors on a deploy that were logged before it', () => {
    const old = first(scene(errors(0.3), FEATURE_X, logs(['exception', 80, 'TypeError: x', -300])));
    const fresh = first(scene(errors(0.3), FEATURE_X, logs(['exception', 80, 'TypeError: x', -10])));
    expect(old.confidence).toBeLessThan(fresh.confidence);
  });

  it('sees through a harmless deploy to the provider that fails (drill provider-behind-a-deploy)', () => {
    const harmless = rollouts({
      name: 'noa-mcp',
      current: revision(7, 'copy tweak', -5),
      previous: revision(6, 'weekly release', -5000),
    });
    const evidence = scene(
      errors(0.34),
      harmless,
      ...providers(0.9, 0.01),
      logs(['provider', 150, 'anthropic: 529 overloaded_error']),
    );
    const best = first(evidence);
    expect(best).toMatchObject({ cause: 'provider-outage', names: ['claude'] });
    expect(actions(best)).toEqual(['open-breaker', 'provider-failover']);
    expect(best.suggests[1]?.parameters).toEqual({ primary: 'claude', fallback: 'openai' });
    expect(
      causesFound(diagnose(evidence), policy.diagnosis.unknownBelow).map((hypothesis) => hypothesis.cause),
    ).toEqual(['provider-outage']);
  });

  it('finds a provider that fails in part while its status page is silent', () => {
    expect(
      first(scene(errors(0.2), ...providers(0.34, 0), logs(['provider', 60, 'anthropic: 500 api_error']))),
    ).toMatchObject({ cause: 'provider-outage', names: ['claude'] });
  });

  it('fails over to no provider that is itself ill', () => {
    const best = first(scene(errors(0.5), ...providers(0.9, 0.6)));
    expect(actions(best)).toEqual([]);
  });

  it('knows a provider that fails after a failover that did not help, and opens no breaker with nowhere to go', () => {
    const openai = { kind: 'provider', namespace: 'noa-server', name: 'openai' } as const;
    const tried = [{ action: 'provider-failover', target: openai, helped: false }] as const;
    const best = first(scene(errors(0.3), ...providers(0.01, 0.4)), { remediesTried: tried });
    expect(best).toMatchObject({ cause: 'provider-outage', names: ['openai'] });
    expect(actions(best)).toEqual([]);
  });

  it('says slow-query without a deploy when there was none, and suggests relief and the index', () => {
    const best = first(scene(...POOL_EXHAUSTED));
    expect(best).toMatchObject({ cause: 'slow-query', names: ['requests'] });
    expect(actions(best)).toEqual(['restart', 'migrate']);
  });

  it('does not blame a deploy for a statement that is hours older', () => {
    const sweeps = [
      bundle([errors(0.3), FEATURE_X, connections(95, 3), statements({ calls: 60_000 })], 2),
      bundle([errors(0.3), FEATURE_X, connections(98, 2), statements({ calls: 60_300 })], 7),
    ];
    const best = first(sweeps);
    expect(best.cause).toBe('slow-query');
    expect(best.names).not.toContain('noa-mcp');
    expect(actions(best)).not.toContain('rollback');
  });

  it('suspects another deployment of a statement only when its change speaks of it', () => {
    const flow = (change: string) =>
      rollouts({ name: 'noa-claude-flow', current: revision(4, change, -10), previous: revision(3, 'old', -9000) });
    expect(actions(first(scene(...POOL_EXHAUSTED, flow('new colours'))))).toEqual(['restart', 'migrate']);
    const best = first(scene(...POOL_EXHAUSTED, flow('sweep of old requests')));
    expect(best.names).toContain('noa-claude-flow');
    expect(best.suggests[0]).toMatchObject({ action: 'rollback', target: { name: 'noa-claude-flow' } });
  });

  it('takes a slow statement that keeps nobody waiting for a coincidence', () => {
    const evidence = scene(errors(0.3), statements({}), connections(12, 10), ...providers(0.8, 0));
    expect(first(evidence).cause).toBe('provider-outage');
  });

  it('does not take a nightly job for the cause', () => {
    const all = diagnose(scene(errors(0.3), statements({ query: 'VACUUM ANALYZE requests', mean: 90_000, calls: 3 })));
    expect(all.map((hypothesis) => hypothesis.cause)).not.toContain('slow-query');
  });

  it('tells a leak from a slow query by connections that nobody uses', () => {
    const best = first(scene(errors(0.3), connections(6, 92), logs([...POOL_LINES])));
    expect(best).toMatchObject({ cause: 'connection-leak', names: ['noa-mcp'] });
    expect(actions(best)).toEqual(['restart']);
    expect(best.suggests[0]?.lasting).toBe(false);
  });

  it('tells lock contention from a slow query', () => {
    const best = first(scene(errors(0.2), connections(90, 3, { waitingOnLocks: 70, longest: 30 }), statements({})));
    expect(best).toMatchObject({ cause: 'lock-contention', names: ['requests'] });
  });

  it('finds memory leaks and undoes the deploy that brought one, before raising limits', () => {
    const killed = pods({ name: 'noa-mcp-1', app: 'noa-mcp', last: 'OOMKilled' });
    expect(actions(first(scene(errors(0.12), killed, memory(990))))).toEqual(['memory-limit', 'replace-pods']);
    const best = first(scene(errors(0.12), killed, memory(990), FEATURE_X));
    expect(best).toMatchObject({ cause: 'memory-leak', names: ['noa-mcp', 'feature X: pending requests'] });
    expect(actions(best)).toEqual(['rollback', 'memory-limit', 'replace-pods']);
    expect(best.suggests[1]?.parameters).toEqual({ memory: '2Gi' });
  });

  it('finds a database that is down, and a deploy before it to be a coincidence', () => {
    const best = first(
      scene(
        errors(0.97),
        FEATURE_X,
        databaseAnswers(false, 'connect ECONNREFUSED 10.0.0.5:5432'),
        pods({ name: 'noa-postgres-0', app: 'noa-postgres', ready: false, problem: 'CrashLoopBackOff' }),
        logs(['database-connection', 200, 'Error: connect ECONNREFUSED 10.0.0.5:5432']),
      ),
    );
    expect(best).toMatchObject({ cause: 'postgres-down', names: ['noa-postgres-0', 'noa-postgres'] });
    expect(actions(best)).toEqual(['delete-pod', 'failover-database']);
  });

  it('does not take a database that is full for one that is down', () => {
    const all = diagnose(
      scene(FEATURE_X, ...POOL_EXHAUSTED, databaseAnswers(false, 'FATAL: sorry, too many clients already')),
    );
    expect(all[0]?.cause).toBe('slow-query');
    expect(all.map((hypothesis) => hypothesis.cause)).not.toContain('postgres-down');
  });

  it('leaves a broken way to a healthy database to people', () => {
    const best = first(
      scene(errors(0.9), logs(['database-connection', 200, 'Error: connect ETIMEDOUT 10.0.0.5:5432'])),
    );
    expect(best).toMatchObject({ cause: 'postgres-unreachable', suggests: [] });
  });

  it('still says that the database is down when deleting its pod did not help, and goes on to the failover (R3.1.5)', () => {
    const evidence = scene(errors(0.95), databaseAnswers(false, 'connect ECONNREFUSED 10.0.0.5:5432'));
    const pod = { kind: 'pod', namespace: 'noa-server', name: 'noa-postgres-0' } as const;
    const next = first(evidence, { remediesTried: [{ action: 'delete-pod', target: pod, helped: false }] });
    expect(next).toMatchObject({ cause: 'postgres-down' });
    expect(next.suggests.map(({ action }) => action)).toEqual(['failover-database']);
  });

  it('does not take an answer that came too late to us alone for a database or a cache that is down', () => {
    const late = 'PostgreSQL: no answer within 5 s';
    expect(first(scene(errors(0.02), databaseAnswers(false, late), cacheAnswers(false, late))).cause).toBe('unknown');
    const complaints = logs(['database-connection', 90, 'Error: timeout exceeded when trying to connect']);
    const unready = pods({ name: 'noa-postgres-0', app: 'noa-postgres', ready: false });
    const really = scene(errors(0.9), databaseAnswers(false, late), complaints, unready);
    const gone = { ...really, items: really.items.filter(({ probe }) => probe !== 'database-connections') };
    expect(first(gone).cause).toBe('postgres-down');
  });

  it('restarts a cache for stale connections, and never for evictions (R3.3.3)', () => {
    const stale = first(scene(latency(3), cacheHits(0.3), cacheStatistics({ idleClients: 90 })));
    expect(stale.suggests.map(({ action }) => action)).toEqual(['restart']);
    expect(JSON.stringify(stale)).toContain('90 of its 100 connections are stale');
    const full = first(scene(latency(3), cacheHits(0.3), cacheStatistics({ evictedKeys: 5000, usedMemoryMiB: 766 })));
    expect(full).toMatchObject({ cause: 'cache-degraded', suggests: [] });
    expect(full.words).toContain('needs more memory');
  });

  it('finds a cache that is down and one that only misses', () => {
    const down = first(
      scene(
        latency(4),
        cacheAnswers(false, 'connect ECONNREFUSED 10.0.0.6:6379'),
        cacheHits(0),
        logs(['cache', 90, 'Error: connect ECONNREFUSED 10.0.0.6:6379']),
      ),
    );
    expect(down.cause).toBe('redis-down');
    expect(actions(down)).toEqual(['delete-pod', 'restart']);
    const misses = first(scene(latency(3), cacheHits(0.2)));
    expect(misses).toMatchObject({ cause: 'cache-degraded', names: ['noa-redis'] });
    expect(misses.suggests[0]?.target).toEqual({ kind: 'statefulset', namespace: 'noa-server', name: 'noa-redis' });
  });

  it('scales for many customers and limits a hammered endpoint', () => {
    const customers = first(scene(latency(6), errors(0.07), traffic(3.5)));
    expect(customers.cause).toBe('traffic-surge');
    expect(customers.suggests[0]).toMatchObject({ action: 'scale', parameters: { replicas: 6 } });
    const endpoints = item({
      probe: 'endpoints',
      endpoints: [
        { endpoint: '/search', errorRatio: 0.1, perMinute: 3200 },
        { endpoint: '/chat', errorRatio: 0, perMinute: 300 },
      ],
    });
    const hammered = scene(latency(6), traffic(3.5), endpoints);
    // R3.3.5 before R3.3.4: abuse takes what more pods offer, so they come when the limit did not help.
    expect(actions(first(hammered))).toEqual(['rate-limit']);
    const limit = {
      kind: 'manifest',
      namespace: 'noa-server',
      name: policy.playbooks.rateLimitManifest ?? '',
    } as const;
    const tried = { remediesTried: [{ action: 'rate-limit', target: limit, helped: false }] } as const;
    expect(actions(first(hammered, tried))).toEqual(['scale']);
  });

  it('finds pods that do not start, and undoes the deploy that made them', () => {
    const stuck = pods({
      name: 'noa-mcp-9',
      app: 'noa-mcp',
      ready: false,
      phase: 'Pending',
      problem: 'ImagePullBackOff',
    });
    const best = first(scene(stuck, FEATURE_X));
    expect(best.cause).toBe('pods-stuck');
    expect(best.names).toEqual(expect.arrayContaining(['noa-mcp', 'ImagePullBackOff', 'feature X: pending requests']));
    expect(actions(best)).toEqual(['rollback']);
    expect(actions(first(scene(stuck)))).toEqual([]);
  });

  it('finds a changed configuration, unless it changed afterwards', () => {
    const own = logs(['exception', 90, 'Error: invalid feature flag', -5]);
    const best = first(scene(errors(0.3), own, configChanged('noa-config', -6)));
    expect(best).toMatchObject({ cause: 'config-change', names: ['noa-config'] });
    expect(actions(best)).toEqual(['restore-config']);
    expect(first(scene(errors(0.3), own, configChanged('noa-config', 4))).cause).toBe('unknown');
  });

  it('finds two faults at once', () => {
    const evidence = scene(FEATURE_X, ...POOL_EXHAUSTED, ...providers(0.95, 0.01));
    const found = causesFound(diagnose(evidence), policy.diagnosis.unknownBelow).map((hypothesis) => hypothesis.cause);
    expect(found).toEqual(expect.arrayContaining(['slow-query', 'provider-outage']));
  });

  it('does not know when nothing is out of the ordinary, and names what did not answer', () => {
    const evidence = {
      ...scene(errors(0.2)),
      gaps: [{ probe: 'pods' as const, source: 'kubernetes', kind: 'no-answer' as const, reason: 'timeout' }],
    };
    const best = first(evidence);
    expect(best).toMatchObject({ cause: 'unknown', confidence: 0, suggests: [] });
    expect(best.words).toContain('kubernetes');
  });

  it('acts on nothing that only people can judge', () => {
    const best = first(scene(), { alerts: [alert('Possible security breach: unknown admin logged in')] });
    expect(best).toMatchObject({ cause: 'security-breach', suggests: [] });
    expect(first(scene(), { alerts: [alert('Slow, but no data loss')] }).cause).toBe('unknown');
  });
});
