import { serve, type Wire, type WireAnswer, type WireRequest } from '../publication/wire.ts';

export interface FakeChannel {
  readonly id: string;
  readonly name: string;
  readonly creator: string;
  topic: { value: string };
  purpose: { value: string };
  readonly bookmarks: { link: string }[];
  readonly invited: string[];
  readonly messages: { ts: string; text: string; metadata: unknown }[];
}

export interface Workspace {
  readonly wire: Wire;
  readonly channels: FakeChannel[];
  /** Answers the next call of a method this way; with `lose` the call takes effect first. */
  fail(method: string, answer: WireAnswer): void;
  addChannel(name: string, purpose: string, creator?: string): FakeChannel;
  calls(method: string): readonly WireRequest[];
}

const BOT = 'U0BOT';

/** Enough of Slack's Web API for the product's client, with state, over a real socket. */
export async function startWorkspace(): Promise<Workspace> {
  const channels: FakeChannel[] = [];
  const failures: { method: string; answer: WireAnswer }[] = [];
  const addChannel = (name: string, purpose: string, creator = BOT): FakeChannel => {
    const channel = {
      id: `C00000${channels.length + 10}`,
      name,
      creator,
      topic: { value: '' },
      purpose: { value: purpose },
      bookmarks: [],
      invited: [],
      messages: [],
    };
    channels.push(channel);
    return channel;
  };
  const act = (method: string, body: Record<string, unknown>): unknown => {
    const wanted = body.channel ?? body.channel_id;
    const channel = channels.find(
      (candidate) => candidate.id === wanted || candidate.name === String(wanted).replace(/^#/u, ''),
    );
    switch (method) {
      case 'conversations.create':
        if (channels.some((candidate) => candidate.name === body.name)) return { ok: false, error: 'name_taken' };
        return { ok: true, channel: addChannel(String(body.name), '') };
      case 'conversations.list':
        return { ok: true, channels, response_metadata: { next_cursor: '' } };
      case 'auth.test':
        return { ok: true, user_id: BOT };
      case 'usergroups.list':
        return { ok: true, usergroups: [{ id: 'S1', handle: 'oncall-engineers' }] };
    }
    if (channel === undefined) return { ok: false, error: 'channel_not_found' };
    return actIn(channel, method, body);
  };
  const wire = await serve((request) => {
    const method = request.path.replace(/^\/api\//u, '');
    const index = failures.findIndex((entry) => entry.method === method);
    const failed = index < 0 ? undefined : failures.splice(index, 1)[0]?.answer;
    if (failed !== undefined && failed.lose === undefined) return failed;
    const json = act(method, request.body);
    return failed ?? { status: 200, json };
  });
  return {
    wire,
    channels,
    addChannel,
    fail: (method, answer) => failures.push({ method, answer }),
    calls: (method) => wire.requests.filter((request) => request.path === `/api/${method}`),
  };
}

function actIn(channel: FakeChannel, method: string, body: Record<string, unknown>): unknown {
  switch (method) {
    case 'conversations.setPurpose':
      channel.purpose = { value: String(body.purpose) };
      return { ok: true };
    case 'conversations.setTopic':
      if (String(body.topic).length > 250) return { ok: false, error: 'too_long' };
      channel.topic = { value: String(body.topic) };
      return { ok: true };
    case 'conversations.invite':
      channel.invited.push(...String(body.users).split(','));
      return { ok: true };
    case 'bookmarks.list':
      return { ok: true, bookmarks: channel.bookmarks };
    case 'bookmarks.add':
      channel.bookmarks.push({ link: String(body.link) });
      return { ok: true };
    case 'conversations.history':
      return { ok: true, messages: [...channel.messages].reverse() };
    case 'chat.postMessage': {
      const message = {
        ts: `17000000${channel.messages.length}.000100`,
        text: String(body.text),
        metadata: body.metadata,
      };
      channel.messages.push(message);
      return { ok: true, ts: message.ts, channel: channel.id };
    }
    default:
      return { ok: false, error: 'unknown_method' };
  }
}
