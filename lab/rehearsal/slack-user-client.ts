import type { FieldKind } from '../../src/domain/deciding/declare.ts';
import { lineOf } from '../../src/domain/deciding/line.ts';
import { type DecisionName, declarationOf } from '../../src/domain/decision.ts';
import { decisionOfAction, readChatValue } from '../../src/views/chat-actions.ts';
import { DECISION_MODAL, modalFields, opensForm } from '../../src/views/chat-modals.ts';
import type { Slack } from '../simulation/systems/slack/slack.ts';
import type { SlackMessage } from '../simulation/systems/slack/workspace.ts';
import type { FaultName, WireFaults } from '../simulation/wire/faults.ts';
import type { DecisionReply, PersonDecision } from './people.ts';

export interface SlackUserClientOptions {
  readonly slack: Slack;
  readonly faults: WireFaults;
  readonly gatewayUrl: string;
  readonly signingSecret: string;
  readonly chatIdOf: (person: string) => string | null;
}

const ANSWER_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 5;
/** With these nobody can write in Slack; people then take the command line, as the runbook says. */
const AWAY: readonly FaultName[] = [
  'down',
  'refused',
  'timeout',
  'half-open',
  'reset-mid-body',
  'error-500',
  'error-503',
];
/** After so many newest messages nobody scrolls further up. */
const MESSAGES_LOOKED_AT = 200;

/**
 * People in Slack as Slack sends what they do: the button of a message that is really there, the form that it really
 * opens, else a slash command; signed, and answered through the response_url. Null: it cannot be done in Slack now, and
 * that is Slack's doing. What our own gateway will not take from Slack is no reason to take another way: it is told.
 */
export class SlackUserClient {
  /** Requests that the gateway did not take, or never answered although Slack was well; in words, for the judge. */
  readonly refused: string[] = [];

  constructor(private readonly options: SlackUserClientOptions) {}

  async decide(decision: PersonDecision): Promise<DecisionReply | null> {
    const userId = this.options.chatIdOf(decision.who);
    const away = AWAY.some((kind) => this.options.faults.has('slack', kind));
    if (userId === null || away) return null;
    const found = this.#button(decision);
    const sent = found === null ? await this.#command(decision, userId) : await this.#press(decision, userId, found);
    return sent;
  }

