import { readSlackMessage, type SlackMessageEvent } from '../../activities/slack/message-event.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';
import { takeReport } from '../services/intake.ts';
import type { SlackWeb } from './web-api.ts';

/**
 * What a person writes where policy listens starts a verification (R1.7). Policy names channels, events name ids; while
 * Slack does not say which is which the event is refused with 503, and Slack sends it again.
 */
export async function hearReport(
  { gateway, web }: { readonly gateway: GatewayOptions; readonly web: SlackWeb },
  event: SlackMessageEvent,
): Promise<void> {
  const { reports } = gateway.policy();
  const now = gateway.clock();
  const first = readSlackMessage(event, null, reports, now);
  const mayBeListened = event.type === 'message' && event.channel !== undefined && reports.chatChannels.length > 0;
  if (!('because' in first) || !mayBeListened) return void (await takeReport(gateway, first));
  let name: string | null;
  try {
    name = await web.channelName(event.channel ?? '');
  } catch (error) {
    throw new RequestRefused(503, `Slack does not say which channel that is: ${(error as Error).message}.`);
  }
  await takeReport(gateway, readSlackMessage(event, name, reports, now));
}
