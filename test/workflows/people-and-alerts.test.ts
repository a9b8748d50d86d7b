import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from './engine.ts';
import { alert, beginIncident } from './story.ts';

let engine: Engine;
let policy: Policy;

beforeAll(async () => {
  engine = await startEngine();
  policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
});
afterAll(async () => engine?.stop());

const begin = () => beginIncident(engine, policy);
type Story = Awaited<ReturnType<typeof begin>>;

/** Through mitigation to resolved, everything approved. */
async function resolved(): Promise<Story> {
  const story = await begin();
  await story.pass(30);
  await story.decide('alice', 'acknowledge', {});
  await story.approveEverything('alice');
  await story.pass(policy.verification.holdMinutes * 60 + 30);
  await story.approveEverything('alice');
  await story.pass(30);
  expect((await story.state()).resolved).not.toBeNull();
  return story;
}

describe('decisions that come as signals', () => {
  it('pass the same checks, and a refused one is on the timeline with the reason (ADR 0009)', async () => {
    const story = await begin();
    await story.pass(10);
    await story.signalDecision('rob', 'acknowledge', {});
    await story.signalDecision('alice', 'reopen', { because: 'x' });
    await story.signalAnything('note', { nonsense: true });
    await story.pass(5);
    expect((await story.state()).acknowledged?.by).toBe('rob');
    const refused = await story.events('decision-refused');
    expect(refused.map((event) => event.reason)).toEqual([
      expect.stringContaining('nothing to reopen'),
      expect.stringContaining('needs an id'),
    ]);
  });
});

describe('what an alert claims', () => {
  it('raises the severity when the claim rises while it fires, with the reason, until a person says otherwise (R1.8)', async () => {
    const story = await begin();
    await story.pass(10);
    const { severity } = await story.state();
    expect(severity).toBe('P1');
    await story.alerts([alert({ claimedSeverity: 'P0' })]);
    await story.pass(5);
    const raised = await story.state();
    expect(raised.severity).toBe('P0');
    expect(raised.severityReasons).toContainEqual(expect.stringMatching(/^P0: an alert or a person says P0/));
    expect(raised.alerts).toHaveLength(1);
    await story.decide('alice', 'set-severity', { to: 'P2', because: 'a test environment' });
    await story.alerts([alert({ claimedSeverity: 'P1' })]);
    await story.pass(5);
    const overridden = await story.state();
    expect([overridden.severity, overridden.severityBy, overridden.severityReasons]).toEqual([
      'P2',
      'person',
      ['a test environment'],
    ]);
  });
});

describe('two people at once', () => {
  it('are one decision and one sentence that says who was first', async () => {
    const story = await begin();
    await story.pass(10);
    const question = (await story.questions())[0];
    const approvalId = question?.approvalId ?? '';
    const answers = await Promise.allSettled([
      story.decide('alice', 'approve', { approvalId, option: 'restart' }),
      story.decide('alice', 'reject', { approvalId, because: 'no' }),
    ]);
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
    const loser = answers.find((answer) => answer.status === 'rejected');
    expect(String(loser?.reason)).toMatch(/was already (granted|rejected) by alice/);
  });
});

describe('after resolution', () => {
  it('reopens when the alert fires again within the window, and investigates anew (R1.9)', async () => {
    const story = await resolved();
    const before = await story.state();
    const startsAt = new Date(Date.parse((await story.now()).now) + 60_000).toISOString();
    await story.pass(120);
    story.world.healthy = false;
    await story.alerts([alert({ startsAt, receivedAt: startsAt })]);
    await story.pass(30);
    const after = await story.state();
    expect(after.reopenings).toBe(1);
    expect(after.resolved).toBeNull();
    expect(after.round).toBe(before.round + 1);
    expect(story.world.said('chat')).toContain('reopened');
    // The rollback did not last, so it does not explain it any more: fresh evidence, and an honest question.
    expect((await story.events('evidence-collected')).at(-1)?.bundle.purpose).toBe('investigation');
    expect((await story.events('asked-person')).at(-1)?.question).toContain('does not explain');
    expect(after.status).toBe('investigating');
  });

  it('takes a late repeat of the old alert for what it is', async () => {
    const story = await resolved();
    await story.alerts([alert()]);
    await story.pass(60);
    expect((await story.state()).reopenings).toBe(0);
  });
});

