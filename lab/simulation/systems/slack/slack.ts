import { createHmac } from 'node:crypto';
import { SLACK_REQUEST_RULES } from '../../vendor-rules/slack.ts';
import type { WireRequest } from '../../wire/exchange.ts';
import type { WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import { createWireServer } from '../../wire/server.ts';
import type { PeopleSettings } from '../people.ts';
import type { DeliveryAnswer } from '../signed-delivery.ts';
import { deliver } from '../signed-delivery.ts';
import { type SlackArgs, SlackRefusal } from './arguments.ts';
import { blocksProblem } from './blocks.ts';
import { METHODS } from './methods.ts';
import { eventOf, placeOf, refusalOf } from './payloads.ts';
import { lackedScope } from './scopes.ts';
import { openSocketMode, type SocketMode } from './socket-mode.ts';
import type { SlackChannel, SlackEntry, SlackMessage } from './workspace.ts';
import { TEAM, Workspace } from './workspace.ts';

/** Where Slack sends what people do, and how it signs it. */
interface Sending {
  readonly url: string;
  readonly signingSecret: string;
  readonly userId: string;
  /** The instant of the signature; the world's when left out. */
  readonly atMs?: number;
}

/** A message that came by the response_url of something that a person did; `id` is that of the doing. */
export interface SlackResponse {
  readonly id: string;
  readonly atMs: number;
  readonly body: unknown;
}

/** How the app answered what a person did, and the id under which its later responses are found. */
export interface InteractionAnswer extends DeliveryAnswer {
  readonly responseId: string;
  readonly triggerId: string;
}

export interface Slack {
  readonly channels: readonly SlackChannel[];
  readonly messages: readonly SlackMessage[];
  /** Successful writes in order. */
  readonly ledger: readonly SlackEntry[];
  readonly views: Workspace['views'];
  readonly homes: Workspace['homes'];
  readonly files: Workspace['files'];
  /** What was posted to response_urls. */
  readonly responses: readonly SlackResponse[];
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
  /** The app's connection by Socket Mode; opened when the app first asks for one. */
  socketMode(): Promise<SocketMode>;
  sendSlashCommand(
    command: Sending & { readonly command?: string; readonly text: string; readonly channel?: string },
  ): Promise<InteractionAnswer>;
  sendBlockAction(
    action: Sending & {
      readonly actionId: string;
      readonly value: string;
      /** Null: a button of the app's home, which is no message. */
      readonly channel: string | null;
      readonly messageTs: string;
      readonly blockId?: string;
    },
  ): Promise<InteractionAnswer>;
  /** Somebody opens the app's home. */
  sendHomeOpened(sending: Sending): Promise<DeliveryAnswer>;
  /** A person writes in a channel; with `mentionsUs` they call the app by its name. */
  write(message: {
    readonly user: string;
    readonly channel: string;
    readonly text: string;
    readonly threadTs?: string;
    readonly mentionsUs?: boolean;
  }): SlackMessage;
  /** The Events API tells the app of it; told again (at most three times) while the answer is not 2xx, as Slack does. */
  sendMessageEvent(sending: {
    readonly url: string;
    readonly signingSecret: string;
    readonly message: SlackMessage;
    readonly mentionsUs?: boolean;
    readonly atMs?: number;
  }): Promise<DeliveryAnswer>;
  /** What Slack asks an address that is entered as the app's request URL. */
  sendUrlVerification(sending: {
    readonly url: string;
    readonly signingSecret: string;
    readonly challenge: string;
  }): Promise<DeliveryAnswer>;
  sendViewSubmission(
    view: Sending & {
      readonly callbackId: string;
      readonly privateMetadata: string;
      readonly values: Readonly<Record<string, unknown>>;
      /** Of the view that was really opened. */
      readonly viewId?: string;
    },
  ): Promise<InteractionAnswer>;
}

const READS = /\.(test|list|info|history|replies|members|getPermalink|lookupByEmail)$/;

export function createSlack(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly people: PeopleSettings;
  readonly botToken: string;
  /** What the app may do; everything when left out. A method that needs more is refused with `missing_scope`. */
  readonly scopes?: readonly string[];
}): Slack {
  const { clock } = options;
  const workspace = new Workspace(options.people, clock());
  const responses: SlackResponse[] = [];
  const handedOut = new Map<string, { atMs: number; uses: number }>();
  let [url, hooksUrl] = ['', ''];
  let sent = 0;
  const scopeHeaders: Record<string, string> =
    options.scopes === undefined ? {} : { 'x-oauth-scopes': options.scopes.join(',') };
  const server = createWireServer({
    system: 'slack',
    clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      'rate-limited': () => ({ status: 429, body: { ok: false, error: 'ratelimited' } }),
      unauthorised: () => ({ status: 200, body: { ok: false, error: 'invalid_auth' } }),
    },
    rules: {
      all: SLACK_REQUEST_RULES,
      admits: ({ headers }) => headers.authorization === `Bearer ${options.botToken}`,
      refuse: (rule) => ({ ...refusalOf(rule), headers: scopeHeaders }),
    },
  });
  // response_urls are another host (hooks.slack.com): limits and faults of the Web API do not touch it.
  const hooks = createWireServer({ system: 'slack-hooks', clock, faults: options.faults, log: options.log });
  let socket: Promise<SocketMode> | null = null;
  const socketMode = (): Promise<SocketMode> => {
    socket ??= openSocketMode();
    return socket;
  };
  /** Only an app-level token (xapp-…) opens connections. */
  const connectionsOpen = async (token: string) => {
    if (!token.startsWith('xapp-')) return { status: 200, body: { ok: false, error: 'not_allowed_token_type' } };
    return { status: 200, body: { ok: true, url: (await socketMode()).url }, note: 'apps.connections.open' };
  };
  const handle = (request: WireRequest) => {
    const name = request.params.method ?? '';
    try {
      const args = argsOf(request);
      const token = request.headers.authorization?.replace(/^Bearer /, '') ?? String(args.token ?? '');
      if (token === '') throw new SlackRefusal('not_authed');
      if (name === 'apps.connections.open') return connectionsOpen(token);
      if (token !== options.botToken) throw new SlackRefusal('invalid_auth');
      const method = METHODS[name];
      if (method === undefined) throw new SlackRefusal('unknown_method', { req_method: name });
      const needed = options.scopes === undefined ? null : lackedScope(name, options.scopes);
      if (needed !== null)
        throw new SlackRefusal('missing_scope', { needed, provided: options.scopes?.join(',') ?? '' });
      const answer = method(workspace, args, request.atMs);
      if (!READS.test(name)) workspace.ledger.push(entryOf(workspace, name, args, answer, request.atMs));
      return { status: 200, headers: scopeHeaders, body: { ok: true, ...answer }, note: name };
    } catch (error) {
      if (error instanceof SlackRefusal)
        return { status: 200, body: { ok: false, error: error.error, ...error.more }, note: `${name}: ${error.error}` };
      throw error;
    }
  };
  server.route('POST', '/api/:method', handle);
  server.route('GET', '/api/:method', handle);
  server.route('POST', '/upload/:id', (request) => {
    const file = workspace.files.find(({ id }) => id === request.params.id);
    if (file === undefined) return { status: 404, body: 'no such upload' };
    if (request.rawBody.length !== file.length) return { status: 400, body: 'the length is another one' };
    file.content = request.rawBody;
    return { status: 200, body: `OK - ${file.length}` };
  });
  hooks.route('POST', '/response/:id', (request) => {
    const id = request.params.id ?? '';
    const known = handedOut.get(id);
    if (known === undefined) return { status: 404, body: 'no_active_hooks' };
    if (request.atMs - known.atMs > RESPONSE_URL_MS) return { status: 404, body: 'expired_url' };
    if (known.uses >= RESPONSE_URL_USES) return { status: 404, body: 'used_url' };
    const body = request.json() as { text?: unknown; blocks?: unknown } | null;
    const problem = body?.blocks === undefined ? null : blocksProblem(body.blocks);
    if (problem !== null) return { status: 400, body: problem.error };
    if (typeof body?.text !== 'string' && body?.blocks === undefined) return { status: 400, body: 'no_text' };
    known.uses += 1;
    responses.push({ id, atMs: request.atMs, body });
    return { status: 200, body: 'ok' };
  });

  function send(sending: Sending, form: Readonly<Record<string, string>>): Promise<DeliveryAnswer> {
    return sendSigned(sending, new URLSearchParams(form).toString(), 'application/x-www-form-urlencoded');
  }

  function sendSigned(
    sending: Omit<Sending, 'userId'>,
    body: string,
    contentType: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<DeliveryAnswer> {
    const atMs = sending.atMs ?? clock();
    const timestamp = String(Math.floor(atMs / 1000));
    const signature = createHmac('sha256', sending.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
    const headers = {
      'content-type': contentType,
      ...more,
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${signature}`,
    };
    return deliver('slack', options, { url: sending.url, headers, body, atMs });
  }

  function common(sending: Sending) {
    sent += 1;
    const person = options.people.people.find((one) => one.chatId === sending.userId);
    const triggerId = `${sent}.${TEAM}`;
    workspace.triggers.set(triggerId, { atMs: sending.atMs ?? clock(), used: false });
    const responseId = String(sent);
    handedOut.set(responseId, { atMs: sending.atMs ?? clock(), uses: 0 });
    return {
      triggerId,
      responseId,
      responseUrl: `${hooksUrl}/response/${responseId}`,
      user: { id: sending.userId, username: person?.handle ?? '', name: person?.handle ?? '', team_id: TEAM },
    };
  }

  return {
    channels: workspace.channels,
    messages: workspace.messages,
    ledger: workspace.ledger,
    views: workspace.views,
    homes: workspace.homes,
    files: workspace.files,
    responses,
    async listen(port) {
      const listening = await server.listen(port);
      hooksUrl = (await hooks.listen()).url;
      url = listening.url;
      workspace.uploadBase = url;
      return listening;
    },
    close: async () => void (await Promise.all([server.close(), hooks.close(), socket?.then((open) => open.close())])),
    socketMode,
    async sendSlashCommand(command) {
      const { triggerId, responseId, responseUrl, user } = common(command);
      const channel = workspace.find(command.channel ?? 'general');
      const answer = await send(command, {
        command: command.command ?? '/incident',
        text: command.text,
        user_id: user.id,
        user_name: user.name,
        channel_id: channel?.id ?? '',
        channel_name: channel?.name ?? '',
        team_id: TEAM,
        trigger_id: triggerId,
        response_url: responseUrl,
      });
      return { ...answer, responseId, triggerId };
    },
    async sendBlockAction(action) {
      const { triggerId, responseId, responseUrl, user } = common(action);
      const channel = action.channel === null ? null : workspace.find(action.channel);
      const actionTs = `${Math.floor((action.atMs ?? clock()) / 1000)}.${String(sent).padStart(6, '0')}`;
      const message = channel === null ? null : workspace.message(channel.id, action.messageTs);
      const payload = {
        type: 'block_actions',
        team: { id: TEAM },
        user,
        trigger_id: triggerId,
        ...(channel === null
          ? { container: { type: 'view' } }
          : placeOf(channel, action.messageTs, message, responseUrl)),
        actions: [
          {
            type: 'button',
            action_id: action.actionId,
            block_id: action.blockId ?? 'decide',
            value: action.value,
            action_ts: actionTs,
          },
        ],
      };
      return { ...(await send(action, { payload: JSON.stringify(payload) })), responseId, triggerId };
    },
    sendHomeOpened(sending) {
      sent += 1;
      const event = { type: 'app_home_opened', user: sending.userId, tab: 'home', event_ts: String(sent) };
      const body = JSON.stringify({
        token: 'deprecated',
        team_id: TEAM,
        type: 'event_callback',
        event_id: `Ev0${String(sent).padStart(8, '0')}`,
        event,
      });
      return sendSigned(sending, body, 'application/json');
    },
    write({ user, channel, text, threadTs, mentionsUs = false }) {
      const found = workspace.find(channel);
      if (found === null) throw new Error(`There is no channel ${channel}.`);
      return workspace.post({
        channel: found.id,
        user,
        text: mentionsUs ? `<@${workspace.botUser}> ${text}` : text,
        blocks: [],
        metadata: null,
        threadTs: threadTs ?? null,
        onlyFor: null,
        atMs: clock(),
      });
    },
    async sendMessageEvent({ message, mentionsUs = false, ...sending }) {
      sent += 1;
      const body = JSON.stringify(eventOf(message, mentionsUs, `Ev0${String(sent).padStart(8, '0')}`));
      let answer = await sendSigned(sending, body, 'application/json');
      for (let retry = 1; retry <= EVENT_RETRIES && !isTaken(answer); retry++) {
        const reason = answer.status === null ? 'http_timeout' : 'http_error';
        const more = { 'x-slack-retry-num': String(retry), 'x-slack-retry-reason': reason };
        answer = await sendSigned(sending, body, 'application/json', more);
      }
      return answer;
    },
    sendUrlVerification({ challenge, ...sending }) {
      const body = JSON.stringify({ token: 'deprecated', challenge, type: 'url_verification' });
      return sendSigned(sending, body, 'application/json');
    },
    async sendViewSubmission(view) {
      const { triggerId, responseId, user } = common(view);
      const payload = {
        type: 'view_submission',
        team: { id: TEAM },
        user,
        trigger_id: triggerId,
        view: {
          id: view.viewId ?? `V${sent}`,
          type: 'modal',
          callback_id: view.callbackId,
          private_metadata: view.privateMetadata,
          state: { values: view.values },
        },
      };
      return { ...(await send(view, { payload: JSON.stringify(payload) })), responseId, triggerId };
    },
  };
}

const EVENT_RETRIES = 3;
/** Slack's own limits of a response_url. */
const RESPONSE_URL_MS = 30 * 60_000;
const RESPONSE_URL_USES = 5;

function isTaken({ status }: DeliveryAnswer): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** Form fields that hold JSON arrive as text; JSON bodies as they are. */
function argsOf(request: WireRequest): SlackArgs {
  const isJson = request.headers['content-type']?.startsWith('application/json') ?? false;
  if (isJson) return request.json() as SlackArgs;
  const args: Record<string, unknown> = {};
  for (const [key, value] of [...request.query, ...request.form()])
    args[key] = JSON_FIELDS.has(key) ? parsed(key, value) : value;
  return args;
}

const JSON_FIELDS = new Set(['blocks', 'metadata', 'attachments', 'view', 'files']);

function parsed(key: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new SlackRefusal(key === 'blocks' ? 'invalid_blocks_format' : 'invalid_arguments');
  }
}

function entryOf(
  workspace: Workspace,
  method: string,
  args: SlackArgs,
  answer: Readonly<Record<string, unknown>>,
  atMs: number,
): SlackEntry {
  const named = answer.channel;
  const id =
    typeof named === 'string'
      ? named
      : String((named as { id?: string } | undefined)?.id ?? args.channel ?? args.channel_id ?? '');
  const ts = answer.ts ?? answer.message_ts;
  return {
    atMs,
    method,
    channel: workspace.find(id)?.name ?? null,
    ts: typeof ts === 'string' ? ts : null,
    text: String(args.text ?? args.topic ?? args.name ?? ''),
  };
}
