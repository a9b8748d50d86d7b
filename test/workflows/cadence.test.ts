import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
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

/** Nothing cures it, so that it stays open and its cadence can be watched. */
async function opened() {
  const story = await beginIncident(engine, policy);
  story.world.cure = null;
  await story.decideSoon('alice', 'acknowledge', {});
  return story;
}

describe('the promise of the next update (R4.2, ADR 0013)', () => {
  it('reminds the commander with a draft, and the draft goes out by one decision', async () => {
    const story = await opened();
    await story.pass(28 * 60);
    const { facts } = await story.now();
    expect(facts.draft?.text).toMatch(/Since the last message|No change since/u);
    expect(story.world.said('chat')).toContain('reminder');

    const overtaken = story.decide('alice', 'update', { text: '', expectedRecoveryAt: null, draftId: 'draft-1' });
    await expect(overtaken).rejects.toThrow('has been overtaken');
    await story.decide('alice', 'update', { text: '', expectedRecoveryAt: null, draftId: facts.draft?.id ?? '' });
    await story.pass(1);
    const [written] = await story.events('update-written');
    expect(written).toMatchObject({ text: facts.draft?.text, by: { person: 'alice' } });
    expect((await story.now()).facts.draft).toBeNull();
    expect((await story.state()).told?.what).toBe('update');
  });

  it('says that an update is late and why, when the channel did not take it', async () => {
    const story = await opened();
    await story.pass(20 * 60);
    story.world.refused.set('chat', 60);
    await story.pass(15 * 60);
    story.world.refused.clear();
    await story.pass(4 * 60);
    const late = (await story.state()).promises.filter((record) => record.ended?.how === 'late');
    expect(late).toHaveLength(1);
    expect(late[0]?.ended?.because).toMatch(
      /was due at 15:0\d UTC; this channel did not take it from 1\d:\d\d UTC on/u,
    );
    expect(story.world.lateWords).toContainEqual(expect.stringContaining('this channel did not take it'));
  });

  it('puts an update off only with a reason, and the new time is the promise', async () => {
    const story = await opened();
    await story.decide('alice', 'snooze', { minutes: 50, because: 'the vendor works on it' });
    await story.pass(40 * 60);
    const promises = (await story.state()).promises.filter(({ promise }) => promise.kind === 'update');
    expect(promises.some(({ ended }) => ended?.because === 'snoozed by a person')).toBe(true);
    expect(promises.at(-1)?.ended).toBeNull();
  });

  it('leaves no promise open when the incident ends', async () => {
    const story = await opened();
    await story.decide('alice', 'false-alarm', { because: 'a test alert' });
    await story.result();
    const ended = story.world.timeline().filter((event) => event.kind === 'promise-ended');
    expect(ended.at(-1)).toMatchObject({ how: 'superseded', because: 'the incident ended before it was due' });
  });
});

describe('when a channel is away (ADR 0013)', () => {
  it('tells colleagues by mail after the time that policy gives, at the cadence, and not once chat is back', async () => {
    const story = await opened();
    await story.pass(20 * 60);
    story.world.refused.set('chat', 60);
    await story.pass(70 * 60);
    const mails = () => story.world.said('mail').filter((what) => what === 'fallback').length;
    expect(mails()).toBe(2);
    expect((await story.now()).facts.unsent?.some(({ medium }) => medium === 'chat')).toBe(true);
    story.world.refused.clear();
    await story.pass(120 * 60);
    expect(mails()).toBe(2);
  });

  it('takes what somebody made the status page show, and asks before going back (R4.4)', async () => {
    const story = await opened();
    await story.pass(60);
    story.world.pageByHand = 'resolved';
    await story.pass(40 * 60);
    expect(await story.events('status-page-edited')).toMatchObject([{ from: 'investigating', to: 'resolved' }]);
    expect((await story.state()).statusPageStatus).toBe('resolved');
    expect((await story.questions()).some(({ name }) => name === 'publish-status')).toBe(true);
  });
});

describe('who is told by time (R0.1–R0.4)', () => {
  const escalations = async (severity: 'P0' | 'P1' | 'P2' | 'P3', minutes: number) => {
    const story = await beginIncident(engine, policy, {
      alert: { claimedSeverity: severity, labels: { alertname: 'Claimed', severity } },
    });
    story.world.cure = null;
    await story.decideSoon('alice', 'set-severity', { to: severity, because: 'as claimed' });
    await story.pass(minutes * 60);
    return (await story.events('escalated'))
      .filter(({ because }) => because.startsWith('by time'))
      .flatMap(({ to }) => to);
  };

  it('EM and CTO at once for P0 (R0.1)', async () => {
    expect(await escalations('P0', 1)).toEqual(['engineering-manager', 'cto']);
  });
  it('the engineering manager after 30 minutes for P1, not before (R0.2)', async () => {
    expect(await escalations('P1', 28)).toEqual([]);
    expect(await escalations('P1', 31)).toEqual(['engineering-manager']);
  });
  it('the team lead after two hours for P2 (R0.3)', async () => {
    expect(await escalations('P2', 119)).toEqual([]);
    expect(await escalations('P2', 121)).toEqual(['team-lead']);
  });
  it('nobody for P3 (R0.4)', async () => {
    expect(await escalations('P3', 26 * 60)).toEqual([]);
  });
});
