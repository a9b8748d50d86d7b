import { isTrue, type Method, required, type SlackAnswer, type SlackArgs, SlackRefusal, text } from './arguments.ts';
import { blocksProblem } from './blocks.ts';
import { SURFACE_METHODS } from './surfaces.ts';
import type { SlackChannel, SlackMessage } from './workspace.ts';
import { BOT_USER, TEAM, type Workspace } from './workspace.ts';

const MAX_TOPIC = 250;
const MAX_NAME = 80;
/** A longer message is cut, not refused (an edit is: vendor-rules/slack.ts). */
const MAX_TEXT = 40_000;

/** Each Web API method that the simulated workspace knows. */
export const METHODS: Readonly<Record<string, Method>> = {
  'api.test': () => ({}),
  'auth.test': () => ({
    url: 'https://sim.slack.com/',
    team: 'Simulated',
    user: 'incident-bot',
    team_id: TEAM,
    user_id: BOT_USER,
    bot_id: 'B0BOT01',
  }),
  'conversations.create': createChannel,
  'conversations.list': listChannels,
  'conversations.info': (workspace, args) => ({ channel: channelJson(channelOf(workspace, args)) }),
  'conversations.join': (workspace, args) => {
    const channel = openChannelOf(workspace, args);
    channel.members.add(BOT_USER);
    return { channel: channelJson(channel) };
  },
  'conversations.invite': invite,
  'conversations.members': (workspace, args) => ({
    members: [...channelOf(workspace, args).members],
    response_metadata: { next_cursor: '' },
  }),
  'conversations.setTopic': (workspace, args) => {
    const channel = openChannelOf(workspace, args);
    const topic = text(args, 'topic');
    if (topic.length > MAX_TOPIC) throw new SlackRefusal('too_long');
    channel.topic = topic;
    return { channel: channelJson(channel) };
  },
  'conversations.setPurpose': (workspace, args) => {
    const channel = openChannelOf(workspace, args);
    const purpose = text(args, 'purpose');
    if (purpose.length > MAX_TOPIC) throw new SlackRefusal('too_long');
    channel.purpose = purpose;
    return { purpose, channel: channelJson(channel) };
  },
  'conversations.archive': (workspace, args) => {
    const channel = channelOf(workspace, args);
    if (channel.archived) throw new SlackRefusal('already_archived');
    channel.archived = true;
    return {};
  },
  'conversations.history': history,
  'conversations.replies': replies,
  'chat.postMessage': (workspace, args, atMs) => {
    const posted = post(workspace, args, atMs, null);
    return { channel: posted.channel, ts: posted.ts, message: messageJson(posted, true) };
  },
  'chat.postEphemeral': (workspace, args, atMs) => {
    const user = text(args, 'user');
    if (!workspace.people.people.some((one) => one.chatId === user)) throw new SlackRefusal('user_not_in_channel');
    return { message_ts: post(workspace, args, atMs, user).ts };
  },
  'chat.update': update,
  'chat.getPermalink': (workspace, args) => {
    const channel = channelOf(workspace, args);
    const message = messageOf(workspace, channel, text(args, 'message_ts'));
    return {
      channel: channel.id,
      permalink: `https://sim.slack.com/archives/${channel.id}/p${message.ts.replace('.', '')}`,
    };
  },
  'pins.add': (workspace, args) => {
    const channel = channelOf(workspace, args);
    const { ts } = messageOf(workspace, channel, text(args, 'timestamp'));
    if (channel.pins.includes(ts)) throw new SlackRefusal('already_pinned');
    channel.pins.push(ts);
    return {};
  },
  'bookmarks.add': (workspace, args) => {
    const channel = channelOf(workspace, args, 'channel_id');
    const bookmark = {
      id: `Bk${channel.bookmarks.length + 1}`,
      title: required(args, 'title'),
      link: text(args, 'link'),
      type: text(args, 'type') || 'link',
    };
    channel.bookmarks.push(bookmark);
    return { bookmark: { ...bookmark, channel_id: channel.id } };
  },
  'pins.remove': (workspace, args) => {
    const channel = channelOf(workspace, args);
    const at = channel.pins.indexOf(text(args, 'timestamp'));
    if (at < 0) throw new SlackRefusal('no_pin');
    channel.pins.splice(at, 1);
    return {};
  },
  'pins.list': (workspace, args) => {
    const channel = channelOf(workspace, args);
    const items = channel.pins.flatMap((ts) => {
      const message = workspace.message(channel.id, ts);
      return message === null ? [] : [{ type: 'message', channel: channel.id, message: messageJson(message, false) }];
    });
    return { items };
  },
  'bookmarks.list': (workspace, args) => ({ bookmarks: channelOf(workspace, args, 'channel_id').bookmarks }),
  'users.lookupByEmail': (workspace, args) => {
    const found = workspace.people.people.find((one) => one.email === text(args, 'email').toLowerCase());
    if (found === undefined) throw new SlackRefusal('users_not_found');
    return { user: userJson(found) };
  },
  'users.info': (workspace, args) => {
    const found = workspace.people.people.find((one) => one.chatId === text(args, 'user'));
    if (found === undefined) throw new SlackRefusal('user_not_found');
    return { user: userJson(found) };
  },
  'users.list': (workspace) => ({
    members: workspace.people.people.map(userJson),
    response_metadata: { next_cursor: '' },
  }),
  'usergroups.list': (workspace) => ({
    usergroups: workspace.people.groups.map(({ handle, members }, i) => ({
      id: `S0${String(i + 1).padStart(7, '0')}`,
      team_id: TEAM,
      handle,
      name: handle,
      users: members,
    })),
  }),
  ...SURFACE_METHODS,
};

