import { createHash } from 'node:crypto';
import type { Decided } from '../../client/incident-client.ts';
import { mayDecide } from '../../domain/authority.ts';
import { type DecisionBodies, type DecisionName, declarationOf } from '../../domain/decision.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import { type Instant, secondsBetween } from '../../domain/instant.ts';
import type { PersonPolicy } from '../../domain/policy.ts';
import type { ChatRequest } from '../../store/chat-requests.ts';
import { StoreUnavailable } from '../../store/database.ts';
import { timeUtc } from '../../views/words.ts';
import { actorOf } from '../authentication.ts';
import { readDecisionBody } from '../decision-schemas.ts';
import { decideAndAnswer } from '../services/decide-and-answer.ts';
import { openByPerson } from '../services/intake.ts';
import { understand } from './command-body.ts';
import { type ChatCommand, readCommandLine } from './command-line.ts';
import { openForm } from './forms.ts';
import { factsOf, findIncident, lookupsOf, whoMay } from './lookups.ts';
import type { SlackAppOptions } from './options.ts';
import { type Addressee, reply, unknownUserText } from './reply.ts';
import { type ResolvedMessage, resolveMessage } from './resolve-message.ts';

interface Common {
  readonly to: Addressee;
  /** What it was, in words, for messages about it. */
  readonly said: string;
}

/** What is kept of something said in Slack until its outcome has been told; plain JSON. */
export type KeptRequest =
  | (Common & {
      readonly kind: 'command';
      readonly channelName: string;
      readonly text: string;
      readonly triggerId: string;
    })
  | (Common & {
      readonly kind: 'action' | 'submission';
      readonly decisionId: string;
      readonly incidentId: string;
      readonly name: DecisionName;
      readonly body: Readonly<Record<string, unknown>>;
      /** The message whose button it was. */
      readonly message: ResolvedMessage | null;
    });

type Outcome =
  | { readonly over: true; readonly words: string; readonly told?: boolean }
  /** Nothing was taken yet; it is tried again. */
  | { readonly over: false; readonly words: string };

const LONGEST_PAUSE_SECONDS = 20;
/** An answer that reaches production half an hour late may do harm: then a person has to say it again. */
const GIVE_UP_SECONDS = 30 * 60;

/** Carries out what was kept and tells its outcome; what cannot be handed over now stays kept. */
export async function processRequest(app: SlackAppOptions, kept: ChatRequest<KeptRequest>): Promise<void> {
  const { id, request, receivedAt, tries } = kept;
  const { store, clock } = app.gateway;
  const outcome = await attempt(app, kept);
  if (outcome.over) {
    await store.chatRequests.finish(id, outcome.words);
    if (outcome.told !== true) await reply(app.web, request.to, outcome.words);
    return;
  }
  if (secondsBetween(receivedAt, clock()) > GIVE_UP_SECONDS) {
    const words = `Not taken: ${request.said}, said at ${timeUtc(receivedAt, clock())}. ${outcome.words} Say it again if it still holds.`;
    await store.chatRequests.finish(id, words);
    await reply(app.web, request.to, words);
    return;
  }
  await store.chatRequests.putBack(id, Math.min(LONGEST_PAUSE_SECONDS, 2 ** Math.min(tries, 6)));
  if (tries > 1) return;
  await reply(
    app.web,
    request.to,
    `Queued: ${request.said}. ${outcome.words} It will be retried, as said at ${timeUtc(receivedAt, receivedAt)}, and the result posted here. No need to resend.`,
  );
}

async function attempt(app: SlackAppOptions, kept: ChatRequest<KeptRequest>): Promise<Outcome> {
  const { request, receivedAt } = kept;
  try {
    const person = await app.gateway.people.byChatId(request.to.user);
    if (person === null) return { over: true, words: unknownUserText(request.to.user) };
    if (request.kind === 'command') return await command(app, request, person, receivedAt);
    const { decisionId, incidentId, name, body, message } = request;
    const decided = await decide(app, person, { id: decisionId, incidentId, name, body, receivedAt });
    if (decided.over && message !== null) await resolveMessage(app, message, incidentId, name, body);
    return decided;
  } catch (error) {
    if (error instanceof StoreUnavailable) return { over: false, words: 'The store does not answer.' };
    app.gateway.log?.error(error as Error);
    return {
      over: true,
      words: `${request.said}: something went wrong here, and it may not have been taken. Look at /incident show, then say it again.`,
    };
  }
}

type CommandRequest = Extract<KeptRequest, { kind: 'command' }>;

