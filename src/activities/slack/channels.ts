import { z } from 'zod';
import { failure } from '../failures.ts';
import { codeOf, isPassing } from './failures.ts';
import { ANYTHING, type Call, CURSOR } from './web.ts';

export interface OpenChannelInput {
  readonly incidentId: string;
  readonly name: string;
  readonly topic: string;
  readonly inviteChatIds: readonly string[];
  readonly bookmarks: readonly { readonly title: string; readonly url: string }[];
}

export interface OpenedChannel {
  readonly channelId: string;
  /** The name it really has: with a suffix when another incident owns the one that was asked for. */
  readonly name: string;
  readonly adopted: boolean;
  /** What could not be done to it (a person who cannot be invited, …), in words. */
  readonly warnings: readonly string[];
}

const TOPIC_CHARACTERS = 250;
const LAST_SUFFIX = 9;
const LIST_PAGES = 20;

const CHANNEL = z.object({
  id: z.string(),
  name: z.string(),
  creator: z.string().optional(),
  topic: z.object({ value: z.string() }).optional(),
  purpose: z.object({ value: z.string() }).optional(),
});
type Channel = z.infer<typeof CHANNEL>;
const CHANNEL_LIST = z.object({ channels: z.array(CHANNEL), response_metadata: CURSOR });

/** Safe to retry: a channel of this incident is adopted, one of another incident is left alone. */
export async function openChannel(call: Call, input: OpenChannelInput): Promise<OpenedChannel> {
  const { channel, adopted } = await createOrAdopt(call, input);
  const warnings: string[] = [];
  // The purpose carries our id and is written first: from here on a retry recognises the channel as this incident's.
  await attempt(warnings, 'set the purpose', () =>
    call('conversations.setPurpose', { channel: channel.id, purpose: input.incidentId }, ANYTHING),
  );
  const topic = topicOf(input);
  if (channel.topic?.value !== topic)
    await attempt(warnings, 'set the topic', () =>
      call('conversations.setTopic', { channel: channel.id, topic }, ANYTHING),
    );
  await invite(call, channel.id, input.inviteChatIds, warnings);
  await addBookmarks(call, channel.id, input.bookmarks, warnings);
  return { channelId: channel.id, name: channel.name, adopted, warnings };
}

/** Slack refuses a longer one. */
export function topicOf({ topic }: { readonly topic: string }): string {
  return topic.length <= TOPIC_CHARACTERS ? topic : `${topic.slice(0, TOPIC_CHARACTERS - 1)}…`;
}

async function createOrAdopt(call: Call, input: OpenChannelInput): Promise<{ channel: Channel; adopted: boolean }> {
  for (let suffix = 1; suffix <= LAST_SUFFIX; suffix += 1) {
    const name = channelName(input.name, suffix);
    try {
      const created = await call('conversations.create', { name, is_private: false }, z.object({ channel: CHANNEL }));
      return { channel: created.channel, adopted: false };
    } catch (error) {
      if (codeOf(error) !== 'name_taken') throw error;
      const existing = await findChannel(call, name);
      if (existing !== null && (await isOurs(call, existing, input.incidentId)))
        return { channel: existing, adopted: true };
    }
  }
  throw failure(
    'Conflict',
    `Slack has channels called ${input.name} up to -${LAST_SUFFIX}, none of them of ${input.incidentId}. Archive the stale ones.`,
  );
}

function channelName(name: string, suffix: number): string {
  const tail = suffix === 1 ? '' : `-${suffix}`;
  const clean = name.toLowerCase().replace(/[^a-z0-9_-]+/gu, '-');
  return `${clean.slice(0, 80 - tail.length)}${tail}`;
}

/** Ours by its marker, or created by this bot and never marked: the answer to our create was lost. */
async function isOurs(call: Call, channel: Channel, incidentId: string): Promise<boolean> {
  const words = `${channel.purpose?.value ?? ''} ${channel.topic?.value ?? ''}`.trim();
  if (words !== '') return words.split(/[\s,;:()[\]]+/u).includes(incidentId);
  const self = await call('auth.test', {}, z.object({ user_id: z.string() }));
  return channel.creator === self.user_id;
}

async function findChannel(call: Call, name: string): Promise<Channel | null> {
  let cursor = '';
  for (let page = 0; page < LIST_PAGES; page += 1) {
    const answer = await call(
      'conversations.list',
      {
        limit: 200,
        exclude_archived: false,
        types: 'public_channel,private_channel',
        ...(cursor === '' ? {} : { cursor }),
      },
      CHANNEL_LIST,
    );
    const found = answer.channels.find((channel) => channel.name === name);
    if (found !== undefined) return found;
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (cursor === '') return null;
  }
  return null;
}

export async function invite(
  call: Call,
  channel: string,
  people: readonly string[],
  warnings: string[],
): Promise<void> {
  if (people.length === 0) return;
  try {
    await call('conversations.invite', { channel, users: people.join(','), force: true }, ANYTHING);
  } catch (error) {
    const code = codeOf(error);
    if (code === null || isPassing(code)) throw error;
    if (code !== 'already_in_channel' && code !== 'cant_invite_self')
      warnings.push(`Could not invite everybody: ${code}.`);
  }
}

export async function addBookmarks(
  call: Call,
  channel: string,
  bookmarks: OpenChannelInput['bookmarks'],
  warnings: string[],
): Promise<void> {
  if (bookmarks.length === 0) return;
  const shape = z.object({ bookmarks: z.array(z.object({ link: z.string().optional() })) });
  const present = await attempt(warnings, 'read the bookmarks', () =>
    call('bookmarks.list', { channel_id: channel }, shape),
  );
  const links = new Set(present?.bookmarks.map((bookmark) => bookmark.link));
  for (const bookmark of bookmarks) {
    if (links.has(bookmark.url)) continue;
    await attempt(warnings, `add the bookmark ${bookmark.title}`, () =>
      call('bookmarks.add', { channel_id: channel, title: bookmark.title, type: 'link', link: bookmark.url }, ANYTHING),
    );
  }
}

/** The channel matters more than its ornaments: what Slack refuses for good is a warning, the rest is tried again. */
async function attempt<T>(warnings: string[], what: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if ((error as { nonRetryable?: boolean | null }).nonRetryable !== true) throw error;
    warnings.push(`Could not ${what}: ${(error as Error).message}`);
    return null;
  }
}

/** Slack takes names when posting but wants ids when reading; ids never change, so they are remembered. */
export function createChannelIds(call: Call) {
  const ids = new Map<string, string>();
  return {
    remember(channel: string, id: string): void {
      if (ids.size < 1000) ids.set(channel, id);
    },
    async idOf(channel: string): Promise<string | null> {
      if (/^[CGD][A-Z0-9]{6,}$/u.test(channel)) return channel;
      const known = ids.get(channel);
      if (known !== undefined) return known;
      const found = await findChannel(call, channel.replace(/^#/u, ''));
      if (found !== null) ids.set(channel, found.id);
      return found?.id ?? null;
    },
  };
}