function createChannel(workspace: Workspace, args: SlackArgs, atMs: number): SlackAnswer {
  const name = text(args, 'name');
  if (name === '') throw new SlackRefusal('invalid_name_required');
  if (name.length > MAX_NAME) throw new SlackRefusal('invalid_name_maxlength');
  if (!/^[a-z0-9_-]+$/.test(name)) throw new SlackRefusal('invalid_name_specials');
  if (!/[a-z0-9]/.test(name)) throw new SlackRefusal('invalid_name_punctuation');
  // Archived channels keep their names.
  if (workspace.channels.some((one) => one.name === name)) throw new SlackRefusal('name_taken');
  return { channel: channelJson(workspace.create(name, BOT_USER, atMs)) };
}

function listChannels(workspace: Workspace, args: SlackArgs): SlackAnswer {
  const wanted = isTrue(args.exclude_archived) ? workspace.channels.filter((one) => !one.archived) : workspace.channels;
  const { page, next } = paged(wanted, args);
  return { channels: page.map(channelJson), response_metadata: { next_cursor: next } };
}

function invite(workspace: Workspace, args: SlackArgs): SlackAnswer {
  const channel = openChannelOf(workspace, args);
  const users = required(args, 'users')
    .split(',')
    .map((one) => one.trim());
  const known = users.filter((user) => workspace.people.people.some((one) => one.chatId === user));
  const problems = users.flatMap((user) => {
    if (user === BOT_USER) return [{ user, ok: false, error: 'cant_invite_self' }];
    if (!known.includes(user)) return [{ user, ok: false, error: 'user_not_found' }];
    return channel.members.has(user) ? [{ user, ok: false, error: 'already_in_channel' }] : [];
  });
  if (problems.length > 0 && !isTrue(args.force))
    throw new SlackRefusal(problems[0]?.error ?? 'user_not_found', { errors: problems });
  if (problems.length === users.length)
    throw new SlackRefusal(problems[0]?.error ?? 'user_not_found', { errors: problems });
  for (const user of known) channel.members.add(user);
  return { channel: channelJson(channel), ...(problems.length === 0 ? {} : { errors: problems }) };
}

function history(workspace: Workspace, args: SlackArgs): SlackAnswer {
  const channel = channelOf(workspace, args);
  const oldest = Number(text(args, 'oldest') || 0);
  const latest = Number(text(args, 'latest') || Number.MAX_SAFE_INTEGER);
  const inclusive = isTrue(args.inclusive);
  const found = workspace.messages
    .filter((one) => one.channel === channel.id && one.threadTs === null && one.onlyFor === null)
    .filter(({ ts }) =>
      inclusive ? Number(ts) >= oldest && Number(ts) <= latest : Number(ts) > oldest && Number(ts) < latest,
    )
    .reverse();
  const { page, next } = paged(found, args);
  const withMetadata = isTrue(args.include_all_metadata);
  return {
    messages: page.map((one) => messageJson(one, withMetadata)),
    has_more: next !== '',
    response_metadata: { next_cursor: next },
  };
}

function replies(workspace: Workspace, args: SlackArgs): SlackAnswer {
  const channel = channelOf(workspace, args);
  const root = messageOf(workspace, channel, text(args, 'ts'));
  const thread = workspace.messages.filter(
    (one) => one.channel === channel.id && (one === root || one.threadTs === root.ts),
  );
  const { page, next } = paged(thread, args);
  return {
    messages: page.map((one) => messageJson(one, isTrue(args.include_all_metadata))),
    has_more: next !== '',
    response_metadata: { next_cursor: next },
  };
}

