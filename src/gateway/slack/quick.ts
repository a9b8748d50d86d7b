import { createHash } from 'node:crypto';
import type { PersonPolicy } from '../../domain/policy.ts';
import { QUICK_ACTION_NAMES, QUICK_CHECK_NAMES, type QuickActionState } from '../../domain/quick-action.ts';
import { chatValue } from '../../views/chat-actions.ts';
import type { ChatBlock, ChatView } from '../../views/chat-blocks.ts';
import { textBlocks } from '../../views/chat-summary.ts';
import { chatCode, chatText, cleanLine, cleanLines } from '../../views/escape.ts';
import { quickReference } from '../quick-reference.ts';
import { RequestRefused } from '../refusals.ts';
import type { ChatCommand } from './command-line.ts';
import { findIncident } from './lookups.ts';
import type { SlackAppOptions } from './options.ts';
import { type Addressee, reply, replyWithView } from './reply.ts';

export type QuickCommand = Extract<ChatCommand, { kind: 'check' | 'do' }>;

const EXCERPT_CHARACTERS = 700;
const LOOK_EVERY_MS = 1_000;
/** Rollouts may take minutes; Slack's response_url is good for half an hour. */
const LOOKS = 600;
const AUDIT_SHOWN = 15;

/**
 * The quick reference (R8) in chat: a look is answered to the asker alone; an action is shown first, with buttons. The
 * same checks of roles, the same audit as everywhere else.
 */
export async function answerQuick(
  app: SlackAppOptions,
  command: QuickCommand,
  person: PersonPolicy,
  to: Addressee,
  channelName: string,
  /** Slack's own id of the command: a repeat of it is the same request. */
  triggerId: string,
): Promise<void> {
  await refusalsTold(app, to, async () => {
    const quick = quickReference(app.gateway);
    const id = createHash('sha256').update(triggerId).digest('hex').slice(0, 20);
    if (command.kind === 'check') {
      if (command.what === null) return reply(app.web, to, `Say what to look at: ${QUICK_CHECK_NAMES.join(', ')}.`);
      const incidentId = await meant(app, command.incident, channelName);
      return replyWithView(
        app.web,
        to,
        checked(await quick.check(person, 'slack', { id, what: command.what, incidentId })),
      );
    }
    if (command.what === null || command.what === 'list') return reply(app.web, to, await listed(app, command.what));
    if (command.answers !== null) {
      const answer = { id, name: command.answers, because: command.because };
      return afterwards(app, await quick.answer(person, 'slack', command.target ?? '', answer), to);
    }
    const state = await quick.begin(person, 'slack', {
      id,
      action: command.what,
      target: command.target,
      replicas: command.replicas,
      because: command.because ?? '',
      incidentId: await meant(app, command.incident, channelName),
    });
    if (!('stage' in state))
      return reply(
        app.web,
        to,
        `Its preview takes longer. Nothing was done. Look again: /incident do approve ${state.id}`,
      );
    return replyWithView(app.web, to, preview(state));
  });
}

/** Whether a button is one of a preview, and what it says. */
export function quickAnswerOf(actionId: string): 'confirm' | 'call-off' | null {
  const name = /^quick-(confirm|call-off):/.exec(actionId)?.[1];
  return name === 'confirm' || name === 'call-off' ? name : null;
}

export async function pressQuick(
  app: SlackAppOptions,
  name: 'confirm' | 'call-off',
  actionId: string,
  person: PersonPolicy,
  to: Addressee,
): Promise<void> {
  await refusalsTold(app, to, async () => {
    // Two clicks of one person are one answer.
    const id = createHash('sha256').update(`${name} ${actionId} ${person.id}`).digest('hex').slice(0, 20);
    const wanted = { id, name, because: null };
    return afterwards(app, await quickReference(app.gateway).answer(person, 'slack', actionId, wanted), to);
  });
}

async function refusalsTold(app: SlackAppOptions, to: Addressee, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RequestRefused)) app.gateway.log?.warn(`Slack: ${(error as Error).message}`);
    const words = error instanceof RequestRefused ? error.message : 'That does not work now. Nothing was done.';
    await reply(app.web, to, words);
  }
}

