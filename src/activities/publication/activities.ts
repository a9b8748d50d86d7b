import { activityInfo } from '@temporalio/activity';
import { dedupKeyOf } from '../../domain/incident-name.ts';
import type { Instant } from '../../domain/instant.ts';
import type { PublicStatus } from '../../domain/timeline.ts';
import { chatMessage } from '../../views/chat.ts';
import { chatSummary } from '../../views/chat-summary.ts';
import { pageView } from '../../views/page.ts';
import { type StatusPost, statusPost } from '../../views/status-page.ts';
import type { TemplateContext, TextRenderer } from '../../views/templates.ts';
import { type Deadlines, REAL_DEADLINES } from '../deadlines.ts';
import { failure } from '../failures.ts';
import { type IdempotencyLedger, once } from '../once.ts';
import type { Delivery, PublicationActivities, PublishInput, Receipt } from './api.ts';
import { sendMail } from './mails.ts';
import { notePage } from './page-notes.ts';
import type { ChatPort, MailPort, PageNotePort, PagingPort, PostMark, ShownStatus, StatusPagePort } from './ports.ts';
import { deliveredReceipt, failedReceipt, type Sent } from './receipts.ts';

export interface PublicationPorts {
  readonly chat: ChatPort;
  readonly statusPage: StatusPagePort;
  readonly mail: MailPort;
  readonly paging: PagingPort;
  readonly pageNotes: PageNotePort;
  /** Fills the texts of the policy (Liquid, at the edge: views import no package). */
  readonly render: TextRenderer;
  readonly ledger: IdempotencyLedger;
  readonly clock: () => Instant;
  /** Which attempt of the activity this is, from 1; Temporal's by default. */
  readonly attempt?: () => number;
  readonly deadlineMilliseconds?: number;
  /** How that deadline is counted; by the wall clock when left out. */
  readonly deadlines?: Deadlines;
}

/** One round (R4): every audience at once; a system that is down costs its own receipt and nobody else's. */
export function createPublicationActivities(ports: PublicationPorts): PublicationActivities {
  const round: Round = { ports, uncertain: boundedSet(UNCERTAIN_KEYS), mentions: mentionCache(ports.chat) };
  return {
    async publish(input) {
      const attempt = ports.attempt?.() ?? activityInfo().attempt;
      const deadline = ports.deadlineMilliseconds ?? DEADLINE_MILLISECONDS;
      const lanes = lanesOf(input.deliveries).map((lane) => runLane(round, input, lane, attempt, deadline));
      const receipts = new Map((await Promise.all(lanes)).flat().map((receipt) => [receipt.key, receipt]));
      return input.deliveries.flatMap((delivery) => receipts.get(delivery.key) ?? []);
    },
  };
}

/** A round ends by then whatever the systems do; what had no answer is looked for before it is sent again. */
const DEADLINE_MILLISECONDS = 8_000;
const UNCERTAIN_KEYS = 2_000;

interface Round {
  readonly ports: PublicationPorts;
  /** Keys whose answer never came: they may or may not have arrived. */
  readonly uncertain: BoundedSet;
  readonly mentions: (handles: readonly string[]) => Promise<Readonly<Record<string, string | null>>>;
}

/** Messages to one channel keep their order; the status page is one lane too, since its API counts requests. */
function lanesOf(deliveries: readonly Delivery[]): readonly (readonly Delivery[])[] {
  const lanes = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const lane = laneOf(delivery);
    lanes.set(lane, [...(lanes.get(lane) ?? []), delivery]);
  }
  return [...lanes.values()];
}

function laneOf(delivery: Delivery): string {
  // An ornament: it must not hold back what people are told.
  if (delivery.what === 'pinned') return `pinned ${delivery.channel}`;
  if (delivery.medium === 'chat' && delivery.what !== 'open-channel') return `chat ${delivery.channel}`;
  return delivery.medium === 'status-page' ? 'status-page' : `${delivery.medium} ${delivery.key}`;
}

