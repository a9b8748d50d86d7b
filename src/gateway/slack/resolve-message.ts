import { type DecisionName, declarationOf } from '../../domain/decision.ts';
import { chatSummary } from '../../views/chat-summary.ts';
import { factsOf } from './lookups.ts';
import type { SlackAppOptions } from './options.ts';

/** A message of ours as it stands in Slack. */
export interface ResolvedMessage {
  readonly channel: string;
  readonly ts: string;
  readonly text: string;
  readonly blocks: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Takes the buttons off a message that asks nothing any more, so that nobody presses them in vain, and says who
 * answered. Only an ornament: what is refused here changes nothing about the decision.
 */
export async function resolveMessage(
  app: SlackAppOptions,
  message: ResolvedMessage,
  incidentId: string,
  name: DecisionName,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { facts, pinnedRef } = await factsOf(app.gateway, incidentId);
  if (facts === null) return;
  // The pinned summary is edited after every decision anyway.
  if (pinnedRef === message.ts) return;
  if (declarationOf(name).answered?.(facts, body) !== true) return;
  const blocks = message.blocks.filter((block) => block.type !== 'actions');
  if (blocks.length === message.blocks.length || blocks.length === 0) return;
  await app.web.call('chat.update', { channel: message.channel, ts: message.ts, text: message.text, blocks });
}

/** The pinned summary as the incident stands now, edited in place. */
export async function refreshPinned(app: SlackAppOptions, incidentId: string): Promise<void> {
  const asked = await app.gateway.client.state(incidentId);
  if (!asked.ok) return;
  const { state, facts } = asked.value;
  const ts = state.steps['pinned-summary'];
  if (typeof ts !== 'string' || state.channel === null) return;
  const { text, blocks } = chatSummary(facts);
  await app.web.call('chat.update', { channel: state.channel.id, ts, text, blocks });
}