/** By name, or the one whose channel it is; none when neither says so (the gateway then takes the only open one). */
async function meant(app: SlackAppOptions, reference: string | null, channelName: string): Promise<string | null> {
  if (reference === null && !channelName.startsWith('incident-')) return null;
  const found = await findIncident(app.gateway, reference, channelName);
  if (found.ok) return found.incidentId;
  throw new RequestRefused(422, found.words);
}

function checked({ items, gaps }: Awaited<ReturnType<ReturnType<typeof quickReference>['check']>>): ChatView {
  const lines = items.flatMap((item) => [
    `${item.abnormal ? ':warning:' : ':white_check_mark:'} *${chatText(cleanLine(item.words, 600))}*`,
    `\`${chatCode(cleanLine(item.command, 600))}\``,
    ...(item.excerpt === '' ? [] : [`\`\`\`${chatCode(cleanLines(item.excerpt, EXCERPT_CHARACTERS))}\`\`\``]),
  ]);
  const missing = gaps.map(
    ({ probe, reason, source }) =>
      `:grey_question: ${chatText(`${probe} is not known: ${cleanLine(reason)} (${source})`)}`,
  );
  const text = [...lines, ...missing].join('\n') || 'Nothing answered.';
  return { text, blocks: textBlocks(text) };
}

/** What exactly would be done, and who may say yes. */
export function preview(state: QuickActionState): ChatView {
  const { role, secondPerson } = state.needs;
  const waits = state.stage === 'waiting';
  const who = secondPerson
    ? `It takes somebody else with the role ${role}: /incident do approve ${state.id}`
    : `Nothing is done before approval by the role ${role}.`;
  const text = [
    chatText(cleanLine(state.words, 1_000)),
    ...(state.plan === null ? [] : [`Would run: \`${chatCode(cleanLine(state.plan.command, 1_000))}\``]),
    ...(waits ? [chatText(who)] : []),
  ].join('\n');
  return { text, blocks: [...textBlocks(text), ...(waits ? [buttons(state.id, !secondPerson)] : [])] };
}

function buttons(id: string, mayConfirm: boolean): ChatBlock {
  const value = chatValue({ incidentId: id, given: {}, prefill: {} });
  const button = (name: string, says: string, style: 'primary' | 'danger') => ({
    type: 'button' as const,
    action_id: `quick-${name}:0`,
    value,
    text: { type: 'plain_text' as const, text: says, emoji: false as const },
    style,
  });
  return {
    type: 'actions',
    block_id: `quick:${id}`.slice(0, 255),
    elements: [
      ...(mayConfirm ? [button('confirm', 'Yes, do it', 'primary')] : []),
      button('call-off', 'Drop it', 'danger'),
    ],
  };
}

/** Tells what it is at, and at the end what came of it. */
async function afterwards(app: SlackAppOptions, begun: QuickActionState, to: Addressee): Promise<unknown> {
  const { quick } = app.gateway.client;
  let state = begun;
  if (state.stage === 'acting') await reply(app.web, to, state.words);
  for (let look = 0; look < LOOKS && state.stage === 'acting'; look += 1) {
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    const read = await quick.state(state.id);
    if (read.ok) state = read.value;
  }
  return reply(app.web, to, state.words);
}

async function listed({ gateway }: SlackAppOptions, what: string | null): Promise<string> {
  if (what === null)
    return `Say what to do: ${QUICK_ACTION_NAMES.join(', ')}. For example: /incident do restart because stale connections`;
  const audit = await gateway.store.audit.list(AUDIT_SHOWN);
  if (audit.length === 0) return 'Nothing was looked at or done by the quick reference yet.';
  return audit
    .map(
      (line) =>
        `${line.at.slice(0, 16).replace('T', ' ')} UTC ${line.person}: ${line.what}. ${cleanLine(line.words, 300)}`,
    )
    .join('\n');
}
