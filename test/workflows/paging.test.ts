import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PageAnswer } from '../../src/activities/pagerduty/api.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import { measuresOf } from '../../src/domain/measures.ts';
import { vouchedFor } from '../../src/domain/people.ts';
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

const MINUTE = 60;

/** What a tap on the phone leaves in the paging system. */
function tapped(did: PageAnswer['did'], at: string): PageAnswer {
  return { did, by: vouchedFor({ id: 'rob', roles: ['responder'] }, 'Rob'), at };
}

async function paged(story: Awaited<ReturnType<typeof beginIncident>>): Promise<readonly string[]> {
  return (await story.events('paged')).map(({ contact }) => contact);
}

describe('an acknowledgement whose word was lost (R1.4)', () => {
  it('is read in the paging system before the backup is paged, and counts from when it was given', async () => {
    const story = await beginIncident(engine, policy);
    await story.pass(3 * MINUTE);
    story.world.pageAnswers = [tapped('acknowledged', '2024-10-23T14:33:00.000Z')];
    await story.pass(60 * MINUTE);
    expect(await paged(story)).toEqual(['oncall-primary']);
    const state = await story.state();
    expect(state.acknowledged).toEqual({ by: 'rob', at: '2024-10-23T14:33:00.000Z' });
    expect(state.commander).toBe('rob');
    expect(state.promises.find(({ promise }) => promise.kind === 'acknowledge')?.ended?.how).toBe('kept');
    const [acknowledged] = await story.events('acknowledged');
    expect(acknowledged?.by.via).toBe('pagerduty');
    expect(measuresOf(await story.timeline())?.lengths.acknowledge).toEqual({ status: 'recorded', seconds: 180 });
    // It is stopped there too, as after any other acknowledgement.
    expect(story.world.said('page')).toContain('acknowledge');
  });

  it('may have been a tap on Resolve: nobody else is called, and the incident stays open', async () => {
    const story = await beginIncident(engine, policy);
    await story.pass(3 * MINUTE);
    story.world.pageAnswers = [tapped('resolved', '2024-10-23T14:32:00.000Z')];
    await story.pass(30 * MINUTE);
    expect(await paged(story)).toEqual(['oncall-primary']);
    expect((await story.state()).resolved).toBeNull();
    expect((await story.events('noted')).map(({ text }) => text)).toContainEqual(
      expect.stringContaining('stays open until it is resolved here'),
    );
  });

  it('cannot be read while the paging system is away: that is said, and the backup is paged in time', async () => {
    const story = await beginIncident(engine, policy);
    story.world.pageAnswers = 'away';
    await story.pass(16 * MINUTE);
    expect(await paged(story)).toContain('oncall-backup');
    const troubles = (await story.events('trouble')).filter(({ where }) => where === 'paging');
    expect(troubles[0]?.words).toContain('PagerDuty answered 401');
    const missed = (await story.events('promise-ended')).find(({ how }) => how === 'missed');
    expect(missed?.because).toBe('not acknowledged within 15 minutes; next to be paged: On-call backup');
  });

  it('is asked for an alert that had paged somebody by itself, too', async () => {
    const story = await beginIncident(engine, policy, {
      alert: { source: 'pagerduty', fingerprint: 'pagerduty:Q1', alreadyPaged: true },
    });
    story.world.pageAnswers = [tapped('acknowledged', '2024-10-23T14:31:00.000Z')];
    await story.pass(60 * MINUTE);
    expect(await paged(story)).toEqual([]);
    expect((await story.state()).acknowledged?.by).toBe('rob');
  });
});