function post(workspace: Workspace, args: SlackArgs, atMs: number, onlyFor: string | null): SlackMessage {
  const channel = openChannelOf(workspace, args);
  if (!channel.members.has(BOT_USER)) throw new SlackRefusal('not_in_channel');
  const content = contentOf(args);
  const threadTs = text(args, 'thread_ts');
  if (threadTs !== '') messageOf(workspace, channel, threadTs);
  return workspace.post({ channel: channel.id, user: BOT_USER, ...content, threadTs: threadTs || null, onlyFor, atMs });
}

function update(workspace: Workspace, args: SlackArgs): SlackAnswer {
  const channel = openChannelOf(workspace, args);
  const message = messageOf(workspace, channel, text(args, 'ts'));
  if (message.user !== BOT_USER) throw new SlackRefusal('cant_update_message');
  const content = contentOf(args);
  message.text = content.text;
  message.blocks = content.blocks;
  if (content.metadata !== null) message.metadata = content.metadata;
  message.edited = true;
  return { channel: channel.id, ts: message.ts, text: message.text };
}

function contentOf(args: SlackArgs): { text: string; blocks: readonly unknown[]; metadata: unknown } {
  const words = text(args, 'text') || text(args, 'markdown_text');
  const { blocks = [], metadata = null } = args;
  const problem = blocksProblem(blocks);
  if (problem !== null)
    throw new SlackRefusal(problem.error, {
      errors: [problem.where],
      response_metadata: { messages: [`[ERROR] ${problem.where}`] },
    });
  if (words === '' && (blocks as unknown[]).length === 0) throw new SlackRefusal('no_text');
  return { text: words.slice(0, MAX_TEXT), blocks: blocks as unknown[], metadata: validMetadata(metadata) };
}

function validMetadata(metadata: unknown): unknown {
  if (metadata === null || metadata === '') return null;
  const { event_type: type, event_payload: payload } = metadata as Record<string, unknown>;
  if (typeof type !== 'string' || typeof payload !== 'object' || payload === null)
    throw new SlackRefusal('metadata_must_be_sent_from_app');
  return metadata;
}

function channelOf(workspace: Workspace, args: SlackArgs, key = 'channel'): SlackChannel {
  const found = workspace.find(text(args, key));
  if (found === null) throw new SlackRefusal('channel_not_found');
  return found;
}

function openChannelOf(workspace: Workspace, args: SlackArgs): SlackChannel {
  const channel = channelOf(workspace, args);
  if (channel.archived) throw new SlackRefusal('is_archived');
  return channel;
}

function messageOf(workspace: Workspace, channel: SlackChannel, ts: string): SlackMessage {
  const found = workspace.message(channel.id, ts);
  if (found === null) throw new SlackRefusal('message_not_found');
  return found;
}

function paged<T>(all: readonly T[], args: SlackArgs): { page: readonly T[]; next: string } {
  const limit = Math.min(1000, Number(args.limit ?? 100) || 100);
  const from = Number(text(args, 'cursor').replace(/^at-/, '') || 0);
  const end = from + limit;
  return { page: all.slice(from, end), next: end < all.length ? `at-${end}` : '' };
}

function channelJson(channel: SlackChannel): SlackAnswer {
  const said = (value: string) => ({ value, creator: value === '' ? '' : BOT_USER, last_set: 0 });
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: true,
    is_private: false,
    is_archived: channel.archived,
    is_member: channel.members.has(BOT_USER),
    created: Math.floor(channel.createdAtMs / 1000),
    creator: channel.creator,
    topic: said(channel.topic),
    purpose: said(channel.purpose),
    num_members: channel.members.size,
  };
}

function messageJson(message: SlackMessage, withMetadata: boolean): SlackAnswer {
  return {
    type: 'message',
    user: message.user,
    text: message.text,
    ts: message.ts,
    ...(message.blocks.length === 0 ? {} : { blocks: message.blocks }),
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.edited ? { edited: { user: message.user, ts: message.ts } } : {}),
    ...(withMetadata && message.metadata !== null ? { metadata: message.metadata } : {}),
  };
}

function userJson(person: {
  readonly chatId: string;
  readonly handle: string;
  readonly name: string;
  readonly email: string;
}): SlackAnswer {
  const { chatId: id, handle, name, email } = person;
  return {
    id,
    team_id: TEAM,
    name: handle,
    deleted: false,
    is_bot: false,
    real_name: name,
    profile: { real_name: name, display_name: handle, email },
  };
}
