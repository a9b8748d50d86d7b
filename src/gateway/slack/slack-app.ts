import { createHash } from 'node:crypto';
import { isDecisionName } from '../../domain/decision.ts';
import type { Instant } from '../../domain/instant.ts';
import { StoreUnavailable } from '../../store/database.ts';
import { decisionOfAction, readChatValue } from '../../views/chat-actions.ts';
import { DECISION_MODAL, opensForm } from '../../views/chat-modals.ts';
import { readDecisionBody } from '../decision-schemas.ts';
import { readCommandLine } from './command-line.ts';
import { openForm, type Trigger } from './forms.ts';
import { lookupsOf } from './lookups.ts';
import type { SlackAppOptions } from './options.ts';
import type { BlockActions, EventMessage, Interaction, SlashCommand, ViewSubmission } from './payloads.ts';
import { type KeptRequest, processRequest } from './process-request.ts';
import { answerQuery, showHome } from './queries.ts';
import { answerQuick, pressQuick, quickAnswerOf } from './quick.ts';
import { type Addressee, reply, unknownUserText } from './reply.ts';
import { hearReport } from './reports.ts';
import { refreshPinned } from './resolve-message.ts';
import { readSubmission } from './submissions.ts';

/** What Slack is answered; `body` null is an empty 200, which is how most things are acknowledged. */
export interface SlackReply {
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** The same handlers behind HTTP and Socket Mode. Each answers within Slack's three seconds, whatever else is slow. */
export interface SlackApp {
  command(command: SlashCommand): Promise<SlackReply>;
  interaction(interaction: Interaction): Promise<SlackReply>;
  event(event: EventMessage): Promise<SlackReply>;
  /** The incident has changed by somebody's decision: its pinned summary is edited soon. */
  changed(incidentId: string): void;
  /** Takes up what an earlier process left behind, and what could not be handed over. */
  start(): void;
  /** Requests being worked on right now. */
  working(): number;
  stop(): Promise<void>;
}

const ROUND_EVERY_MS = 1_000;
const REQUESTS_A_ROUND = 20;
/** Slack waits three seconds; what is not kept by then is acknowledged with words that say so. */
const KEPT_WITHIN_MS = 2_000;
const NOTHING: SlackReply = { body: null };

export function createSlackApp(options: SlackAppOptions): SlackApp {
  const { gateway, web } = options;
  const { store, people } = gateway;
  const under = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | null = null;
  let looking = false;

  /** Runs after Slack has its answer; `stop` waits for it. */
  const later = (work: () => Promise<unknown>): void => {
    const running: Promise<void> = work()
      .then(() => undefined)
      .catch((error: unknown) => gateway.log?.error(`Slack: ${(error as Error).message}`))
      .finally(() => under.delete(running));
    under.add(running);
  };

  const round = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      for (const { id, request, receivedAt, tries } of await store.chatRequests.take(REQUESTS_A_ROUND))
        later(() => processRequest(options, { id, request: request as KeptRequest, receivedAt, tries }));
    } catch (error) {
      gateway.log?.warn(`What was said in Slack waits: ${(error as Error).message}`);
    } finally {
      looking = false;
    }
  };

  /**
   * Kept first, then acknowledged, then carried out. A repeat of the same request is acknowledged and nothing more. A
   * store that is slow or away costs an honest sentence, never a lost decision that looks taken.
   */
  const keep = async (id: string, request: KeptRequest, receivedAt: Instant): Promise<SlackReply> => {
    const kept = store.chatRequests.keep({ id, request, at: receivedAt });
    later(async () => {
      try {
        if (await kept) await processRequest(options, { id, request, receivedAt, tries: 1 });
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await reply(
          web,
          request.to,
          `The store does not answer, so this was not taken: ${request.said}. Say it again in a minute; until then use PagerDuty or the runbook by hand.`,
        );
      }
    });
    const inTime = await Promise.race([
      kept.then(
        () => true,
        () => true,
      ),
      pause(KEPT_WITHIN_MS).then(() => false),
    ]);
    if (inTime || request.kind === 'submission') return NOTHING;
    return ephemeral(
      'The store is slow: this is not kept yet. Wait for the answer here; without one in a minute, say it again.',
    );
  };

  const command = async (given: SlashCommand): Promise<SlackReply> => {
    const read = readCommandLine(given.text);
    const to: Addressee = { user: given.user_id, channel: given.channel_id, responseUrl: given.response_url || null };
    if (read.kind === 'problem') return ephemeral(read.words);
    const person = await people.byChatId(given.user_id);
    if (person === null) return ephemeral(unknownUserText(given.user_id));
    if (read.kind === 'check' || read.kind === 'do') {
      later(() => answerQuick(options, read, person, to, given.channel_name, given.trigger_id));
      return NOTHING;
    }
    if (read.kind !== 'decision' && read.kind !== 'create') {
      later(() => answerQuery(options, read, person, to, given.channel_name));
      return NOTHING;
    }
    const request: KeptRequest = {
      kind: 'command',
      to,
      channelName: given.channel_name,
      text: given.text,
      triggerId: given.trigger_id,
      said: `/incident ${given.text}`.slice(0, 200),
    };
    return keep(`command:${given.trigger_id}`, request, gateway.clock());
  };

  const action = async (given: BlockActions): Promise<SlackReply> => {
    const [pressed] = given.actions;
    if (pressed === undefined) return NOTHING;
    const channel = given.channel?.id ?? null;
    const to: Addressee = { user: given.user.id, channel, responseUrl: given.response_url ?? null };
    const named = decisionOfAction(pressed.action_id);
    const name = isDecisionName(named) ? named : undefined;
    const value = readChatValue(pressed.value);
    const quick = quickAnswerOf(pressed.action_id);
    // Links and other people's buttons arrive here too.
    if (name === undefined && quick === null) return NOTHING;
    const person = await people.byChatId(given.user.id);
    const problem = person === null ? unknownUserText(given.user.id) : value === null ? OLD_BUTTON : null;
    if (problem !== null || value === null || person === null) {
      later(() => reply(web, to, problem ?? OLD_BUTTON));
      return NOTHING;
    }
    if (quick !== null) later(() => pressQuick(options, quick, value.incidentId, person, to));
    if (name === undefined) return NOTHING;
    if (opensForm(name, value.given)) {
      const trigger: Trigger = { triggerId: given.trigger_id, to };
      later(() => openForm(options, person, name, value.incidentId, value.given, value.prefill, trigger));
      return NOTHING;
    }
    const body = readDecisionBody(name, value.given, gateway.clock());
    if (!body.ok) {
      later(() => reply(web, to, `${OLD_BUTTON} (${body.problems.join(' ')})`));
      return NOTHING;
    }
    const message =
      given.message === undefined || channel === null
        ? null
        : { channel, ts: given.message.ts, text: given.message.text ?? '', blocks: given.message.blocks ?? [] };
    const request: KeptRequest = {
      kind: 'action',
      to,
      // Two clicks of one person on one button are one decision.
      decisionId: digest(
        'button',
        channel ?? 'home',
        given.message?.ts ?? '',
        pressed.action_id,
        pressed.value,
        given.user.id,
      ),
      incidentId: value.incidentId,
      name,
      body: body.body,
      message,
      said: `${name} in ${value.incidentId}`,
    };
    const id = digest('action', given.user.id, pressed.action_id, pressed.action_ts, given.trigger_id);
    return keep(id, request, gateway.clock());
  };

  const submission = async (given: ViewSubmission): Promise<SlackReply> => {
    if (given.view.callback_id !== DECISION_MODAL) return NOTHING;
    const now = gateway.clock();
    const read = await readSubmission(given, now, lookupsOf(gateway));
    if (!read.ok) {
      if (read.errors !== null) return { body: { response_action: 'errors', errors: read.errors } };
      later(() =>
        reply(web, { user: given.user.id, channel: null, responseUrl: null }, `${OLD_BUTTON} Nothing was done.`),
      );
      return NOTHING;
    }
    const { memory } = read;
    const request: KeptRequest = {
      kind: 'submission',
      to: { user: given.user.id, channel: memory.channel, responseUrl: memory.responseUrl },
      decisionId: digest('form', given.view.id, given.user.id),
      incidentId: read.incidentId,
      name: read.name,
      body: read.body as Readonly<Record<string, unknown>>,
      message: null,
      said: `${read.name} in ${read.incidentId}`,
    };
    return keep(`form:${given.view.id}`, request, now);
  };

  return {
    command,
    async interaction(given) {
      switch (given.type) {
        case 'block_actions':
          return action(given);
        case 'view_submission':
          return submission(given);
        case 'other':
          return NOTHING;
      }
    },
    async event({ type, challenge, event }) {
      if (type === 'url_verification') return { body: { challenge: challenge ?? '' } };
      const { user } = event ?? {};
      if (event?.type === 'app_home_opened' && user !== undefined && event.tab !== 'messages')
        later(() => showHome(options, user));
      // Kept before Slack is answered: what is not kept, Slack sends again.
      if (event?.type === 'message' || event?.type === 'app_mention') await hearReport(options, event);
      return NOTHING;
    },
    changed: (incidentId) => later(() => refreshPinned(options, incidentId)),
    start() {
      timer = setInterval(() => void round(), ROUND_EVERY_MS);
      void round();
    },
    working: () => under.size,
    async stop() {
      if (timer !== null) clearInterval(timer);
      while (under.size > 0) await Promise.all(under);
    },
  };
}

const OLD_BUTTON = 'This button or form is from an older version and can no longer be read. Use /incident instead.';

export function ephemeral(text: string): SlackReply {
  return { body: { response_type: 'ephemeral', text } };
}

function digest(...parts: readonly string[]): string {
  return `slack:${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)}`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
