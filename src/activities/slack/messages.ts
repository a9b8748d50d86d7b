import { z } from 'zod';
import { clip } from '../../views/escape.ts';
import { fittingBlocks } from './blocks.ts';
import { codeOf } from './failures.ts';
import { ANYTHING, type Call, CURSOR } from './web.ts';

export interface ChatPost {
  /** Channel id or name. */
  readonly channel: string;
  readonly text: string;
  readonly blocks: readonly unknown[];
  readonly incidentId: string;
  readonly key: string;
  /** The message whose thread it answers in; absent or null: none. */
  readonly threadRef?: string | null;
}

/** What a message of ours says from now on; its key changes with it, so that a retry sees what is there. */
export interface ChatEdit extends Omit<ChatPost, 'threadRef'> {
  readonly ref: string;
}

const METADATA_TYPE = 'incident_update';
const HISTORY_PAGES = 3;
/** A longer edit is refused, although a longer message is taken; its blocks say it all the same. */
const EDITED_CHARACTERS = 4_000;
const HISTORY = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      metadata: z
        .object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) })
        .partial()
        .optional(),
    }),
  ),
  response_metadata: CURSOR,
});

/** Answers where it really stands: the channel's id and the message's `ts`. */
export async function post(
  call: Call,
  message: ChatPost,
): Promise<{ readonly ref: string; readonly channelId: string }> {
  const thread = message.threadRef ?? null;
  const answer = await call(
    'chat.postMessage',
    { channel: message.channel, ...contentOf(message), ...(thread === null ? {} : { thread_ts: thread }) },
    z.object({ ts: z.string(), channel: z.string() }),
  );
  return { ref: answer.ts, channelId: answer.channel };
}

/** Absolute, so that it may be repeated: the message says this, however often it was told to. */
export async function edit(call: Call, channelId: string, message: ChatEdit): Promise<void> {
  const text = clip(message.text, EDITED_CHARACTERS);
  await call('chat.update', { channel: channelId, ts: message.ref, ...contentOf({ ...message, text }) }, ANYTHING);
}

/** Seen by one person and kept nowhere; a lost answer may show it twice, which does no harm. */
export async function whisper(
  call: Call,
  channelId: string,
  message: { readonly user: string; readonly text: string; readonly blocks: readonly unknown[] },
): Promise<void> {
  const { user, text, blocks } = message;
  await call('chat.postEphemeral', { channel: channelId, user, text, blocks: fittingBlocks(blocks) }, ANYTHING);
}

/** What is pinned already stays pinned. */
export async function pin(call: Call, channelId: string, ref: string): Promise<void> {
  try {
    await call('pins.add', { channel: channelId, timestamp: ref }, ANYTHING);
  } catch (error) {
    if (codeOf(error) !== 'already_pinned') throw error;
  }
}

export async function permalink(call: Call, channelId: string, ref: string): Promise<string> {
  const shape = z.object({ permalink: z.string() });
  return (await call('chat.getPermalink', { channel: channelId, message_ts: ref }, shape)).permalink;
}

/** The `ts` of the message that carries this key in its metadata, among the newest of the channel or of a thread. */
export async function findByKey(
  call: Call,
  channel: string,
  key: string,
  threadRef: string | null = null,
): Promise<string | null> {
  let cursor = '';
  for (let page = 0; page < HISTORY_PAGES; page += 1) {
    const answer = await call(
      threadRef === null ? 'conversations.history' : 'conversations.replies',
      {
        channel,
        ...(threadRef === null ? {} : { ts: threadRef }),
        limit: 200,
        include_all_metadata: true,
        ...(cursor === '' ? {} : { cursor }),
      },
      HISTORY,
    );
    const found = answer.messages.find((message) => message.metadata?.event_payload?.key === key);
    if (found !== undefined) return found.ts;
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (cursor === '') return null;
  }
  return null;
}

function contentOf(message: Pick<ChatPost, 'text' | 'blocks' | 'incidentId' | 'key'>) {
  return {
    text: message.text,
    blocks: fittingBlocks(message.blocks),
    metadata: { event_type: METADATA_TYPE, event_payload: { incident_id: message.incidentId, key: message.key } },
    unfurl_links: false,
    unfurl_media: false,
    link_names: false,
    parse: 'none',
  };
}
