import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import type { EvidenceGap } from '../../src/domain/evidence.ts';
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

const begin = (changes: Partial<Policy> = {}) => beginIncident(engine, { ...policy, ...changes });

describe('the incident', () => {
  it('runs from the alert to the review, people approving (R9 S1)', async () => {
    const story = await begin();
    await story.pass(1);
    expect(story.world.said('page')).toEqual(['trigger']);
    expect(story.world.said('chat')).toContain('open-channel');
    expect(story.world.said('chat')).toContain('initial');
    expect(await story.kinds()).toContain('approval-requested');

    await story.pass(120);
    expect(await story.decide('alice', 'acknowledge', {})).toContain('Acknowledged');
    await story.pass(45);
    const [question] = await story.questions();
    expect(question).toMatchObject({ name: 'rollback' });
    await story.decide('alice', 'approve', { approvalId: question?.approvalId ?? '', option: null });
    await story.pass(30);
    expect(story.world.acts.map((plan) => plan.action)).toEqual(['rollback']);
    expect((await story.state()).phase).toBe('resolution');

    await story.pass(policy.verification.holdMinutes * 60);
    await story.approveEverything('alice');
    await story.pass(60);
    const state = await story.state();
    expect(state.resolved?.by).toBe('runbook');
    expect(state.phase).toBe('review');
    expect(state.postMortem).not.toBeNull();
    expect(story.world.said('chat')).toContain('resolved');
    expect(state.promises.filter((record) => record.ended?.how === 'missed')).toEqual([]);

    await story.pass(48 * 3600);
    expect(await story.result()).toMatchObject({ closedAs: 'resolved' });
    expect(story.world.acts).toHaveLength(1);
  });

  it('asks soon again what did not answer, and not what nobody can be asked, whatever the reason’s words (R2)', async () => {
    const looksInThreeMinutes = async (gap: Pick<EvidenceGap, 'kind' | 'reason'>) => {
      const gaps = [{ probe: 'rollouts' as const, source: 'Kubernetes', ...gap }];
      const story = await beginIncident(engine, policy, { gaps });
      await story.pass(60);
      expect((await story.questions()).map(({ name }) => name)).toContain('rollback');
      const looks = () => story.world.calls.filter((name) => name === 'collectEvidence').length;
      const before = looks();
      await story.pass(3 * 60);
      return looks() - before;
    };
    const silent = { kind: 'no-answer', reason: 'The proxy says: upstream not configured.' } as const;
    expect(await looksInThreeMinutes(silent)).toBeGreaterThanOrEqual(2);
    expect(await looksInThreeMinutes({ kind: 'not-configured', reason: 'Policy names no cluster.' })).toBe(0);
  });

  it('pages the backup, then the managers, when nobody acknowledges; nobody twice (R1.4, R0.8)', async () => {
    const story = await begin();
    await story.pass(45 * 60);
    const paged = story.world.delivered.flatMap((delivery) =>
      delivery.medium === 'page' && delivery.what === 'trigger' ? [delivery.contact] : [],
    );
    expect(paged).toEqual(['oncall-primary', 'oncall-backup', 'engineering-manager', 'cto']);
    const missed = (await story.state()).promises.filter((record) => record.ended?.how === 'missed');
    expect(missed.map((record) => record.promise.kind)).toEqual(['acknowledge']);
  });

  it('stops every page at the acknowledgement and still escalates by time (R0.4b)', async () => {
    const story = await begin();
    await story.pass(60);
    await story.decide('rob', 'acknowledge', {});
    await story.pass(31 * 60);
    expect(story.world.said('page')).toEqual(['trigger', 'acknowledge']);
    const mails = story.world.delivered.flatMap((delivery) =>
      delivery.medium === 'mail' && delivery.what === 'escalation' ? delivery.to : [],
    );
    expect(mails).toContain(policy.contacts['engineering-manager'].email);
  });

  it('speaks at the promised time when nobody wrote, and the next time is a promise again (R4.2)', async () => {
    const story = await begin();
    await story.decideSoon('alice', 'acknowledge', {});
    await story.pass(29 * 60);
    const before = story.world.said('chat').filter((what) => what === 'no-news').length;
    await story.pass(3 * 60);
    expect(story.world.said('chat').filter((what) => what === 'no-news').length).toBe(before + 1);
    const promises = (await story.state()).promises.filter((record) => record.promise.kind === 'update');
    expect(promises.some((record) => record.ended?.how === 'kept')).toBe(true);
    expect(promises.some((record) => record.ended === null)).toBe(true);
  });

  it('goes ahead by itself when policy pre-approves the rollback (R3.2.4)', async () => {
    const story = await begin({ approvals: { ...policy.approvals, rollback: 'automatic' } });
    await story.pass(30);
    expect(story.world.acts.map((plan) => plan.action)).toEqual(['rollback']);
    expect((await story.events('approval-granted')).map((event) => event.how)).toContain('pre-approved');
  });

  it('lets people choose the restart, sees it relapse and says that the cause is still there (R9 S0)', async () => {
    const story = await begin();
    story.world.cure = 'restart';
    await story.pass(60);
    await story.decide('alice', 'acknowledge', {});
    const [question] = await story.questions();
    await story.decide('alice', 'approve', { approvalId: question?.approvalId ?? '', option: 'restart' });
    await story.pass(60);
    expect(story.world.acts.map((plan) => plan.action)).toEqual(['restart']);
    story.world.healthy = false;
    await story.pass(policy.verification.holdMinutes * 60 + 120);
    const kinds = await story.kinds();
    expect(kinds).toContain('relapsed');
    expect((await story.state()).round).toBe(2);
    expect((await story.questions())[0]?.name).toBe('rollback');
  });

  it('refuses who may not, what is not there, and what is for another incident, each with a sentence', async () => {
    const story = await begin();
    await story.pass(10);
    const [question] = await story.questions();
    const approvalId = question?.approvalId ?? '';
    await expect(story.decide('rob', 'approve', { approvalId, option: null })).rejects.toThrow(
      /needs the role approver/,
    );
    await expect(story.decide('alice', 'approve', { approvalId: 'nothing', option: null })).rejects.toThrow(
      /no question nothing/,
    );
    await expect(story.decide('alice', 'approve', { approvalId, option: 'scale' })).rejects.toThrow(
      /not one of the options/,
    );
    await expect(story.decide('alice', 'note', { text: 'x' }, 'incident-20000101-0000')).rejects.toThrow(
      /names incident-20000101-0000/,
    );
  });

  it('takes a decision that comes twice only once', async () => {
    const story = await begin();
    await story.pass(10);
    const id = randomUUID();
    await story.decide('alice', 'note', { text: 'seen' }, undefined, id);
    const again = await story.decide('alice', 'note', { text: 'seen' }, undefined, id);
    expect(again).toBeDefined();
    expect((await story.events('noted')).filter((event) => event.text === 'seen')).toHaveLength(1);
  });

  it('keeps what could not be said and says the newest when chat is back, once (communication debt)', async () => {
    const story = await begin();
    story.world.refused.set('chat', 120);
    await story.pass(10 * 60);
    expect(story.world.said('chat')).toEqual([]);
    expect((await story.state()).unsent.some((unsent) => unsent.medium === 'chat')).toBe(true);
    story.world.refused.clear();
    await story.pass(3 * 60);
    const told = story.world.said('chat').filter((what) => ['initial', 'update', 'no-news'].includes(what));
    expect(told).toHaveLength(1);
    expect((await story.events('published')).some((event) => event.late)).toBe(true);
  });

  it('still owes what stands for the whole when only a question or a note gets through', async () => {
    const story = await begin();
    story.world.refused.set('chat', 20 * 60);
    await story.pass(2 * 60);
    story.world.refused.clear();
    // Questions and announcements are sent again first; they do not say where the incident stands.
    await story.pass(25 * 60);
    const said = story.world.said('chat');
    expect(said.indexOf('question')).toBeGreaterThan(-1);
    expect(said.indexOf('initial')).toBeGreaterThan(said.indexOf('question'));
    const madeUpFor = (await story.events('publication-superseded')).map(({ newerKey }) => newerKey.split('/')[1]);
    expect(madeUpFor.filter((what) => what !== 'initial')).toEqual([]);
  });

  it('ends as a false alarm when a person says so, and pages nobody any more', async () => {
    const story = await begin();
    await story.pass(30);
    await story.decide('alice', 'false-alarm', { because: 'a load test' });
    expect(await story.result()).toMatchObject({ closedAs: 'false-alarm' });
    expect(story.world.said('page').at(-1)).toBe('resolve');
  });

  it('re-times every clock when the severity changes (R0.7)', async () => {
    const story = await begin();
    await story.decideSoon('alice', 'acknowledge', {});
    await story.pass(60);
    await story.decide('alice', 'set-severity', { to: 'P0', because: 'everybody is affected' });
    await story.pass(30);
    const state = await story.state();
    expect(state.severity).toBe('P0');
    const update = state.promises.find((record) => record.promise.kind === 'update' && record.ended === null);
    expect((Date.parse(update?.promise.dueAt ?? '') - Date.parse(state.told?.at ?? '')) / 60_000).toBe(15);
    const escalated = story.world.delivered.flatMap((delivery) =>
      delivery.medium === 'mail' && delivery.what === 'escalation' ? delivery.to : [],
    );
    expect(escalated).toEqual(expect.arrayContaining([policy.contacts.cto.email]));
    expect(story.world.said('page').filter((what) => what === 'trigger')).toHaveLength(1);
  });
});
