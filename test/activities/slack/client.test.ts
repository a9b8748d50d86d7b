import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackClient, type SlackClient } from '../../../src/activities/slack/client.ts';
import { startWorkspace, type Workspace } from './workspace.ts';

const INPUT = {
  incidentId: 'incident-1',
  name: 'incident-20241023-1430',
  topic: 'P1 API',
  inviteChatIds: ['U1', 'U2'],
  bookmarks: [{ title: 'Overview', url: 'https://g.example/d' }],
};
const POST = { channel: 'incidents', text: 'hello', blocks: [], incidentId: 'incident-1', key: 'incident-1/initial/1' };

let slack: Workspace;
let client: SlackClient;

beforeEach(async () => {
  slack = await startWorkspace();
  client = createSlackClient({ token: 'xoxb-test-token', apiUrl: `${slack.wire.url}/api/`, timeoutMilliseconds: 1200 });
});
afterEach(() => slack.wire.close());

describe('openChannel', () => {
  it('creates it with marker, topic, people and bookmarks', async () => {
    const opened = await client.openChannel({ ...INPUT, topic: 'x'.repeat(400) });
    expect(opened).toEqual({ channelId: slack.channels[0]?.id, name: INPUT.name, adopted: false, warnings: [] });
    expect(slack.channels[0]).toMatchObject({
      purpose: { value: 'incident-1' },
      invited: ['U1', 'U2'],
      bookmarks: [{ link: 'https://g.example/d' }],
    });
    expect(slack.channels[0]?.topic.value).toHaveLength(250);
    expect(slack.wire.requests[0]?.headers.authorization).toBe('Bearer xoxb-test-token');
  });

  it('adopts its own after a lost answer, and bookmarks nothing twice', async () => {
    slack.fail('conversations.create', { status: 200, json: {}, lose: 'drop' });
    await expect(client.openChannel(INPUT)).rejects.toMatchObject({ type: 'Unavailable', nonRetryable: false });
    expect((await client.openChannel(INPUT)).adopted).toBe(true);
    const third = await client.openChannel(INPUT);
    expect(third).toMatchObject({ adopted: true, name: INPUT.name });
    expect(slack.channels).toHaveLength(1);
    expect(slack.channels[0]?.bookmarks).toHaveLength(1);
  });

  it('leaves another incident its channel and takes the next name', async () => {
    slack.addChannel(INPUT.name, 'incident-0');
    slack.addChannel(`${INPUT.name}-2`, '', 'U0SOMEBODY');
    expect((await client.openChannel(INPUT)).name).toBe(`${INPUT.name}-3`);
  });

  it('does not take an incident for another whose id begins the same', async () => {
    slack.addChannel(INPUT.name, 'incident-10');
    expect((await client.openChannel(INPUT)).name).toBe(`${INPUT.name}-2`);
  });

  it('gives up after -9', async () => {
    for (let n = 1; n <= 9; n += 1) slack.addChannel(n === 1 ? INPUT.name : `${INPUT.name}-${n}`, 'incident-0');
    await expect(client.openChannel(INPUT)).rejects.toMatchObject({ type: 'Conflict', nonRetryable: true });
  });

  it('counts an ornament Slack refuses as a warning, and retries one it limits', async () => {
    slack.fail('conversations.invite', { status: 200, json: { ok: false, error: 'user_not_found' } });
    slack.fail('conversations.setTopic', { status: 200, json: { ok: false, error: 'restricted_action' } });
    expect((await client.openChannel(INPUT)).warnings).toEqual([
      'Could not set the topic: Slack refused conversations.setTopic: restricted_action.',
      'Could not invite everybody: user_not_found.',
    ]);
    slack.fail('conversations.invite', { status: 429, json: {}, headers: { 'retry-after': '7' } });
    await expect(client.openChannel(INPUT)).rejects.toMatchObject({ type: 'RateLimited', nextRetryDelay: 7000 });
  });
});

describe('post', () => {
  beforeEach(() => {
    slack.addChannel('incidents', '');
  });

  it('carries the key, and is found by it', async () => {
    const { ref } = await client.post(POST);
    expect(slack.channels[0]?.messages).toEqual([
      {
        ts: ref,
        text: 'hello',
        metadata: { event_type: 'incident_update', event_payload: { incident_id: 'incident-1', key: POST.key } },
      },
    ]);
    expect(slack.calls('chat.postMessage')[0]?.body).toMatchObject({
      unfurl_links: 'false',
      link_names: 'false',
      parse: 'none',
    });
    expect(await client.findPosted('incidents', POST.key)).toBe(ref);
    expect(await client.findPosted('#incidents', 'incident-1/initial/2')).toBeNull();
    expect(await client.findPosted('nowhere', POST.key)).toBeNull();
  });

  it.each([
    ['with a time', { 'retry-after': '20' }, 20_000],
    ['without a time', {}, 30_000],
  ])('passes a limit on %s and does not retry by itself', async (_name, headers, delay) => {
    slack.fail('chat.postMessage', { status: 429, json: { ok: false, error: 'ratelimited' }, headers });
    await expect(client.post(POST)).rejects.toMatchObject({
      type: 'RateLimited',
      nonRetryable: false,
      nextRetryDelay: delay,
    });
    expect(slack.calls('chat.postMessage')).toHaveLength(1);
  });

  it.each([
    ['internal_error', 'Unavailable', false],
    ['invalid_auth', 'Unauthorised', true],
    ['channel_not_found', 'NotFound', true],
    ['msg_blocks_too_long', 'Invalid', true],
  ])('reads %s as %s', async (error, type, nonRetryable) => {
    slack.fail('chat.postMessage', { status: 200, json: { ok: false, error } });
    await expect(client.post(POST)).rejects.toMatchObject({ type, nonRetryable });
  });

  it('is unavailable when Slack breaks or hangs, without showing the token', async () => {
    slack.fail('chat.postMessage', { status: 503, json: {} });
    await expect(client.post(POST)).rejects.toMatchObject({ type: 'Unavailable' });
    slack.fail('chat.postMessage', { status: 200, json: {}, lose: 'hang' });
    const error = await client.post(POST).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ type: 'Unavailable', nonRetryable: false });
    expect(JSON.stringify(error)).not.toContain('xoxb');
  });
});

describe('groupMentions', () => {
  it('knows the groups of the workspace only', async () => {
    expect(await client.groupMentions(['oncall-engineers', 'nobody'])).toEqual({
      'oncall-engineers': '<!subteam^S1>',
      nobody: null,
    });
  });
});
