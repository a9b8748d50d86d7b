import { z } from 'zod';
import { failure } from '../failures.ts';
import {
  addBookmarks,
  createChannelIds,
  invite,
  type OpenChannelInput,
  type OpenedChannel,
  openChannel,
  topicOf,
} from './channels.ts';
import { codeOf } from './failures.ts';
import { type Upload, upload } from './files.ts';
import { type ChatEdit, type ChatPost, edit, findByKey, permalink, pin, post, whisper } from './messages.ts';
import { groupMentions, personByEmail } from './people.ts';
import { type OpenedView, openView, publishHome, updateView, type View } from './views.ts';
import { ANYTHING, caller, type SlackSettings } from './web.ts';

/** Channels are named by id or by name wherever one is asked for. Every method throws the failures of failures.ts. */
export interface SlackClient {
  /** Safe to retry: a channel of this incident is adopted, one of another incident is left alone. */
  openChannel(input: OpenChannelInput): Promise<OpenedChannel>;
  setTopic(channel: string, topic: string): Promise<void>;
  /** Answers what could not be done, in words; who is there already is no trouble. */
  invite(channel: string, chatIds: readonly string[]): Promise<readonly string[]>;
  /** A link that is there already is left as it is. Answers what could not be done, in words. */
  addBookmark(channel: string, bookmark: { readonly title: string; readonly url: string }): Promise<readonly string[]>;
  archiveChannel(channel: string): Promise<void>;
  /** Slack has no idempotency key: before a retry ask `findPosted`. Answers the message's `ts`. */
  post(message: ChatPost): Promise<{ readonly ref: string }>;
  edit(message: ChatEdit): Promise<void>;
  whisper(message: {
    readonly channel: string;
    readonly user: string;
    readonly text: string;
    readonly blocks: readonly unknown[];
  }): Promise<void>;
  pin(channel: string, ref: string): Promise<void>;
  permalink(channel: string, ref: string): Promise<string>;
  /** The `ts` of the message that carries this key in its metadata, among the newest of the channel (or of a thread). */
  findPosted(channel: string, key: string, threadRef?: string | null): Promise<string | null>;
  /** Tokens that call user groups, by handle; handles Slack does not know are null. */
  groupMentions(handles: readonly string[]): Promise<Readonly<Record<string, string | null>>>;
  personByEmail(email: string): Promise<string | null>;
  openView(triggerId: string, view: View): Promise<OpenedView>;
  updateView(opened: OpenedView, view: View): Promise<OpenedView>;
  publishHome(userId: string, view: View): Promise<void>;
  upload(file: Omit<Upload, 'channelId'> & { readonly channel: string }): Promise<{ readonly fileId: string }>;
  /** Who we are there. */
  self(): Promise<{ readonly userId: string; readonly botId: string | null; readonly team: string }>;
}

export function createSlackClient(settings: SlackSettings): SlackClient {
  const call = caller(settings);
  const channels = createChannelIds(call);
  const idOf = async (channel: string): Promise<string> => {
    const id = await channels.idOf(channel);
    if (id !== null) return id;
    throw failure('NotFound', `Slack has no channel ${channel}. Does it exist, and was the bot invited?`, {
      details: ['channel_not_found'],
    });
  };
  return {
    openChannel: (input) => openChannel(call, input),
    async setTopic(channel, topic) {
      await call('conversations.setTopic', { channel: await idOf(channel), topic: topicOf({ topic }) }, ANYTHING);
    },
    async invite(channel, chatIds) {
      const warnings: string[] = [];
      await invite(call, await idOf(channel), chatIds, warnings);
      return warnings;
    },
    async addBookmark(channel, bookmark) {
      const warnings: string[] = [];
      await addBookmarks(call, await idOf(channel), [bookmark], warnings);
      return warnings;
    },
    async archiveChannel(channel) {
      await call('conversations.archive', { channel: await idOf(channel) }, ANYTHING).catch((error: unknown) => {
        if (codeOf(error) !== 'already_archived') throw error;
      });
    },
    async post(message) {
      const { ref, channelId } = await post(call, message);
      channels.remember(message.channel, channelId);
      return { ref };
    },
    edit: async (message) => edit(call, await idOf(message.channel), message),
    whisper: async ({ channel, ...rest }) => whisper(call, await idOf(channel), rest),
    pin: async (channel, ref) => pin(call, await idOf(channel), ref),
    permalink: async (channel, ref) => permalink(call, await idOf(channel), ref),
    async findPosted(channel, key, threadRef = null) {
      const id = await channels.idOf(channel);
      return id === null ? null : findByKey(call, id, key, threadRef);
    },
    groupMentions: (handles) => groupMentions(call, handles),
    personByEmail: (email) => personByEmail(call, email),
    openView: (triggerId, view) => openView(call, triggerId, view),
    updateView: (opened, view) => updateView(call, opened, view),
    publishHome: (userId, view) => publishHome(call, userId, view),
    upload: async ({ channel, ...file }) => upload(call, { ...file, channelId: await idOf(channel) }),
    async self() {
      const shape = z.object({ user_id: z.string(), bot_id: z.string().nullish(), team_id: z.string() });
      const { user_id: userId, bot_id: botId, team_id: team } = await call('auth.test', {}, shape);
      return { userId, botId: botId ?? null, team };
    },
  };
}