async function runLane(
  round: Round,
  input: PublishInput,
  lane: readonly Delivery[],
  attempt: number,
  deadline: number,
): Promise<readonly Receipt[]> {
  const until = performance.now() + deadline;
  const receipts: Receipt[] = [];
  for (const delivery of lane) {
    receipts.push(await deliver(round, input, delivery, attempt, until - performance.now()));
  }
  return receipts;
}

async function deliver(
  round: Round,
  input: PublishInput,
  delivery: Delivery,
  attempt: number,
  milliseconds: number,
): Promise<Receipt> {
  const mayBeThere = attempt > 1 || delivery.again === true || round.uncertain.has(delivery.key);
  try {
    const sent = await withDeadline(round.ports.deadlines ?? REAL_DEADLINES, milliseconds, delivery, () =>
      send(round, input, delivery, mayBeThere),
    );
    round.uncertain.delete(delivery.key);
    return deliveredReceipt(delivery, sent);
  } catch (error) {
    const receipt = failedReceipt(delivery, error);
    if (!receipt.permanent) round.uncertain.add(delivery.key);
    return receipt;
  }
}

async function withDeadline<T>(
  deadlines: Deadlines,
  milliseconds: number,
  delivery: Delivery,
  work: () => Promise<T>,
): Promise<T> {
  const late = () =>
    failure(
      'Unavailable',
      `No answer for ${delivery.what} (${delivery.medium}) in time; it may have arrived and is looked for before it is sent again.`,
    );
  if (milliseconds <= 0) throw late();
  let giveUp = () => {};
  const deadline = new Promise<never>((_resolve, reject) => {
    giveUp = deadlines.after(milliseconds, () => reject(late()));
  });
  try {
    return await Promise.race([work(), deadline]);
  } finally {
    giveUp();
  }
}

function send(round: Round, input: PublishInput, delivery: Delivery, mayBeThere: boolean): Promise<Sent> {
  switch (delivery.medium) {
    case 'chat':
      return sendChat(round, input, delivery, mayBeThere);
    case 'status-page':
      return postStatusOnce(round.ports, input, delivery);
    case 'mail':
      return sendMail(round.ports, input, delivery, speechOf(round.ports, input));
    case 'page':
      return page(round.ports, input, delivery);
    case 'page-note':
      return notePage(round.ports, input, delivery);
  }
}

function speechOf({ render }: PublicationPorts, { texts }: PublishInput): TemplateContext {
  return { texts, render };
}

function sendChat(
  round: Round,
  input: PublishInput,
  delivery: Extract<Delivery, { medium: 'chat' }>,
  mayBeThere: boolean,
): Promise<Sent> {
  switch (delivery.what) {
    case 'pinned':
      return postPinned(round.ports, input, delivery);
    case 'open-channel':
      return openChannel(round.ports, input, delivery);
    case 'invite':
      return invite(round.ports.chat, delivery);
    default:
      return postChat(round, input, delivery, mayBeThere);
  }
}

type ChannelDelivery = Extract<Delivery, { what: 'open-channel' }>;
type PinnedDelivery = Extract<Delivery, { what: 'pinned' }>;
type InviteDelivery = Extract<Delivery, { what: 'invite' }>;
type ChatDelivery = Exclude<Extract<Delivery, { medium: 'chat' }>, ChannelDelivery | PinnedDelivery | InviteDelivery>;
type StatusDelivery = Extract<Delivery, { medium: 'status-page' }>;
type PageDelivery = Extract<Delivery, { medium: 'page' }>;

async function openChannel(ports: PublicationPorts, input: PublishInput, delivery: ChannelDelivery): Promise<Sent> {
  const open = () =>
    ports.chat.openChannel({
      incidentId: input.facts.incidentId,
      name: delivery.channelName,
      topic: delivery.topic,
      inviteChatIds: delivery.inviteChatIds,
      bookmarks: delivery.bookmarks,
    });
  const outcome = await once(ports, {
    key: `chat:${delivery.key}`,
    act: () => open().then((opened) => ({ ...opened, ref: opened.channelId })),
  });
  // Whoever comes second adopts what is there, which tells its name; at the same moment both would add the bookmarks.
  const opened = outcome.already ? await open() : outcome.done;
  return {
    ref: opened.channelId,
    text: opened.name,
    already: opened.adopted,
    reason: opened.warnings.length === 0 ? null : opened.warnings.join(' '),
    channelName: opened.name,
  };
}

