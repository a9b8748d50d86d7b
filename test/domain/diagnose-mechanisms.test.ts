import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { type DiagnosisInput, explain } from '../../src/domain/diagnose.ts';
import type { EvidenceItem, Finding, LogKind } from '../../src/domain/evidence.ts';
import {
  alert,
  at,
  bundle,
  configChanged,
  connections,
  databaseAnswers,
  errors,
  item,
  latency,
  logs,
  pods,
  providers,
  revision,
  rollouts,
  statements,
} from './diagnosis-scene.ts';

const policy = await loadPolicy('policy/noa.yaml');

function diagnose(items: readonly EvidenceItem[], extra: Partial<DiagnosisInput> = {}) {
  return explain({
    bundles: [bundle(items)],
    alerts: [alert()],
    remediesTried: [],
    policy,
    now: at(6),
    ...extra,
  });
}

/** Log lines with how many of each told of a request that failed. */
function answered(...patterns: readonly [kind: LogKind, count: number, failed: number, pattern: string][]) {
  return item({
    probe: 'service-logs',
    lines: 200,
    patterns: patterns.map(([kind, count, failedRequests, pattern]) => ({
      kind,
      count,
      failedRequests,
      pattern,
      firstAt: null,
      example: pattern,
    })),
  });
}

function nodes(...list: readonly { name: string; ready?: boolean; problems?: readonly string[] }[]) {
  return item({
    probe: 'nodes',
    nodes: list.map(({ name, ready = true, problems = ready ? [] : ['NotReady'] }) => ({ name, ready, problems })),
  });
}

function usage(...list: readonly [name: string, cpuPercent: number, memoryPercent: number][]) {
  return item({
    probe: 'resources',
    pods: [],
    nodes: list.map(([name, cpuPercent, memoryPercent]) => ({ name, cpuPercent, memoryPercent })),
  });
}

function served(...list: readonly [endpoint: string, errorRatio: number, by: string][]) {
  return item({
    probe: 'endpoints',
    endpoints: list.map(([endpoint, errorRatio, servedBy]) => ({ endpoint, errorRatio, perMinute: 100, servedBy })),
  });
}

function climbing(active: number, roseMinutes: number): EvidenceItem {
  const found = connections(active, 2, { longest: 9 });
  const finding = found.finding as Extract<Finding, { probe: 'database-connections' }>;
  return { ...found, finding: { ...finding, roseAt: at(roseMinutes) } };
}

const DEPLOYED = (minutes: number, name = 'noa-mcp', change = 'copy tweak') =>
  rollouts({ name, current: revision(7, change, minutes), previous: revision(6, 'weekly release', -5000) });

describe('what is loud and what fails (R2.20: noise must not win)', () => {
  it('takes lines that no request failed with for noise, however many they are', () => {
    const loud = answered(
      ['other', 150, 0, 'ERROR: telemetry exporter dropped 1 span'],
      ['provider', 40, 40, 'anthropic 529'],
    );
    const [best, ...rest] = diagnose([errors(0.4), DEPLOYED(-3), loud, ...providers(0.8, 0)]);
    expect(best?.cause).toBe('provider-outage');
    expect(rest.find(({ cause }) => cause === 'bad-deploy')?.confidence ?? 0).toBeLessThan(
      policy.diagnosis.unknownBelow,
    );
  });

  it('believes lines of failed requests', () => {
    const failing = answered(
      ['exception', 60, 60, 'TypeError: x is undefined'],
      ['other', 90, 0, 'ERROR: telemetry exporter'],
    );
    expect(diagnose([errors(0.4), DEPLOYED(-2), failing])[0]).toMatchObject({
      cause: 'bad-deploy',
      names: ['noa-mcp', 'copy tweak'],
    });
  });

  it('blames the deployment that serves what fails, not the other one that was deployed too', () => {
    const both = rollouts(
      { name: 'noa-mcp', current: revision(7, 'copy tweak', -3), previous: revision(6, 'before', -5000) },
      { name: 'noa-claude-flow', current: revision(4, 'session export', -2), previous: revision(3, 'before', -5000) },
    );
    const failing = answered(['exception', 60, 60, 'TypeError: x is undefined']);
    const endpoints = served(['/api/v1/flows', 0.8, 'noa-claude-flow'], ['/api/v1/messages', 0, 'noa-mcp']);
    const ranked = diagnose([errors(0.12), both, failing, endpoints]);
    expect(ranked[0]).toMatchObject({ cause: 'bad-deploy', names: ['noa-claude-flow', 'session export'] });
    expect(ranked.find(({ names }) => names[0] === 'noa-mcp')?.confidence ?? 0).toBeLessThan(0.4);
  });

  it('blames a configuration that all read when all fail, not the deploy of one of them', () => {
    const flows = { name: 'noa-claude-flow', current: revision(4, 'redesign', -1), previous: revision(3, 'b', -5000) };
    const evidence = [
      errors(0.3),
      rollouts(flows),
      configChanged('noa-mcp-config', 0),
      answered(['exception', 60, 60, 'TypeError: x is undefined']),
      served(['/api/v1/flows', 0.3, 'noa-claude-flow'], ['/api/v1/messages', 0.3, 'noa-mcp']),
    ];
    expect(diagnose(evidence)[0]).toMatchObject({ cause: 'config-change', names: ['noa-mcp-config'] });
  });

  it('believes of new code only the lines that its own pods wrote', () => {
    const failing = answered(['exception', 60, 60, 'TypeError: x is undefined']);
    const blamed = (lines: EvidenceItem) => {
      const flows = {
        name: 'noa-claude-flow',
        current: revision(4, 'redesign', -1),
        previous: revision(3, 'b', -5000),
      };
      const endpoints = served(['/api/v1/flows', 0.8, 'noa-claude-flow'], ['/api/v1/messages', 0, 'noa-mcp']);
      return diagnose([errors(0.12), rollouts(flows), lines, endpoints])[0]?.confidence ?? 0;
    };
    const own = { ...failing, probe: 'worker-logs' as const, finding: { ...failing.finding, probe: 'worker-logs' } };
    expect(blamed(own as EvidenceItem)).toBeGreaterThan(blamed(failing));
  });

  it('suspects a deploy of half an hour ago far less than one of now', () => {
    const confidence = (minutes: number) =>
      diagnose([errors(0, null), latency(6), DEPLOYED(minutes)]).find(({ cause }) => cause === 'bad-deploy')
        ?.confidence ?? 0;
    expect(confidence(-2)).toBeGreaterThan(0.5);
    expect(confidence(-28)).toBeLessThan(0.4);
  });
});

