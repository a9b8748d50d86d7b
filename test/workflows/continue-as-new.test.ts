import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { type Engine, startEngine } from './engine.ts';
import { beginIncident } from './story.ts';

/** The server is told to suggest a new run after a few events, so that the incident changes runs all along its way. */
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ dynamicConfig: ['limit.historyCount.suggestContinueAsNew=25'] });
});
afterAll(async () => engine?.stop());

describe('an incident that continues as new again and again', () => {
  it('loses nothing and does nothing twice: remedies, pages, promises, approvals, timeline', async () => {
    const policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
    const story = await beginIncident(engine, policy);
    await story.pass(90);
    await story.decide('alice', 'acknowledge', {});
    await story.pass(60);
    const rollback = (await story.questions()).find((question) => question.name === 'rollback');
    await story.decide('alice', 'approve', { approvalId: rollback?.approvalId ?? '', option: null });
    await story.pass(policy.verification.holdMinutes * 60 + 60);
    // A run that is given up asks its waits again, so a question may come a little later than with one run.
    for (let look = 0; look < 10; look += 1) {
      await story.approveEverything('alice');
      await story.pass(60);
    }
    await story.pass(72 * 3600);

    expect(await story.result()).toMatchObject({ closedAs: 'resolved' });
    expect(await story.runs()).toBeGreaterThan(4);
    expect(story.world.acts.map((plan) => plan.action)).toEqual(['rollback']);
    expect(story.world.said('page').filter((what) => what === 'trigger')).toHaveLength(1);
    // The pinned summary is written once and then edited where it stands, under one key through all runs.
    const pinned = story.world.delivered.filter((delivery) => delivery.what === 'pinned');
    expect(new Set(pinned.map((delivery) => delivery.key)).size).toBe(1);
    expect(pinned.filter((delivery) => 'ref' in delivery && delivery.ref === null)).toHaveLength(1);
    const sent = story.world.delivered.filter((delivery) => delivery.what !== 'pinned');
    expect(new Set(sent.map((delivery) => delivery.key)).size).toBe(
      sent.filter((delivery) => delivery.medium !== 'page' || delivery.what === 'trigger').length,
    );
    const timeline = story.world.timeline();
    expect(timeline.map((event) => event.seq)).toEqual(timeline.map((_, index) => index + 1));
    expect(timeline.filter((event) => event.kind === 'opened')).toHaveLength(1);
    // A yes that a run did not live to act on is acted on by the next: nobody is asked again.
    const asked = timeline.flatMap((event) => (event.kind === 'approval-requested' ? event.approval.id : []));
    expect(asked.filter((id) => id.startsWith('status.monitoring.'))).toEqual(['status.monitoring.1']);
    expect(timeline.filter((event) => event.kind === 'promise-ended' && event.how === 'missed')).toEqual([]);
  });

  it('keeps every promise while the store is away, and changes runs once the whole timeline is copied', async () => {
    const policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
    const story = await beginIncident(engine, policy);
    story.world.refused.set('record', 1);
    await story.pass(20);
    await story.decide('alice', 'acknowledge', {});
    await story.pass(50 * 60);
    expect(await story.runs()).toBe(1);
    // A P1 promises news every 15 minutes (R4.3), and somebody to lead is called: neither waits for the store.
    const promises = await story.events('promise-ended');
    expect(promises.filter(({ how }) => how === 'missed')).toEqual([]);
    expect(promises.filter(({ how }) => how === 'kept').length).toBeGreaterThanOrEqual(2);

    story.world.refused.delete('record');
    await story.pass(10 * 60);
    expect(await story.runs()).toBeGreaterThan(1);
    await story.decide('alice', 'cancel', { because: 'the play is over' });
    expect(await story.result()).toMatchObject({ closedAs: 'cancelled' });
    const timeline = story.world.timeline();
    expect(timeline.map((event) => event.seq)).toEqual(timeline.map((_, index) => index + 1));
  });
});