async function invite(chat: ChatPort, { channel, inviteChatIds, detail }: InviteDelivery): Promise<Sent> {
  const warnings = await chat.invite(channel, inviteChatIds);
  return { ref: null, text: detail, reason: warnings.length === 0 ? null : warnings.join(' ') };
}

async function postChat(round: Round, input: PublishInput, delivery: ChatDelivery, mayBeThere: boolean): Promise<Sent> {
  const handles = input.chatGroups;
  const groups =
    delivery.what === 'initial'
      ? await round.mentions(handles)
      : Object.fromEntries(handles.map((handle) => [handle, null]));
  const view = chatMessage(delivery.what, input.facts, {
    ...speechOf(round.ports, input),
    detail: delivery.detail,
    groups,
    actionItems: delivery.actionItems ?? null,
  });
  const outcome = await once(round.ports, {
    key: `chat:${delivery.key}`,
    mayBeThere,
    find: () => posted(round.ports.chat, delivery),
    act: () =>
      round.ports.chat.post({
        channel: delivery.channel,
        text: view.text,
        blocks: view.blocks,
        incidentId: input.facts.incidentId,
        key: delivery.key,
      }),
  });
  return { ref: outcome.done.ref, text: view.text, already: outcome.already };
}

async function posted(chat: ChatPort, { channel, key }: { readonly channel: string; readonly key: string }) {
  const ref = await chat.findPosted(channel, key);
  return ref === null ? null : { ref };
}

/** Posted and pinned once, found again by its key when that answer was lost, and from then on edited in place. */
async function postPinned(ports: PublicationPorts, input: PublishInput, delivery: PinnedDelivery): Promise<Sent> {
  const { chat } = ports;
  const view = chatSummary(input.facts);
  const { channel, key } = delivery;
  const message = { channel, key, text: view.text, blocks: view.blocks, incidentId: input.facts.incidentId };
  if (delivery.ref !== null) {
    await chat.edit({ ...message, ref: delivery.ref });
    return { ref: delivery.ref, text: view.text };
  }
  const outcome = await once(ports, {
    key: `chat:${key}`,
    mayBeThere: true,
    find: () => posted(chat, delivery),
    act: () => chat.post(message),
  });
  const { ref } = outcome.done;
  if (ref === null) throw failure('Unavailable', 'Where the pinned summary stands is not known yet.');
  if (outcome.already) await chat.edit({ ...message, ref });
  await chat.pin(channel, ref);
  return { ref, text: view.text };
}

/** Two workers at once would both update it, and both updates would be mailed to whoever follows the page. */
async function postStatusOnce(ports: PublicationPorts, input: PublishInput, delivery: StatusDelivery): Promise<Sent> {
  const outcome = await once(ports, {
    key: `status-page:${delivery.key}`,
    act: () => postStatus(ports, input, delivery),
  });
  if (!outcome.already) return outcome.done;
  return { ref: outcome.done.ref, text: statusView(ports, input, delivery).body, already: true };
}

/** The page is always asked first: what it shows decides whether this is a create, an update or nothing (R4.4). */
async function postStatus(ports: PublicationPorts, input: PublishInput, delivery: StatusDelivery): Promise<Sent> {
  const { statusPage } = ports;
  const view = statusView(ports, input, delivery);
  const post = { ...view, incidentId: input.facts.incidentId, key: delivery.key };
  const now = await statusPage.find(input.facts.incidentId, delivery.ref);
  if (now?.latestKey === delivery.key) return { ref: now.ref, text: view.body, already: true };
  const byHand = changedByHand(now, delivery);
  const after = await placeStatus(statusPage, now, post, input, delivery, byHand);
  return { ref: after.ref, text: view.body, ...(byHand === null ? {} : { shownByHand: byHand }) };
}