describe('commands of the day', () => {
  it('hands over, assigns, merges', async () => {
    const story = await begin();
    await story.pass(10);
    await story.decide('alice', 'acknowledge', {});
    await story.decide('alice', 'hand-over', { to: 'rob' });
    await story.decide('rob', 'assign', { to: 'alice', what: 'look at the queries' });
    const state = await story.state();
    expect([state.commander, state.tasks[0]?.person]).toEqual(['rob', 'alice']);
    await expect(story.decide('alice', 'merge', { into: state.incidentId })).rejects.toThrow(/into itself/);
    await story.decide('alice', 'merge', { into: 'incident-20241023-1425' });
    expect(await story.result()).toMatchObject({ closedAs: 'merged' });
  });

  it('puts the next update off with a reason, and no earlier one goes out (ADR 0013)', async () => {
    const story = await begin();
    await story.pass(10);
    await story.decide('alice', 'acknowledge', {});
    await story.decide('alice', 'snooze', { minutes: 90, because: 'waiting for the vendor' });
    await story.pass(80 * 60);
    expect(story.world.said('chat').filter((what) => what === 'no-news')).toEqual([]);
    await story.pass(15 * 60);
    expect(story.world.said('chat').filter((what) => what === 'no-news')).toHaveLength(1);
  });

  it('prints paper at any moment: what was done, what waits, what is left (ADR 0019)', async () => {
    const story = await begin();
    await story.pass(10);
    const paper = await story.paper();
    expect(paper).toContain('Waiting for a decision');
    expect(paper).toContain('kubectl');
    expect(paper).toContain('Acknowledge the page');
  });

  it('escalates the question itself when nobody answers, and keeps it open (ADR 0012)', async () => {
    const story = await begin();
    await story.pass(10);
    await story.decide('rob', 'acknowledge', {});
    await story.pass(policy.approvalLimits.expireMinutes * 60 + 60);
    expect((await story.events('approval-reminded')).length).toBeGreaterThan(0);
    expect((await story.events('escalated')).some((event) => event.because.includes('nobody answered'))).toBe(true);
    expect((await story.questions()).some((question) => question.name === 'rollback')).toBe(true);
  });
});

describe('an alert about something the policy does not describe', () => {
  it('explains and proposes nothing, asks people, and takes no severity from what was measured elsewhere', async () => {
    const story = await beginIncident(engine, policy, {
      service: 'internal-wiki',
      alert: {
        claimedSeverity: null,
        service: 'internal-wiki',
        name: 'CertificateExpires',
        summary: 'expires in 20 days',
        labels: {},
      },
    });
    await story.pass(60);
    expect((await story.questions()).filter((question) => question.name !== 'publish-status')).toEqual([]);
    expect((await story.state()).hypotheses).toEqual([]);
    expect((await story.state()).severity).not.toBe('P1');
    expect((await story.events('asked-person')).at(-1)?.question).toContain('internal-wiki');
    expect(story.world.acts).toEqual([]);
  });

  it('ends by itself as mitigated once its alerts have cleared and all is measured to be well', async () => {
    const story = await beginIncident(engine, policy, {
      service: 'internal-wiki',
      alert: { service: 'internal-wiki', claimedSeverity: null },
    });
    story.world.healthy = true;
    await story.pass(60);
    const { now } = await story.now();
    await story.alerts([alert({ status: 'resolved', endsAt: now, receivedAt: now })]);
    await story.pass(60);
    expect((await story.state()).mitigated?.words).toContain('without remediation');
  });
});
