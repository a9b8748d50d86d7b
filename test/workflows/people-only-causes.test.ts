import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Finding } from '../../src/domain/evidence.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from './engine.ts';
import { beginIncident } from './story.ts';

let engine: Engine;
let policy: Policy;

beforeAll(async () => {
  engine = await startEngine();
  policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
});
afterAll(async () => engine?.stop());

const WELL: readonly Finding[] = [
  { probe: 'error-rate', ratio: 0.002, trend: [], roseAt: null },
  { probe: 'latency', p95Seconds: 0.3, trend: [], roseAt: null },
];
const node = (name: string, ready: boolean) => ({ name, ready, problems: ready ? [] : ['NotReady'] });
const ZONE_GONE: readonly Finding[] = [
  { probe: 'error-rate', ratio: 0.6, trend: [], roseAt: null },
  { probe: 'nodes', nodes: [node('node-a', false), node('node-b', false), node('node-c', true)] },
];

describe('causes that only people can mend', () => {
  it('of the infrastructure are told to #devops, once, and nothing is done (R0.8)', async () => {
    const story = await beginIncident(engine, policy, { findings: ZONE_GONE });
    await story.pass(11 * 60);
    const told = story.world.delivered.filter((delivery) => 'channel' in delivery && delivery.channel === '#devops');
    expect(told).toMatchObject([{ what: 'announcement' }]);
    expect((await story.state()).hypotheses[0]?.cause).toBe('infrastructure-down');
    expect(story.world.acts).toEqual([]);
    expect((await story.events('asked-person')).at(0)?.question).toContain(
      'Nothing is left that may be done automatically',
    );
  });

  it('are not over because requests succeed: a breach never showed in them', async () => {
    const summary = 'Active security breach: sessions from unknown addresses';
    const story = await beginIncident(engine, policy, { findings: WELL, alert: { summary, name: 'SecurityBreach' } });
    story.world.healthy = true;
    await story.pass(20 * 60);
    const state = await story.state();
    expect(state.severity).toBe('P0');
    expect(state.hypotheses[0]?.cause).toBe('security-breach');
    expect(state.mitigated).toBeNull();
    expect(story.world.acts).toEqual([]);
  });
});
