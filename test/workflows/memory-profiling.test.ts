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

const KILLED: readonly Finding[] = [
  { probe: 'error-rate', ratio: 0.12, trend: [], roseAt: null },
  {
    probe: 'pods',
    total: 1,
    pods: [
      {
        name: 'noa-mcp-1',
        app: 'noa-mcp',
        node: 'node-a',
        phase: 'Running',
        ready: true,
        restarts: 3,
        problem: null,
        lastTermination: 'OOMKilled',
        startedAt: null,
      },
    ],
  },
];

async function relieved(ticketsAreRefused: boolean) {
  const story = await beginIncident(engine, policy, { findings: KILLED });
  story.world.cure = 'memory-limit';
  if (ticketsAreRefused) story.world.refused.set('ticket', 0);
  await story.pass(20);
  const question = (await story.questions()).find(({ options }) => options.some(({ name }) => name === 'memory-limit'));
  await story.decide('alice', 'approve', { approvalId: question?.approvalId ?? '', option: 'memory-limit' });
  await story.pass(10 * 60);
  return story;
}

describe('relief of memory (R3.4.3, R3.4.5)', () => {
  it('opens one ticket for memory profiling, with a day, and names it on the timeline', async () => {
    const story = await relieved(false);
    const { incidentId } = await story.state();
    expect(story.world.tickets).toMatchObject([{ externalId: `${incidentId}/memory-profiling`, system: 'jira' }]);
    expect(story.world.tickets[0]?.title).toContain('memory profiling');
    expect(story.world.tickets[0]?.dueAt).toBeTruthy();
    expect(await story.events('ticket-opened')).toMatchObject([{ ref: 'NOA-7' }]);
  });

  it('says that the ticket could not be opened, and goes on', async () => {
    const story = await relieved(true);
    expect((await story.events('trouble')).map(({ where }) => where)).toContain('ticket for memory profiling');
    expect((await story.state()).mitigated).not.toBeNull();
  });
});
