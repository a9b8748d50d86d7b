import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/activities/publication/api.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from './engine.ts';
import { beginIncident } from './story.ts';

let engine: Engine;
let policy: Policy;
beforeAll(async () => {
  engine = await startEngine();
  const noa = await loadPolicy('policy/noa.yaml');
  const [first] = noa.people;
  if (first === undefined) throw new Error('the policy has people');
  // One of them is invited as a contact too, under the same mailbox written otherwise.
  const manager = noa.contacts['engineering-manager'].email ?? '';
  const people = ['alice', 'rob', 'carol'].map((id) => ({
    ...first,
    id,
    email: id === 'carol' ? manager.toUpperCase() : `${id}@example.com`,
  }));
  policy = { ...noa, people };
});
afterAll(async () => engine?.stop());

const WEDNESDAY_MEETING = '2024-10-24T10:00:00.000Z';
const LATER_MEETING = '2024-10-25T10:00:00.000Z';

type Invitation = Extract<Delivery, { medium: 'mail' }>;

async function resolved() {
  const story = await beginIncident(engine, policy);
  story.world.meetingAt = WEDNESDAY_MEETING;
  await story.decideSoon('alice', 'acknowledge', {});
  await resolve(story);
  const invitations = () =>
    story.world.delivered.filter(
      (delivery): delivery is Invitation => delivery.medium === 'mail' && delivery.what === 'invitation',
    );
  return { story, invitations };
}

async function resolve(story: Awaited<ReturnType<typeof beginIncident>>): Promise<void> {
  story.world.healthy = true;
  await story.decideSoon('alice', 'resolve', { fix: 'rolled back' });
  await story.pass(60);
}

describe('the meeting for the review (R6.1)', () => {
  it('invites the kinds of attendee of the policy and who took part, each mailbox once', async () => {
    const { story, invitations } = await resolved();
    const contacts = policy.review.attendees.flatMap((contact) => policy.contacts[contact].email ?? []);
    expect(invitations().map(({ to, sequence }) => [to, sequence])).toEqual([[[...contacts, 'alice@example.com'], 0]]);
    // Invited already, under the address of the Engineering Manager.
    await story.decideSoon('carol', 'note', { text: 'I was there too' });
    await story.pass(60);
    expect(invitations()).toHaveLength(1);
  });

  it('goes to whoever takes part later, and to nobody twice, until it has begun', async () => {
    const { story, invitations } = await resolved();
    const before = invitations()[0]?.to ?? [];
    await story.decideSoon('rob', 'note', { text: 'the cache was cold as well' });
    await story.pass(60);
    expect(invitations()[1]).toMatchObject({
      to: ['rob@example.com'],
      invited: [...before, 'rob@example.com'],
      sequence: 0,
    });
    await story.decideSoon('rob', 'note', { text: 'and again' });
    await story.pass(60);
    expect(invitations()).toHaveLength(2);
    expect(new Set(invitations().map(({ key }) => key)).size).toBe(2);
    expect((await story.state()).review?.attendees).toEqual([...before, 'rob@example.com']);
  });

  it('stays where it is when the incident came back and the day is the same; only newcomers hear of it', async () => {
    const { story, invitations } = await resolved();
    await story.decideSoon('alice', 'reopen', { because: 'it is back' });
    await story.decideSoon('rob', 'note', { text: 'looking' });
    await story.pass(60);
    await resolve(story);
    expect(invitations().map(({ to, sequence }) => [to.length > 1, sequence])).toEqual([
      [true, 0],
      [false, 0],
    ]);
    expect(invitations()[1]?.to).toEqual(['rob@example.com']);
  });

  it('is moved, for everybody and under a higher sequence each time, when it ended on another day', async () => {
    const { story, invitations } = await resolved();
    await story.decideSoon('alice', 'reopen', { because: 'it is back' });
    story.world.meetingAt = LATER_MEETING;
    await story.decideSoon('rob', 'note', { text: 'looking' });
    await resolve(story);
    await story.decideSoon('alice', 'reopen', { because: 'once more' });
    story.world.meetingAt = '2024-10-28T10:00:00.000Z';
    await resolve(story);
    expect(invitations().map(({ sequence, invited }) => [sequence, invited])).toEqual([
      [0, undefined],
      [1, undefined],
      [2, undefined],
    ]);
    expect(invitations()[1]?.to).toEqual([...(invitations()[0]?.to ?? []), 'rob@example.com']);
    expect((await story.state()).review?.meetingAt).toBe('2024-10-28T10:00:00.000Z');
  });

  it.each(['in review', 'reopened'])('leaves every calendar when it was no incident after all: %s', async (when) => {
    const { story, invitations } = await resolved();
    if (when === 'reopened') await story.decideSoon('alice', 'reopen', { because: 'it is back' });
    await story.decideSoon('alice', 'false-alarm', { because: 'a test of the alerting' });
    await story.result();
    const [invited, calledOff, ...more] = invitations();
    expect(more).toEqual([]);
    expect(calledOff).toMatchObject({ calledOff: true, sequence: 1, to: invited?.to });
  });
});