describe('who is on call (R0.8, R1.5)', () => {
  const invited = (story: Awaited<ReturnType<typeof beginIncident>>) =>
    story.world.delivered.flatMap((delivery) =>
      delivery.what === 'open-channel' || delivery.what === 'invite' ? [delivery.inviteChatIds] : [],
    );

  it('is read live: they are invited and named, and whoever is paged next is read anew and follows', async () => {
    const story = await beginIncident(engine, policy);
    story.world.onCall.set('oncall-primary', ['erin']);
    story.world.onCall.set('oncall-backup', ['frank']);
    await story.pass(10);
    expect(invited(story)).toEqual([['U0ERIN']]);
    expect((await story.events('on-call-read')).map(({ words }) => words)).toEqual([
      'On call now: erin (On-call primary), frank (On-call backup).',
    ]);
    story.world.onCall.set('oncall-backup', ['henry']);
    await story.pass(16 * MINUTE);
    expect(invited(story)).toEqual([['U0ERIN'], ['U0HENRY']]);
    expect(await story.onCall()).toBe('erin (On-call primary), henry (On-call backup)');
  });

  it('may be named by what they hold when something is given to them', async () => {
    const story = await beginIncident(engine, policy);
    story.world.onCall.set('oncall-backup', ['frank']);
    await story.pass(10);
    expect(await story.decide('alice', 'assign', { to: 'oncall-backup', what: 'the database' })).toContain('frank');
    expect(await story.decide('alice', 'hand-over', { to: 'cto' })).toBe('dave leads now.');
  });

  it('changes with the shift: whoever comes next is told and called into the channel, once', async () => {
    const story = await beginIncident(engine, policy);
    story.world.shiftEndsAt = '2024-10-23T14:40:00.000Z';
    await story.pass(60);
    await story.decide('rob', 'acknowledge', {});
    story.world.onCall.set('oncall-primary', ['erin']);
    story.world.shiftEndsAt = null;
    await story.pass(20 * MINUTE);
    expect(invited(story)).toEqual([['U0ALICE'], ['U0ERIN']]);
    const notes = story.world.delivered.flatMap((one) => (one.what === 'note' ? [one.detail] : []));
    expect(notes).toEqual(['The shift has changed. On call now: erin (On-call primary).']);
  });

  it('is the policy’s own list where nobody else says it, without a question', async () => {
    const contacts = { ...policy.contacts };
    for (const name of ['oncall-primary', 'oncall-backup'] as const)
      contacts[name] = { ...contacts[name], onCall: null };
    const story = await beginIncident(engine, { ...policy, contacts });
    await story.pass(10);
    expect(invited(story)).toEqual([['U0ALICE']]);
    expect(story.world.askedOnCall).toEqual([]);
  });

  it('is invited too when the alert had paged them by itself', async () => {
    const story = await beginIncident(engine, policy, { alert: { source: 'pagerduty', alreadyPaged: true } });
    await story.pass(10);
    expect(invited(story)).toEqual([['U0ALICE']]);
  });
});

describe('notes at the page (R4)', () => {
  const notes = (story: Awaited<ReturnType<typeof beginIncident>>) =>
    story.world.delivered.flatMap((one) =>
      one.medium === 'page-note' ? [`${one.what} ${JSON.stringify(one.page)}`] : [],
    );

  it('tell the milestones, each once, at the page that woke somebody', async () => {
    const story = await beginIncident(engine, policy);
    await story.pass(30);
    await story.decide('alice', 'acknowledge', {});
    await story.approveEverything('alice');
    await story.pass(policy.verification.holdMinutes * MINUTE + 30);
    await story.approveEverything('alice');
    await story.pass(30);
    const at = ' {"contact":"oncall-primary"}';
    const told = [`declared${at}`, `cause-known${at}`, `mitigated${at}`, `resolved${at}`];
    expect(notes(story)).toEqual(told);
    await story.decide('alice', 'reopen', { because: 'it is back' });
    await story.pass(30);
    expect(notes(story)).toEqual([...told, `reopened${at}`]);
  });

  it('wait while the paging system is away, are owed in sight, and come once, marked late', async () => {
    const story = await beginIncident(engine, policy);
    story.world.refused.set('page-note', 30);
    await story.pass(20);
    const owed = (await story.now()).facts.unsent?.filter(({ medium }) => medium === 'page-note');
    expect(owed?.map(({ what }) => what)).toEqual(['declared', 'cause-known']);
    story.world.refused.clear();
    await story.pass(3 * MINUTE);
    expect(notes(story)).toHaveLength(2);
    const published = (await story.events('published')).filter(({ message }) => message.medium === 'page-note');
    expect(published.map(({ late }) => late)).toEqual([true, true]);
  });

  it('are none where policy wants none', async () => {
    const communication = { ...policy.communication, pageNotes: [] };
    const story = await beginIncident(engine, { ...policy, communication });
    await story.pass(30);
    expect(notes(story)).toEqual([]);
  });

  it('stand at the page of the alert where that had paged by itself', async () => {
    const story = await beginIncident(engine, policy, {
      alert: { source: 'pagerduty', fingerprint: 'pagerduty:Q1', alreadyPaged: true },
    });
    await story.pass(30);
    expect(notes(story)[0]).toBe('declared {"alertFingerprint":"pagerduty:Q1"}');
  });
});
