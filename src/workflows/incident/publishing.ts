import type { Delivery, PublishInput, Receipt } from '../../activities/publication/api.ts';
import type { UnsentRecord } from '../../domain/incident.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import { type Instant, plusSeconds, secondsBetween } from '../../domain/instant.ts';
import { factsFor, messageTemplatesFor } from '../../domain/message-templates.ts';
import type { Medium, PublicStatus, Published } from '../../domain/timeline.ts';
import { message } from '../activity-calls.ts';
import type { IncidentRun } from './run.ts';

const RETRY_SECONDS = 60;
const LONGEST_RETRY_SECONDS = 2 * 60;
/** Media in which the newest message says all that an older unsent one would have said. */
const SUPERSEDING: readonly Medium[] = ['chat', 'status-page'];

/** Messages to the channel that say where the incident stands: only these make up for an owed one. */
const TELLING: readonly Delivery['what'][] = ['initial', 'update', 'no-news', 'resolved', 'reopened', 'closed'];

/** One publication round: everything at once, a receipt each, all of it on the timeline. */
export async function publishRound(
  run: IncidentRun,
  summary: string,
  deliveries: readonly Delivery[],
  facts: IncidentFacts = run.facts(),
): Promise<void> {
  if (deliveries.length > 0) await run.trackInFlight(() => sendRound(run, summary, deliveries, facts));
}

/** The round of an incident that is ending, when nothing else is begun any more. */
export async function publishLastRound(run: IncidentRun, deliveries: readonly Delivery[]): Promise<void> {
  await sendRound(run, 'closing', deliveries, run.facts());
}

async function sendRound(
  run: IncidentRun,
  summary: string,
  wanted: readonly Delivery[],
  facts: IncidentFacts,
): Promise<void> {
  const pinned = pinnedBeside(run, wanted);
  if (pinned?.ref === null) run.firstPin = 'under-way';
  await send(run, summary, pinned === null ? wanted : [...wanted, pinned], facts);
  if (pinned?.ref !== null) return;
  while (run.firstPin === 'stale') {
    run.firstPin = 'under-way';
    await send(run, 'the pinned summary', [pinnedSummary(run, pinned.channel)], run.facts());
  }
  run.firstPin = 'none';
}

async function send(
  run: IncidentRun,
  summary: string,
  deliveries: readonly Delivery[],
  facts: IncidentFacts,
): Promise<void> {
  const coversSeq = run.state.seq;
  const answer = await run.attempt(message(summary).publish(roundOf(run, deliveries, facts)));
  const receipts = answer.ok ? answer.value : deliveries.map((delivery) => failedReceipt(delivery, answer.words));
  for (const receipt of receipts) {
    const delivery = deliveries.find((candidate) => candidate.key === receipt.key);
    if (delivery !== undefined) recordReceipt(run, delivery, receipt, coversSeq);
  }
}

type PinnedSummary = Extract<Delivery, { what: 'pinned' }>;

/**
 * Whatever is said in the incident's channel, the summary that is pinned there is edited with it. Two rounds at once must
 * not both post it for the first time: what the second would have shown follows the first.
 */
function pinnedBeside(run: IncidentRun, deliveries: readonly Delivery[]): PinnedSummary | null {
  const channel = run.state.channel?.id;
  const speaksHere = deliveries.some((delivery) => 'channel' in delivery && delivery.channel === channel);
  if (channel === undefined || !speaksHere) return null;
  const pinned = pinnedSummary(run, channel);
  if (pinned.ref !== null || run.firstPin === 'none') return pinned;
  run.firstPin = 'stale';
  return null;
}

function pinnedSummary(run: IncidentRun, channel: string): PinnedSummary {
  const ref = run.state.steps[PINNED];
  const key = `${run.state.incidentId}/pinned`;
  return { medium: 'chat', key, what: 'pinned', channel, ref: typeof ref === 'string' ? ref : null };
}

/** The step that remembers where the pinned summary stands. */
const PINNED = 'pinned-summary';

/** What a round needs and nothing else: a history with the whole policy in every round is ten times a lean one. */
function roundOf(run: IncidentRun, deliveries: readonly Delivery[], facts: IncidentFacts): PublishInput {
  const { communication, review, team } = run.policy;
  const invites = deliveries.some((delivery) => delivery.what === 'invitation');
  const calls = deliveries.some((delivery) => delivery.what === 'initial');
  return {
    facts: factsFor(facts, deliveries),
    texts: messageTemplatesFor(communication, deliveries),
    chatGroups: calls ? chatGroups(run) : [],
    ...(invites
      ? { review: { meetingMinutes: review.meetingMinutes, agenda: review.agenda, timeZone: team.timeZone } }
      : {}),
    deliveries,
  };
}

/** Groups of the policy that chat may call. */
export function chatGroups(run: IncidentRun): readonly string[] {
  return [...new Set(Object.values(run.policy.contacts).flatMap((contact) => contact.chatGroup ?? []))];
}

/** The key of the next message of a kind; counted by the timeline, so a retry has the same and a new one another. */
export function nextKey(run: IncidentRun, what: string): string {
  return `${run.state.incidentId}/${what}/${run.state.seq}`;
}

