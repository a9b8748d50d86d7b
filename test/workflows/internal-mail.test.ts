import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/activities/publication/api.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Finding } from '../../src/domain/evidence.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from './engine.ts';
import { alert, beginIncident } from './story.ts';

let engine: Engine;
let policy: Policy;
beforeAll(async () => {
  engine = await startEngine();
  policy = await loadPolicy('policy/noa.yaml');
});
afterAll(async () => engine?.stop());

type Mail = Extract<Delivery, { medium: 'mail' }>;

async function begin(about: Parameters<typeof beginIncident>[2] = {}) {
  const story = await beginIncident(engine, policy, about);
  const mails = () =>
    story.world.delivered
      .filter((delivery): delivery is Mail => delivery.medium === 'mail' && delivery.what !== 'invitation')
      // A question that nobody answers is escalated as well, by a mail of its own.
      .filter(({ what, detail }) => what !== 'escalation' || detail?.startsWith('by time') === true)
      .map(({ what, to }) => [what, to]);
  return { story, mails };
}

const LISTS = ['incidents@noaserver.com', 'oncall@noaserver.com'];
const MANAGER = ['engineering-manager@noaserver.com'];

describe('internal mail (R4.6)', () => {
  it('goes to incidents@ and oncall@ when an incident opens and when it is over, and to the manager when it is still open', async () => {
    const { story, mails } = await begin();
    await story.pass(10);
    expect(mails()).toEqual([['opened', LISTS]]);
    await story.decide('alice', 'acknowledge', {});
    await story.pass(31 * 60);
    expect(mails()).toEqual([
      ['opened', LISTS],
      ['escalation', MANAGER],
    ]);
    story.world.healthy = true;
    await story.decide('alice', 'resolve', { fix: 'rolled back' });
    await story.pass(60);
    expect(mails().slice(2)).toEqual([['resolved', LISTS]]);
  });

  it('tells the manager and the CTO of a P0 at once, each once', async () => {
    const { story, mails } = await begin();
    await story.pass(10);
    await story.decide('alice', 'set-severity', { to: 'P0', because: 'nobody can sign in' });
    await story.pass(60);
    const escalations = mails().filter(([what]) => what === 'escalation');
    expect(escalations.flatMap(([, to]) => to).sort()).toEqual(['cto@noaserver.com', ...MANAGER]);
  });
});

describe('the severity of the first assessment (R1.8)', () => {
  const failing: readonly Finding[] = [
    { probe: 'error-rate', ratio: 0.45, trend: [], roseAt: null },
    { probe: 'latency', p95Seconds: 0.4, trend: [], roseAt: null },
    { probe: 'affected-users', affected: 1, total: 20, ratio: 0.05 },
  ];

  it('comes from the evidence where the alert claims none, is shown with its reasons, and gives way to a person', async () => {
    const { story } = await begin({ alert: alert({ claimedSeverity: null, labels: {} }), findings: failing });
    await story.pass(10);
    const { facts } = await story.now();
    expect(facts.severity).toBe('P1');
    expect(facts.reasons).toContainEqual(expect.stringMatching(/^P1: 45% of the requests fail, more than 10%/));
    expect((await story.events('severity-assessed')).at(-1)?.reasons).toEqual(facts.reasons);
    await story.decide('alice', 'set-severity', { to: 'P3', because: 'a load test of ours' });
    await story.pass(10 * 60);
    const overridden = (await story.now()).facts;
    expect([overridden.severity, overridden.reasons]).toEqual(['P3', ['a load test of ours']]);
  });
});