describe('climbs are dated (timing)', () => {
  it('blames no deploy for a statement when the connections began to climb long after it', () => {
    const evidence = (roseMinutes: number) =>
      diagnose([errors(0.45), climbing(98, roseMinutes), statements({}), DEPLOYED(-30, 'noa-mcp', 'weekly things')])[0];
    expect(evidence(-28)).toMatchObject({ cause: 'slow-query', names: ['requests', 'noa-mcp', 'weekly things'] });
    expect(evidence(-12)).toMatchObject({ cause: 'slow-query', names: ['requests'] });
    expect(evidence(-12)?.suggests.map(({ action }) => action)).not.toContain('rollback');
  });

  it('suspects the deploy of the flows when the connections began to climb with it alone', () => {
    const named = (roseMinutes: number) => {
      const flows = DEPLOYED(-16, 'noa-claude-flow', 'tidy up request logging');
      const usage = statements({ query: 'SELECT sum(tokens) FROM usage_events WHERE day >= $1' });
      return diagnose([errors(0.45), climbing(98, roseMinutes), usage, flows])[0]?.names;
    };
    expect(named(-13)).toEqual(['usage_events', 'noa-claude-flow', 'tidy up request logging']);
    expect(named(-1)).toEqual(['usage_events']);
  });

  it('suspects configuration that was changed as the connections began to climb, not a deploy that speaks of something else', () => {
    const usage = statements({ query: 'SELECT sum(tokens) FROM usage_events WHERE day >= $1' });
    for (const deployment of ['noa-claude-flow', 'noa-mcp']) {
      const ranked = (change: string) =>
        diagnose([
          errors(0.45),
          climbing(98, -13),
          usage,
          DEPLOYED(-16, deployment, change),
          configChanged('limits', -14),
        ])[0];
      expect(ranked('tidy up request logging')).toMatchObject({
        cause: 'slow-query',
        names: ['usage_events', 'limits'],
      });
      expect(ranked('tidy up request logging')?.suggests.map(({ action }) => action)).not.toContain('rollback');
      expect(ranked('usage_events by day')?.names).toEqual(['usage_events', deployment, 'usage_events by day']);
    }
  });

  it('clears a deploy of after the first slow answer of one endpoint, however late the whole notices', () => {
    const slow = (roseMinutes: number) =>
      item({
        probe: 'slow-endpoints',
        endpoints: [
          { endpoint: '/embeddings', p95Seconds: 6.8, roseAt: at(roseMinutes) },
          { endpoint: '/chat', p95Seconds: 0.4, roseAt: null },
          { endpoint: '/messages', p95Seconds: 0.4, roseAt: null },
        ],
      });
    const ranked = (roseMinutes: number) => diagnose([errors(0, null), latency(2.5), DEPLOYED(-1), slow(roseMinutes)]);
    expect(ranked(-2)[0]).toMatchObject({ cause: 'slow-endpoint', names: ['/embeddings'] });
    expect(ranked(0)[0]?.cause).toBe('bad-deploy');
  });

  it('sees a pool that a slow statement is about to fill', () => {
    const founded = (connectionsNow: EvidenceItem) =>
      diagnose([errors(0.2), ...providers(0.4, 0.004), statements({}), connectionsNow]).some(
        ({ cause, confidence }) => cause === 'slow-query' && confidence >= policy.diagnosis.unknownBelow,
      );
    expect(founded(climbing(40, -3))).toBe(true);
    expect(founded(connections(5, 12))).toBe(false);
  });

  it('names the application that holds the unused connections', () => {
    const found = connections(4, 92);
    const finding = found.finding as Extract<Finding, { probe: 'database-connections' }>;
    const held = { ...found, finding: { ...finding, unusedByApplication: { 'noa-claude-flow': 80, 'noa-mcp': 12 } } };
    const [best] = diagnose([
      errors(0.5),
      held,
      statements(null),
      logs(['database-connection', 90, 'timeout exceeded']),
    ]);
    expect(best).toMatchObject({ cause: 'connection-leak', names: ['noa-claude-flow'] });
    expect(best?.suggests[0]).toMatchObject({ action: 'restart', target: { name: 'noa-claude-flow' } });
  });

  it('finds a second fault in a deploy of after the first symptom, by errors that no look before it saw', () => {
    const before = bundle(
      [errors(0.4), DEPLOYED(-5000), answered(['provider', 40, 40, 'anthropic 529']), ...providers(0.9, 0)],
      2,
    );
    const HOTFIX = rollouts({
      name: 'noa-mcp',
      current: revision(8, 'hotfix', 6),
      previous: revision(7, 'copy tweak', -5000),
    });
    const later = (lines: EvidenceItem) =>
      explain({
        bundles: [before, bundle([errors(0.6), HOTFIX, lines, ...providers(0.9, 0)], 10)],
        alerts: [alert()],
        remediesTried: [],
        policy,
        now: at(11),
      }).find(({ cause }) => cause === 'bad-deploy');
    const added = later(
      answered(['provider', 40, 40, 'anthropic 529'], ['exception', 50, 50, 'TypeError: y is undefined']),
    );
    expect(added?.confidence).toBeGreaterThan(policy.diagnosis.unknownBelow);
    expect(added?.suggests.map(({ action }) => action)).toContain('rollback');
    expect(later(answered(['provider', 60, 60, 'anthropic 529']))?.confidence ?? 0).toBeLessThan(0.1);
  });
});

