import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
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

/** A P0 whose customers have been told that it is over. */
async function told() {
  const story = await beginIncident(engine, policy, {
    alert: { name: 'APIErrorRateCritical', claimedSeverity: 'P0', labels: { severity: 'P0' } },
  });
  await story.decideSoon('alice', 'acknowledge', {});
  await story.decideSoon('alice', 'set-severity', { to: 'P0', because: 'nobody can work' });
  await story.approveEverything('alice');
  await story.pass(600);
  await story.approveEverything('alice');
  await story.pass(60);
  return story;
}

type Story = Awaited<ReturnType<typeof told>>;

async function comesBack(story: Story) {
  const startsAt = new Date(Date.parse((await story.now()).now) + 60_000).toISOString();
  await story.pass(120);
  story.world.healthy = false;
  await story.alerts([alert({ fingerprint: 'f1', startsAt, receivedAt: startsAt })]);
  await story.pass(60);
}

describe('mail to customers (R4.5)', () => {
  it('is corrected when the incident reopens, and told again when it is over again', async () => {
    const story = await told();
    expect((await story.state()).resolved).not.toBeNull();
    expect(story.world.mailed.map(({ edition }) => edition)).toEqual(['resolved-0']);
    await comesBack(story);
    expect((await story.state()).reopenings).toBe(1);
    const question = (await story.questions()).find(({ name }) => name === 'publish-email');
    expect(question?.options[0]?.shown).toBe('correction');
    // Nobody is told without a yes.
    expect(story.world.mailed).toHaveLength(1);
    await story.approve('publish-email');
    await story.pass(5);
    expect(story.world.mailed.at(-1)).toEqual({ edition: 'reopened-1', digest: 'digest of reopened-1' });
    story.world.healthy = true;
    await story.decide('alice', 'resolve', { fix: 'rolled back' });
    await story.pass(10);
    await story.approve('publish-email');
    await story.pass(5);
    expect(story.world.mailed.map(({ edition }) => edition)).toEqual(['resolved-0', 'reopened-1', 'resolved-1']);
  });

  it('needs no correction where nobody was told that it is over', async () => {
    const story = await beginIncident(engine, policy, {
      alert: { name: 'APIErrorRateCritical', claimedSeverity: 'P0', labels: { severity: 'P0' } },
    });
    await story.decideSoon('alice', 'set-severity', { to: 'P0', because: 'nobody can work' });
    story.world.healthy = true;
    await story.decideSoon('alice', 'resolve', { fix: 'it went away' });
    await story.pass(10);
    await comesBack(story);
    expect((await story.state()).reopenings).toBe(1);
    expect(story.world.mailed).toEqual([]);
    expect((await story.questions()).some(({ options }) => options[0]?.shown === 'correction')).toBe(false);
  });

  it('is in the post-mortem before the meeting, with what came back by then', async () => {
    const story = await told();
    const before = (await story.events('post-mortem-written')).length;
    await story.pass(90 * 60);
    expect((await story.events('post-mortem-written')).length).toBe(before + 1);
    expect(story.world.calls.filter((name) => name === 'writePostMortem')).toHaveLength(before + 1);
  });
});
