import { describe, expect, it } from 'vitest';
import { DEFAULT_PEOPLE } from '../../../lab/simulation/systems/people.ts';
import { createSlack } from '../../../lab/simulation/systems/slack/slack.ts';
import { createSlackClient } from '../../../src/activities/slack/client.ts';
import { holdsAgainstOddAnswers } from '../odd-answers.ts';
import { bench } from '../simulated.ts';

const TOKEN = 'xoxb-planted-secret-of-slack';
const at = bench();

async function start(scopes?: readonly string[]) {
  const slack = createSlack({
    clock: at.clock,
    faults: at.faults,
    log: at.log,
    people: DEFAULT_PEOPLE,
    botToken: TOKEN,
    ...(scopes === undefined ? {} : { scopes }),
  });
  const { url } = await slack.listen();
  at.stops.push(() => slack.close());
  return { slack, client: createSlackClient({ token: TOKEN, apiUrl: `${url}/api/`, timeoutMilliseconds: 2_000 }) };
}

const MODAL = { type: 'modal', title: { type: 'plain_text', text: 'Resolve' }, blocks: [] };
const message = (key: string) => ({ channel: 'incidents', text: 'hello', blocks: [], incidentId: 'incident-1', key });

describe('messages', () => {
  it('are edited, pinned once, linked, answered in a thread and found there (R1.5)', async () => {
    const { slack, client } = await start();
    const { ref } = await client.post(message('k1'));
    await client.edit({ ...message('k2'), text: 'better', ref });
    expect(slack.messages[0]).toMatchObject({ text: 'better', edited: true });
    expect(await client.findPosted('incidents', 'k2')).toBe(ref);
    await client.pin('incidents', ref);
    await client.pin('#incidents', ref);
    expect(slack.channels.find(({ name }) => name === 'incidents')?.pins).toEqual([ref]);
    expect(await client.permalink('incidents', ref)).toContain(ref.replace('.', ''));
    const reply = await client.post({ ...message('k3'), threadRef: ref });
    expect(await client.findPosted('incidents', 'k3')).toBeNull();
    expect(await client.findPosted('incidents', 'k3', ref)).toBe(reply.ref);
    await client.whisper({ channel: 'incidents', user: 'U0ALICE', text: 'only you', blocks: [] });
    expect(slack.messages.at(-1)).toMatchObject({ onlyFor: 'U0ALICE' });
  });

  it('whose answer was lost are found by their key and not posted again', async () => {
    const { slack, client } = await start();
    at.faults.set('slack', { kind: 'lost-answer', times: 1 });
    await expect(client.post(message('k1'))).rejects.toMatchObject({ type: 'Unavailable', nonRetryable: false });
    expect(await client.findPosted('incidents', 'k1')).toBe(slack.messages[0]?.ts);
  });

  it('an edit of a message that is not there is said to be that', async () => {
    const { client } = await start();
    await client.post(message('k1'));
    await expect(client.edit({ ...message('k2'), ref: '1.000001' })).rejects.toMatchObject({ type: 'NotFound' });
  });

  it('an edit of more characters than Slack takes is cut, although the message was taken whole', async () => {
    const { slack, client } = await start();
    const { ref } = await client.post({ ...message('k1'), text: 'x'.repeat(5_000) });
    expect(slack.messages[0]?.text).toHaveLength(5_000);
    await client.edit({ ...message('k2'), ref, text: 'y'.repeat(5_000) });
    expect(slack.messages[0]?.text.length).toBeLessThanOrEqual(4_000);
    expect(slack.messages[0]?.text).toMatch(/^y+…$/);
  });

  it('with more in their blocks than Slack takes together say the longest parts shorter, and keep their buttons', async () => {
    const { slack, client } = await start();
    const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
    const button = {
      type: 'actions',
      elements: [{ type: 'button', action_id: 'yes', text: { type: 'plain_text', text: 'Yes' } }],
    };
    const blocks = [section('Which way?'), ...Array.from({ length: 10 }, () => section('&lt;'.repeat(700))), button];
    const { ref } = await client.post({ ...message('k1'), blocks });
    await client.edit({ ...message('k2'), ref, blocks });
    const posted = slack.messages[0]?.blocks as typeof blocks;
    expect(posted).toHaveLength(blocks.length);
    expect([posted[0], posted.at(-1)]).toEqual([blocks[0], button]);
    expect(JSON.stringify(posted[1])).toMatch(/(&lt;)+…"/);
  });
});

describe('channels', () => {
  it('get topic, people and bookmarks one by one, and are archived once', async () => {
    const { slack, client } = await start();
    const opened = { incidentId: 'incident-1', name: 'incident-1', topic: 'P1', inviteChatIds: [], bookmarks: [] };
    await client.openChannel(opened);
    await client.setTopic('incident-1', 'x'.repeat(400));
    expect(await client.invite('incident-1', ['U0ALICE', 'U0NOBODY'])).toEqual([]);
    expect(await client.invite('incident-1', ['U0ALICE'])).toEqual([]);
    expect(await client.invite('incident-1', ['U0NOBODY'])).toEqual(['Could not invite everybody: user_not_found.']);
    const link = { title: 'Overview', url: 'https://g.example/d' };
    expect([await client.addBookmark('incident-1', link), await client.addBookmark('incident-1', link)]).toEqual([
      [],
      [],
    ]);
    const channel = slack.channels.at(-1);
    expect([channel?.topic.length, channel?.bookmarks.length, channel?.members.has('U0ALICE')]).toEqual([250, 1, true]);
    await client.archiveChannel('incident-1');
    await client.archiveChannel('incident-1');
    await expect(client.post({ ...message('k'), channel: 'incident-1' })).rejects.toMatchObject({
      type: 'Invalid',
      details: ['is_archived'],
    });
    await expect(client.setTopic('nowhere', 'x')).rejects.toMatchObject({ type: 'NotFound' });
  });

  it('two workers at once open one channel for one incident', async () => {
    const { slack, client } = await start();
    const opened = { incidentId: 'incident-1', name: 'incident-1', topic: 'P1', inviteChatIds: [], bookmarks: [] };
    const before = slack.channels.length;
    const both = await Promise.all([client.openChannel(opened), client.openChannel(opened)]);
    expect(new Set(both.map(({ channelId }) => channelId)).size).toBe(1);
    expect(slack.channels).toHaveLength(before + 1);
  });
});

describe('people, views and files', () => {
  it('people are found by their address, groups by their handle', async () => {
    const { client } = await start();
    expect(await client.personByEmail('Alice@noaserver.com')).toBe('U0ALICE');
    expect(await client.personByEmail('nobody@noaserver.com')).toBeNull();
    const groups = await client.groupMentions(['oncall-engineers', 'nobody']);
    expect(groups).toEqual({ 'oncall-engineers': expect.stringMatching(/^<!subteam\^S/), nobody: null });
    expect(await client.self()).toMatchObject({ userId: 'U0BOT01', team: 'T0SIM01' });
  });

  it('a trigger opens one view within three seconds; an update knows what it saw', async () => {
    const { slack, client } = await start();
    const answer = async () => {
      await slack.sendSlashCommand({ url: 'http://127.0.0.1:9/', signingSecret: 's', userId: 'U0ALICE', text: 'x' });
      return `${slack.views.length}`;
    };
    await answer();
    const opened = await client.openView('1.T0SIM01', MODAL);
    await expect(client.openView('1.T0SIM01', MODAL)).rejects.toMatchObject({ details: ['exchanged_trigger_id'] });
    await client.updateView(opened, { ...MODAL, callback_id: 'next' });
    await expect(client.updateView(opened, MODAL)).rejects.toMatchObject({ type: 'Conflict' });
    await answer();
    at.nowMs += 4_000;
    await expect(client.openView('2.T0SIM01', MODAL)).rejects.toMatchObject({ details: ['expired_trigger_id'] });
    await client.publishHome('U0ALICE', { type: 'home', blocks: [] });
    expect(slack.homes.get('U0ALICE')).toEqual({ type: 'home', blocks: [] });
  });

  it('a file is shown once though the first answer to its bytes was lost', async () => {
    const { slack, client } = await start();
    const file = {
      channel: 'incidents',
      filename: 'errors.png',
      title: 'Errors',
      content: Buffer.from([1, 2, 3]),
      comment: 'the errors',
      threadRef: null,
    };
    await client.post(message('k1'));
    at.faults.set('slack', { kind: 'lost-answer', times: 1 });
    await expect(client.upload(file)).rejects.toMatchObject({ type: 'Unavailable' });
    const { fileId } = await client.upload(file);
    expect(slack.files.filter(({ channel }) => channel !== null)).toMatchObject([{ id: fileId, title: 'Errors' }]);
  });
});

describe('scopes', () => {
  it('a missing one is named with what mends it', async () => {
    const { client } = await start(['chat:write', 'channels:read']);
    await client.post(message('k1'));
    await expect(client.setTopic('incidents', 'x')).rejects.toMatchObject({
      type: 'Unauthorised',
      message: expect.stringContaining('Add the bot scope channels:manage to the app'),
    });
  });
});

holdsAgainstOddAnswers('Slack', {
  secrets: [TOKEN],
  call: (url) =>
    createSlackClient({ token: TOKEN, apiUrl: `${url}/api/`, timeoutMilliseconds: 250 }).post(message('k1')),
  // The library does not read Retry-After there.
  except: { '503 with a time': 'Unavailable' },
});