describe('machines below the service (R2.0, R2.3)', () => {
  it('takes the node for the cause when the database stood on it', () => {
    const evidence = [
      errors(1),
      nodes({ name: 'node-1', ready: false }, { name: 'node-2' }, { name: 'node-3' }),
      databaseAnswers(false, 'connect ECONNREFUSED'),
      pods({ name: 'noa-postgres-0', app: 'noa-postgres', ready: false, node: 'node-1' }),
    ];
    expect(diagnose(evidence)[0]).toMatchObject({ cause: 'node-down', names: ['node-1'] });
  });

  it('takes several nodes at once for the infrastructure, and suggests nothing', () => {
    const two = nodes({ name: 'node-1', ready: false }, { name: 'node-2', ready: false }, { name: 'node-3' });
    expect(diagnose([errors(0.6), two])[0]).toMatchObject({ cause: 'infrastructure-down', suggests: [] });
  });

  it('sees a processor that is used up, unless all of them are: then it is the traffic', () => {
    const three = nodes({ name: 'a' }, { name: 'b' }, { name: 'c' });
    expect(diagnose([latency(4), three, usage(['a', 98, 30], ['b', 30, 30], ['c', 31, 30])])[0]).toMatchObject({
      cause: 'node-pressure',
      names: ['a'],
    });
    const all = diagnose([latency(4), three, usage(['a', 98, 30], ['b', 97, 30], ['c', 99, 30])]);
    expect(all.some(({ cause }) => cause === 'node-pressure')).toBe(false);
  });

  it('takes names that do not resolve for the infrastructure', () => {
    const lines = answered(['name-resolution', 80, 80, 'getaddrinfo EAI_AGAIN noa-postgres']);
    expect(diagnose([errors(0.9), lines])[0]).toMatchObject({
      cause: 'infrastructure-down',
      names: ['dns'],
      suggests: [],
    });
  });
});

describe('what only people can mend', () => {
  it.each([
    ['data-corruption', 'Data corruption: amcheck found damaged pages'],
    ['security-breach', 'Active security breach: sessions from unknown addresses'],
    ['authentication-broken', 'Authentication broken: 100% of the requests are refused'],
    ['replica-lag', 'The replica is 240 s behind the primary'],
    ['replica-missing', 'No replica streams from the primary'],
  ])('%s suggests nothing to do, with or without a deploy nearby', (cause, summary) => {
    const [best] = diagnose([errors(0, null), DEPLOYED(-2)], { alerts: [alert(summary)] });
    expect(best).toMatchObject({ cause, suggests: [] });
  });
});