function statusView(ports: PublicationPorts, { facts, ...input }: PublishInput, delivery: StatusDelivery): StatusPost {
  const { what, detail, shown } = delivery;
  return statusPost(what, facts, detail, speechOf(ports, { facts, ...input }), shown ?? facts.status);
}

/** The state that somebody gave the page by hand; null when it shows what we last said, or what we may have said. */
function changedByHand(now: ShownStatus | null, { expected, pendingKeys = [] }: StatusDelivery): PublicStatus | null {
  if (now === null || expected === undefined || expected === null || now.status === expected) return null;
  if (now.latestKey !== null && pendingKeys.includes(now.latestKey)) return null;
  // A post-mortem written there is no news about the incident.
  return isPublicStatus(now.status) ? now.status : null;
}

function isPublicStatus(status: string): status is PublicStatus {
  return ORDER.indexOf(status) >= 0 && status !== 'postmortem';
}

function placeStatus(
  statusPage: StatusPagePort,
  now: ShownStatus | null,
  post: StatusPost & PostMark,
  input: PublishInput,
  delivery: StatusDelivery,
  byHand: PublicStatus | null,
): Promise<ShownStatus> {
  if (now === null) return statusPage.create(post);
  if (isBackwards(now.status, post.status) && !mayGoBack(now.status, input, delivery, byHand)) {
    throw failure(
      'Conflict',
      `The status page already says "${now.status}"; going back to "${post.status}" needs a person's text.`,
      byHand === null ? {} : { details: [{ shownByHand: byHand }] },
    );
  }
  return statusPage.update(now.ref, post);
}

const ORDER: readonly string[] = ['investigating', 'identified', 'monitoring', 'resolved', 'postmortem'];

function isBackwards(from: string, to: string): boolean {
  return ORDER.indexOf(to) < ORDER.indexOf(from);
}

/** Backwards only with a text a person wrote or agreed to, or when an incident that was resolved is open again. */
function mayGoBack(from: string, input: PublishInput, delivery: StatusDelivery, byHand: PublicStatus | null): boolean {
  return (
    delivery.detail !== null ||
    delivery.agreedBackwards === true ||
    (from === 'resolved' && input.facts.resolvedAt === null && byHand === null)
  );
}

async function page(ports: PublicationPorts, input: PublishInput, delivery: PageDelivery): Promise<Sent> {
  const view = pageView(input.facts, delivery.detail, speechOf(ports, input));
  const answer = await ports.paging.page({
    ...view,
    action: delivery.what,
    pagingService: delivery.pagingService,
    dedupKey: dedupKeyOf(input.facts.incidentId, delivery.contact),
    source: input.facts.service,
    at: input.facts.at,
  });
  return { ref: answer.ref, text: view.summary };
}

/** Group ids do not change during an incident; when they cannot be had, groups are named instead of called. */
function mentionCache(chat: ChatPort): Round['mentions'] {
  const known = new Map<string, string | null>();
  return async (handles) => {
    const missing = handles.filter((handle) => !known.has(handle));
    if (missing.length > 0) {
      const found = await chat.groupMentions(missing).catch(() => ({}) as Readonly<Record<string, string | null>>);
      for (const [handle, token] of Object.entries(found)) known.set(handle, token);
    }
    return Object.fromEntries(handles.map((handle) => [handle, known.get(handle) ?? null]));
  };
}

interface BoundedSet {
  has(key: string): boolean;
  add(key: string): void;
  delete(key: string): void;
}

function boundedSet(limit: number): BoundedSet {
  const keys = new Set<string>();
  return {
    has: (key) => keys.has(key),
    add(key) {
      keys.add(key);
      const oldest = keys.values().next().value;
      if (keys.size > limit && oldest !== undefined) keys.delete(oldest);
    },
    delete(key) {
      keys.delete(key);
    },
  };
}