function failedReceipt(delivery: Delivery, reason: string): Receipt {
  return {
    key: delivery.key,
    result: 'failed',
    ref: null,
    text: '',
    reason,
    permanent: false,
    retryAfterSeconds: null,
  };
}

function recordReceipt(run: IncidentRun, delivery: Delivery, receipt: Receipt, coversSeq: number): void {
  if (receipt.shownByHand !== undefined && adoptEdit(run, delivery, receipt, receipt.shownByHand)) return;
  if (delivery.what === 'pinned') {
    // One that could not be edited is put right by the next round; it is nobody's only source.
    if (delivery.ref === null && receipt.result !== 'failed' && receipt.ref !== null)
      run.record({ kind: 'step-finished', step: PINNED, outcome: receipt.ref });
    return;
  }
  if (receipt.result === 'failed') {
    const { key, medium, what } = delivery;
    const reason = receipt.reason ?? 'no reason given';
    run.record({
      kind: 'publication-failed',
      key,
      medium,
      what,
      reason,
      retryAt: retryAt(run, receipt),
      coversSeq,
      delivery,
    });
    return;
  }
  if (delivery.medium === 'chat' && delivery.what === 'open-channel') {
    run.record({
      kind: 'channel-opened',
      channelId: receipt.ref ?? delivery.channelName,
      name: receipt.text || delivery.channelName,
      link: null,
    });
    return;
  }
  if (delivery.medium === 'page') {
    if (delivery.what !== 'trigger') return;
    run.record({
      kind: 'paged',
      contact: delivery.contact,
      key: delivery.key,
      ref: receipt.ref,
      because: delivery.detail ?? 'the incident opened',
    });
    return;
  }
  const makesUpFor = delivery.medium !== 'chat' || TELLING.includes(delivery.what);
  const owed = run.state.unsent.filter(
    (unsent) => makesUpFor && unsent.medium === delivery.medium && isSuperseded(unsent),
  );
  const sentBefore = run.state.unsent.find((unsent) => unsent.key === delivery.key);
  const late = owed.length > 0 || sentBefore !== undefined;
  for (const unsent of owed.filter((waiting) => waiting.key !== delivery.key)) {
    run.record({ kind: 'publication-superseded', key: unsent.key, newerKey: delivery.key });
  }
  // What turns out to have arrived the first time speaks only of what was known then.
  const arrivedThen = receipt.result === 'already-delivered' ? sentBefore?.coversSeq : undefined;
  run.record({ kind: 'published', message: publishedMessage(run, delivery, receipt, arrivedThen ?? coversSeq), late });
}

/**
 * Somebody changed the page by hand: what it shows is taken as said, on the timeline. A post that would have undone it
 * is not owed any more; where the incident disagrees, the next state is asked about (going back needs a person, R4.4).
 */
function adoptEdit(run: IncidentRun, delivery: Delivery, receipt: Receipt, to: PublicStatus): boolean {
  const undone = receipt.result === 'failed';
  const words = undone ? `it stays as it is; our post "${delivery.what}" was not sent` : 'our next post followed it';
  run.record({ kind: 'status-page-edited', from: run.state.statusPageStatus, to, words });
  if (undone) run.record({ kind: 'publication-superseded', key: delivery.key, newerKey: 'changed by hand' });
  return undone;
}

/** Later each time, as long as the other side stays away; null when trying again is of no use. */
function retryAt(run: IncidentRun, receipt: Receipt): Instant | null {
  if (receipt.permanent) return null;
  const since = run.state.unsent.find((unsent) => unsent.key === receipt.key)?.since ?? run.now();
  const patience = Math.min(LONGEST_RETRY_SECONDS, secondsBetween(since, run.now()) / 2);
  return plusSeconds(run.now(), Math.max(receipt.retryAfterSeconds ?? RETRY_SECONDS, patience));
}

/** Telling messages are superseded by newer ones; questions, mails, pages and channels are not. */
export function isSuperseded(unsent: UnsentRecord): boolean {
  return (
    SUPERSEDING.includes(unsent.medium) &&
    !['question', 'open-channel', 'invite', 'announcement', 'summary', 'closed'].includes(unsent.what)
  );
}

function publishedMessage(
  run: IncidentRun,
  delivery: Exclude<Delivery, { medium: 'page' }>,
  receipt: Receipt,
  coversSeq: number,
): Published {
  return {
    key: delivery.key,
    medium: delivery.medium,
    what: delivery.what,
    to: addressee(run, delivery),
    text: receipt.text,
    ref: receipt.ref,
    coversSeq,
  };
}

function addressee(run: IncidentRun, delivery: Exclude<Delivery, { medium: 'page' }>): string {
  if (delivery.medium === 'mail') return delivery.to.join(', ');
  if (delivery.medium === 'page-note') return 'the page';
  if (delivery.medium === 'status-page' || delivery.what === 'open-channel') return 'status page';
  const { channel } = run.state;
  return delivery.channel === channel?.id ? `#${channel.name}` : delivery.channel;
}