async function command(
  app: SlackAppOptions,
  request: CommandRequest,
  person: PersonPolicy,
  receivedAt: Instant,
): Promise<Outcome> {
  const read = readCommandLine(request.text);
  const id = `slack:${createHash('sha256').update(request.triggerId).digest('hex').slice(0, 40)}`;
  if (read.kind === 'create') return create(app, read, person, id, receivedAt);
  if (read.kind !== 'decision') return { over: true, words: 'There was nothing to decide.' };
  const { gateway } = app;
  const found = await findIncident(gateway, read.reference, request.channelName);
  if (!found.ok) return { over: true, words: found.words };
  const { incidentId } = found;
  const { facts, away } = await factsOf(gateway, incidentId);
  if (facts === null && away) return { over: false, words: `${incidentId} does not answer.` };
  const understood = await understand(read, { facts, now: receivedAt }, lookupsOf(gateway));
  switch (understood.kind) {
    case 'problem':
      return { over: true, words: understood.words };
    case 'form': {
      const prefill = facts === null ? {} : begunWith(read.name, facts);
      const trigger = { triggerId: request.triggerId, to: request.to };
      const words = await openForm(app, person, read.name, incidentId, understood.given, prefill, trigger);
      return { over: true, words, told: true };
    }
    case 'body':
      return decide(app, person, { id, incidentId, name: read.name, body: understood.body, receivedAt });
  }
}

/** A form begins with what is so now. */
function begunWith(name: DecisionName, facts: IncidentFacts): Readonly<Record<string, string>> {
  const fields = Object.entries(declarationOf(name).fields);
  return Object.fromEntries(
    fields.flatMap(([field, { kind }]) => (kind === 'severity' ? [[field, facts.severity]] : [])),
  );
}

async function create(
  { gateway }: SlackAppOptions,
  wanted: Extract<ChatCommand, { kind: 'create' }>,
  person: PersonPolicy,
  id: string,
  receivedAt: Instant,
): Promise<Outcome> {
  const forbidden = mayDecide('note', person.roles);
  if (forbidden !== null)
    return {
      over: true,
      words: `Opening an incident is for those who work on them. ${await whoMay(gateway, 'note', null)}`,
    };
  const { title, severity, service, separate } = wanted;
  const taken = await openByPerson(
    gateway,
    person,
    { title: title.slice(0, 300), severity, service, separate },
    id,
    receivedAt,
  );
  if (taken.incidentId === null) return { over: true, words: `Nothing was opened: ${taken.state}.` };
  const words = taken.joined
    ? `That is ${taken.incidentId}, which is open already; your report is on its timeline. Another problem? /incident create --separate "${title.slice(0, 80)}"`
    : `${taken.incidentId} is open. Its channel comes in a moment: #${taken.incidentId}. Write there, or follow it here: /incident show ${taken.incidentId}`;
  return { over: true, words };
}

interface DecisionRequest {
  readonly id: string;
  readonly incidentId: string;
  readonly name: DecisionName;
  readonly body: unknown;
  readonly receivedAt: Instant;
}

async function decide(app: SlackAppOptions, person: PersonPolicy, wanted: DecisionRequest): Promise<Outcome> {
  const { gateway } = app;
  const { id, incidentId, name } = wanted;
  const forbidden = mayDecide(name, person.roles);
  if (forbidden !== null) return { over: true, words: `${forbidden} ${await whoMay(gateway, name, null)}` };
  const body = readDecisionBody(name, wanted.body, wanted.receivedAt);
  if (!body.ok) return { over: true, words: body.problems.join(' ') };
  const decided = await decideAndAnswer(
    gateway,
    { id, incidentId, name, actor: actorOf(person, 'slack'), body: body.body },
    wanted.receivedAt,
  );
  return outcomeOf(app, decided, wanted, body.body);
}

async function outcomeOf(
  { gateway }: SlackAppOptions,
  decided: Decided,
  { incidentId, name }: DecisionRequest,
  body: DecisionBodies[DecisionName],
): Promise<Outcome> {
  switch (decided.outcome) {
    case 'accepted':
      return { over: true, words: `${incidentId}: ${decided.answer.effect}` };
    case 'unavailable':
      return { over: false, words: 'Temporal does not answer.' };
    case 'refused': {
      if (!decided.unauthorised) return { over: true, words: decided.words };
      const { approvalId } = body as { approvalId?: string };
      const { facts } = await factsOf(gateway, incidentId);
      const asked = facts?.openQuestions.find((question) => question.approvalId === approvalId);
      return { over: true, words: `${decided.words} ${await whoMay(gateway, name, asked?.approver ?? null)}` };
    }
    case 'pending':
    case 'ended':
    case 'not-found':
      return { over: true, words: decided.words };
  }
}
