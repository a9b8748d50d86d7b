import type { ChatView } from '../../views/chat-blocks.ts';
import { textBlocks } from '../../views/chat-summary.ts';
import { chatText } from '../../views/escape.ts';
import type { SlackWeb } from './web-api.ts';

/** Whom an answer goes to, by the ways that Slack gives, best first. */
export interface Addressee {
  readonly user: string;
  readonly channel: string | null;
  /** Good for five messages in half an hour. */
  readonly responseUrl: string | null;
}

/**
 * An answer that only this person sees: through the response_url, else as an ephemeral message in the channel, else
 * as a message to them alone. True when one of them took it.
 */
export function reply(web: SlackWeb, to: Addressee, words: string): Promise<boolean> {
  const text = chatText(words);
  return replyWithView(web, to, { text, blocks: textBlocks(text) });
}

/** The same with blocks of its own; its text is escaped already. */
export async function replyWithView(web: SlackWeb, to: Addressee, { text, blocks }: ChatView): Promise<boolean> {
  const message = { response_type: 'ephemeral', replace_original: false, text, blocks };
  if (to.responseUrl !== null && (await web.respond(to.responseUrl, message))) return true;
  if (to.channel !== null && to.channel !== '') {
    const posted = await web.call('chat.postEphemeral', { channel: to.channel, user: to.user, text, blocks });
    if (posted.ok) return true;
  }
  return (await web.call('chat.postMessage', { channel: to.user, text, blocks })).ok;
}

export function unknownUserText(chatId: string): string {
  return `Slack user ${chatId} is not among the people of this team’s policy, so nothing was done. An admin adds you by your chatId. If this is urgent, page the on-call engineer.`;
}
