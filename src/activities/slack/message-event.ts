import type { Instant } from '../../domain/instant.ts';
import { bounded } from '../../domain/intake/bounds.ts';
import { type NoReport, reportText } from '../../domain/intake/report-text.ts';
import type { ReportsPolicy } from '../../domain/policy.ts';
import type { UserReport } from '../../domain/user-report.ts';

/** The fields of Slack's events `message` and `app_mention` that make a report. */
export interface SlackMessageEvent {
  readonly type: string;
  readonly subtype?: string | undefined;
  readonly user?: string | undefined;
  readonly bot_id?: string | undefined;
  readonly text?: string | undefined;
  readonly channel?: string | undefined;
  readonly ts?: string | undefined;
  readonly thread_ts?: string | undefined;
}

/**
 * What a person writes in a channel of the policy, or anywhere when they call the app by its name (R1.7). Machines,
 * edits and answers within a thread report nothing. A mention in such a channel arrives as both events and is one report.
 */
export function readSlackMessage(
  event: SlackMessageEvent,
  channelName: string | null,
  policy: ReportsPolicy,
  receivedAt: Instant,
): UserReport | NoReport {
  const { type, subtype, user, bot_id: bot, text, channel, ts, thread_ts: thread } = event;
  if (type !== 'message' && type !== 'app_mention') return { because: `${bounded(type, 80)} reports nothing.` };
  if (user === undefined || channel === undefined || ts === undefined) return { because: 'Nobody wrote it.' };
  if (bot !== undefined || (subtype !== undefined && subtype !== 'file_share'))
    return { because: 'No person wrote it.' };
  if (thread !== undefined && thread !== ts) return { because: 'It is an answer within a thread.' };
  const named = policy.chatChannels.map((name) => name.replace(/^#/, ''));
  const listened = named.includes(channel) || (channelName !== null && named.includes(channelName));
  if (type === 'message' && !listened) return { because: 'Policy does not listen in that channel.' };
  return {
    id: `slack:${bounded(channel, 20)}:${bounded(ts, 30)}`,
    through: 'slack',
    text: reportText((text ?? '').replace(/<@[UW][A-Z0-9]+(?:\|[^>]*)?>/g, ' ')),
    reporter: bounded(user, 20),
    channel: bounded(channel, 20),
    ref: bounded(ts, 30),
    receivedAt,
  };
}
