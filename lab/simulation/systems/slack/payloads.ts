import type { RequestRule } from '../../vendor-rules/rule.ts';
import { type SlackChannel, type SlackMessage, TEAM } from './workspace.ts';

/** Where a button was pressed, when it was one of a message. */
export function placeOf(channel: SlackChannel, ts: string, message: SlackMessage | null, responseUrl: string) {
  return {
    response_url: responseUrl,
    container: { type: 'message', message_ts: ts, channel_id: channel.id },
    channel: { id: channel.id, name: channel.name },
    message: { ts, text: message?.text ?? '', blocks: message?.blocks ?? [], metadata: message?.metadata ?? undefined },
  };
}

/** The Events API's envelope around a message. */
export function eventOf(message: SlackMessage, mentionsUs: boolean, eventId: string) {
  return {
    token: 'deprecated',
    team_id: TEAM,
    api_app_id: 'A0SIM01',
    event: {
      type: mentionsUs ? 'app_mention' : 'message',
      channel: message.channel,
      user: message.user,
      text: message.text,
      ts: message.ts,
      event_ts: message.ts,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
      ...(mentionsUs ? {} : { channel_type: 'channel' }),
    },
    type: 'event_callback',
    event_id: eventId,
    event_time: Math.floor(message.atMs / 1000),
    is_ext_shared_channel: false,
  };
}

/** The Web API refuses with 200. */
export function refusalOf({ status, says, at }: RequestRule) {
  const messages = [`[ERROR] ${at.replace('body ', '')}`];
  return { status, body: { ok: false, error: says, response_metadata: { messages } } };
}
