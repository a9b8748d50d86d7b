import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from './engine.ts';
import type { PretendWorld } from './pretend-world.ts';
import { beginIncident } from './story.ts';

let engine: Engine;
let policy: Policy;

beforeAll(async () => {
  engine = await startEngine();
  policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
});
afterAll(async () => engine?.stop());

type Fix = NonNullable<PretendWorld['fix']>;

/** An incident with a slow statement, rolled back and resolved at about 14:40; the meeting is at 10:00 the next day. */
async function resolved(fix: Partial<Fix> | null = {}) {
  const story = await beginIncident(engine, policy);
  story.world.fix = fix === null ? null : { helpsInStaging: true, reviewed: true, canary: 'well', ...fix };
  await story.pass(30);
  await story.decide('alice', 'acknowledge', {});
  await story.approveEverything('alice');
  await story.pass(policy.verification.holdMinutes * 60 + 30);
  await story.approve('resolve');
  await story.pass(60);
  const acts = () =>
    story.world.acts.map(({ action, parameters }) => (parameters.revert === 1 ? `revert-${action}` : action));
  const stages = async () => (await story.events('fix-progressed')).map((event) => event.stage);
  return { ...story, acts, stages };
}

describe('the permanent fix (R5.6–R5.12)', () => {
  it('is proposed, tried, reviewed and merged; the canary is watched, promoted and taken away; the index comes in the window', async () => {
    const story = await resolved();
    expect(await story.stages()).toEqual(['proposed', 'tried', 'pull-request', 'merged', 'window-planned']);
    await story.approve('canary');
    await story.pass(60);
    await story.approve('promote');
    await story.approve('migrate');
    await story.pass(60);
    expect(story.acts()).toEqual(['rollback', 'canary', 'promote', 'revert-canary']);
    await story.pass(13 * 3600);
    expect(story.acts()).toContain('migrate');
    expect(await story.stages()).toEqual(
      expect.arrayContaining(['canary-watched', 'canary-well', 'promoted', 'migrated']),
    );
    expect((await story.stages()).at(-1)).toBe('finished');
    const [migrated] = (await story.events('fix-progressed')).filter((event) => event.stage === 'migrated');
    expect(migrated?.at.slice(0, 13)).toBe('2024-10-24T02');
    await story.pass(12 * 3600);
    expect(await story.result()).toMatchObject({ closedAs: 'resolved' });
  });

  it('leaves production alone when staging shows no gain, and when no index follows from the statement', async () => {
    const useless = await resolved({ helpsInStaging: false });
    await useless.approve('canary');
    await useless.pass(60);
    await useless.approve('promote');
    await useless.pass(60);
    expect(await useless.stages()).not.toContain('window-planned');
    expect((await useless.stages()).at(-1)).toBe('left-to-people');
    const none = await resolved(null);
    expect(await none.stages()).toEqual(['left-to-people']);
    expect(none.acts()).toEqual(['rollback']);
  });

  it('asks again for a review that does not come, and does nothing before it (R5.9)', async () => {
    const story = await resolved({ reviewed: false });
    await story.pass(policy.resolution.reviewReminderMinutes * 60 + 60);
    const reminders = story.world.delivered.filter(
      (delivery) =>
        delivery.medium === 'chat' && delivery.what === 'note' && delivery.detail?.includes('waits for a review'),
    );
    expect(reminders).toHaveLength(1);
    expect(story.acts()).toEqual(['rollback']);
    if (story.world.fix !== null) story.world.fix.reviewed = true;
    await story.pass(120);
    expect(await story.stages()).toContain('merged');
  });

  it('takes a canary back that is worse, and promotes nothing (R5.11)', async () => {
    const story = await resolved({ canary: 'worse' });
    await story.approve('canary');
    await story.pass(60);
    expect(story.acts()).toEqual(['rollback', 'canary', 'revert-canary']);
    expect(await story.stages()).toContain('canary-regressed');
    expect((await story.questions()).map(({ name }) => name)).not.toContain('promote');
  });

  it('holds a canary while people say so, lets it go on, and stops it at once when they say that', async () => {
    const story = await resolved({ canary: 'watched' });
    await expect(story.decide('alice', 'pause-canary', { because: 'x' })).rejects.toThrow('No canary is running');
    await story.approve('canary');
    await story.pass(300);
    await story.decide('alice', 'pause-canary', { because: 'a spike elsewhere' });
    await story.pass(3600);
    expect((await story.state()).permanentFix?.canary).toBe('paused');
    await story.decide('alice', 'pause-canary', { because: 'quiet again' });
    await story.pass(300);
    expect((await story.state()).permanentFix?.canary).toBe('watched');
    await story.decide('alice', 'abort-canary', { because: 'customers complain' });
    await story.pass(60);
    expect(story.acts()).toEqual(['rollback', 'canary', 'revert-canary']);
  });

  it('can be called off until the window opens (R5.8)', async () => {
    const story = await resolved();
    await story.approve('migrate');
    await story.decide('alice', 'call-off', { what: 'migrate', because: 'month-end closing' });
    await story.pass(14 * 3600);
    expect(story.acts()).not.toContain('migrate');
    expect(await story.stages()).toContain('called-off');
  });

  it('waits for the next night when nobody says yes in time, and says so', async () => {
    const story = await resolved();
    await story.pass(14 * 3600);
    expect(story.acts()).not.toContain('migrate');
    const troubles = (await story.events('trouble')).map(({ words }) => words);
    expect(troubles.join()).toMatch(/window passes without it: not approved in time/);
    expect((await story.stages()).filter((stage) => stage === 'window-planned')).toHaveLength(2);
  });
});