  async #command(decision: PersonDecision, userId: string): Promise<DecisionReply | null> {
    const { slack } = this.options;
    const channel = slack.channels.find(({ name }) => name === decision.incidentId)?.name ?? 'incidents';
    const answer = await slack.sendSlashCommand({
      ...this.#to('commands', userId),
      text: commandText(decision),
      channel,
    });
    const refusal = this.#refusal(decision, 'a slash command', answer);
    if (refusal !== null) return refusal;
    if (answer.body !== '') return reply(decision, (JSON.parse(answer.body) as { text?: string }).text ?? answer.body);
    return this.#answer(decision, answer.responseId);
  }

  async #press(decision: PersonDecision, userId: string, found: Found): Promise<DecisionReply | null> {
    const { slack } = this.options;
    const { message, actionId, value } = found;
    const place = { actionId, value, channel: message.channel, messageTs: message.ts };
    const answer = await slack.sendBlockAction({ ...this.#to('interactions', userId), ...place });
    const refusal = this.#refusal(decision, `a press of ${actionId}`, answer);
    if (refusal !== null) return refusal;
    if (!found.opensForm) return this.#answer(decision, answer.responseId);
    const form = () => slack.views.find(({ triggerId }) => triggerId === answer.triggerId) ?? null;
    const said = () => slack.responses.find(({ id }) => id === answer.responseId) ?? null;
    const view = await within(ANSWER_WITHIN_MS, () => form() ?? said());
    // Refused before the form was shown, or Slack would not open it.
    if (view === null || 'body' in view) return this.#answer(decision, answer.responseId);
    const { private_metadata: privateMetadata = '' } = view.view as { private_metadata?: string };
    const submitted = await slack.sendViewSubmission({
      ...this.#to('interactions', userId),
      callbackId: DECISION_MODAL,
      privateMetadata,
      viewId: view.id,
      values: this.#filledIn(decision),
    });
    const late = this.#refusal(decision, 'a form', submitted);
    if (late !== null) return late;
    if (submitted.body !== '') return { accepted: false, words: submitted.body };
    return this.#answer(decision, answer.responseId);
  }

  /** What the person reads afterwards; words that it is kept only mean that the answer is still to come. */
  async #answer(decision: PersonDecision, responseId: string): Promise<DecisionReply | null> {
    const { slack } = this.options;
    const answers = () =>
      slack.responses
        .filter(({ id }) => id === responseId)
        .map(({ body }) => String((body as { text?: unknown }).text ?? ''));
    const final = await within(
      ANSWER_WITHIN_MS,
      () => answers().find((words) => !words.startsWith('Queued: ')) ?? null,
    );
    if (final !== null) return reply(decision, final);
    const [kept] = answers();
    if (kept !== undefined) return { accepted: true, words: kept };
    // Slack that is ill may have lost the answer.
    if (this.options.faults.active('slack')) return null;
    return this.#told(`${decision.name} of ${decision.who} was taken from Slack and never answered`);
  }

  /** Nobody at home is tried again by whoever decides; anything but a 2xx from somebody at home is a refusal. */
  #refusal(decision: PersonDecision, what: string, answer: { readonly status: number | null; readonly body: string }) {
    if (answer.status !== null && answer.status < 300) return null;
    if (answer.status === null || answer.status === 503) throw new Error('the gateway does not answer Slack');
    return this.#told(
      `${what} for ${decision.name} of ${decision.who} was refused with ${answer.status}: ${answer.body}`,
    );
  }

  #told(words: string): DecisionReply {
    this.refused.push(words);
    return { accepted: false, words };
  }

  /** The newest message with a button for this very decision; null when there is none. */
  #button(decision: PersonDecision): Found | null {
    const { messages } = this.options.slack;
    for (const message of messages.slice(-MESSAGES_LOOKED_AT).reverse()) {
      const found = buttonIn(message, decision);
      if (found !== null) return found;
    }
    return null;
  }

  #filledIn({ name, body }: PersonDecision): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      modalFields(name as DecisionName, {}).map(([field, { kind }]) => [
        field,
        { value: this.#typed(kind, body[field]) },
      ]),
    );
  }

  #typed(kind: FieldKind, value: unknown): Readonly<Record<string, unknown>> {
    if (value === undefined || value === null) return {};
    switch (kind) {
      case 'severity':
        return { selected_option: { value } };
      case 'person':
        return { selected_user: this.options.chatIdOf(String(value)) ?? String(value) };
      default:
        return { value: String(value) };
    }
  }

  #to(path: string, userId: string) {
    const { gatewayUrl, signingSecret } = this.options;
    return { url: `${gatewayUrl}/slack/${path}`, signingSecret, userId };
  }
}

interface Found {
  readonly message: SlackMessage;
  readonly actionId: string;
  readonly value: string;
  readonly opensForm: boolean;
}

function buttonIn(message: SlackMessage, { name, incidentId, body }: PersonDecision): Found | null {
  if (message.onlyFor !== null) return null;
  for (const block of message.blocks as readonly { type?: string; elements?: readonly unknown[] }[]) {
    if (block.type !== 'actions') continue;
    for (const element of (block.elements ?? []) as readonly { action_id?: string; value?: string }[]) {
      const { action_id: actionId = '', value = '' } = element;
      const read = readChatValue(value);
      if (decisionOfAction(actionId) !== name || read?.incidentId !== incidentId) continue;
      const settled = Object.entries(read.given);
      if (!settled.every(([key, given]) => body[key] === given)) continue;
      const open = Object.entries(body).filter(([key, wanted]) => wanted !== null && read.given[key] === undefined);
      const asked = modalFields(name as DecisionName, read.given).map(([field]) => field);
      const asks = open.every(([key]) => asked.includes(key));
      // A button that decides something other than what the person wants to say is not theirs.
      if (open.length > 0 && !(asks && opensForm(name as DecisionName, read.given))) continue;
      return { message, actionId, value, opensForm: opensForm(name as DecisionName, read.given) };
    }
  }
  return null;
}

/** What somebody would type for it. */
function commandText({ name, incidentId, body }: PersonDecision): string {
  return `${name} ${incidentId} ${lineOf(declarationOf(name as DecisionName), body)}`;
}

/** As a person reads it: what was done is said of the incident, by its name. */
function reply({ incidentId }: PersonDecision, words: string): DecisionReply {
  const taken = words.startsWith(`${incidentId}: `) || words.startsWith('No worker answered');
  return { accepted: taken, words: words.replace(`${incidentId}: `, '') };
}

async function within<T>(milliseconds: number, look: () => T | null): Promise<T | null> {
  const untilMs = performance.now() + milliseconds;
  for (;;) {
    const found = look();
    if (found !== null || performance.now() > untilMs) return found;
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}
