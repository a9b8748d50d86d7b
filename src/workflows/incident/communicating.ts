import type { ChatMessage, Delivery } from '../../activities/publication/api.ts';
import { draftWords } from '../../domain/draft.ts';
import { type IncidentState, nextPromiseNumber, openPromise } from '../../domain/incident.ts';
import { clockTimeUtc, type Instant, isBefore, laterOf, plusMinutes } from '../../domain/instant.ts';
import { isSuperseded, nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

const FIRST_MESSAGE_WITHIN_MINUTES = 1;
/** A message this much after its promised time is late, and says so. */
const TOLERANCE_MINUTES = 1;
/** A draft stands on the timeline, where texts are at most a kilobyte. */
const DRAFT_CHARACTERS = 1_000;

/**
 * Phase 4 runs throughout (R4.1–R4.3): the initial alert, an update whenever there is news and by the promised time
 * at the latest, a reminder before it, an honest automatic one when nobody wrote, the resolution. The time named in
 * each message is the timer (ADR 0013).
 */
export async function runUpdateCadence(run: IncidentRun): Promise<void> {
  if (run.state.told === null) await untilWorthTelling(run);
  while (run.state.closed === null) await nextMessage(run);
}

/** The first message waits for the first evidence, but never longer than a minute. */
async function untilWorthTelling(run: IncidentRun): Promise<void> {
  const latest = plusMinutes(run.state.openedAt, FIRST_MESSAGE_WITHIN_MINUTES);
  const ready = () => 'opening' in run.state.steps && run.state.evidence['first-assessment'] !== undefined;
  await run.agenda.waitUntil('initial alert', latest, () => ready() || run.state.closed !== null);
}

/** Waits for whatever comes first (news, the retry of an unsent message, the reminder, the promised time) and says it. */
async function nextMessage(run: IncidentRun): Promise<void> {
  const retryAt = retryOfUnsent(run);
  if (retryAt !== null) {
    await run.agenda.waitUntil('send what could not be sent', retryAt, () => run.state.closed !== null);
    if (run.state.closed === null) await say(run, newsKind(run.state) ?? 'no-news');
    return;
  }
  const news = newsKind(run.state);
  if (news !== null) return say(run, news);
  const dueAt = wantedDue(run);
  const changed = () => run.state.closed !== null || newsKind(run.state) !== null || wantedDue(run) !== dueAt;
  if (dueAt === null) return run.agenda.waitFor(changed);
  promise(run, dueAt);
  if (wantsReminder(run, dueAt)) {
    const remindAt = plusMinutes(dueAt, -run.policy.communication.remindBeforeMinutes);
    if ((await run.agenda.waitUntil('reminder of the next update', remindAt, changed)) === 'due')
      await remind(run, dueAt);
    return;
  }
  // Whoever takes the lead meanwhile is still reminded.
  const changedOrLed = () => changed() || wantsReminder(run, dueAt);
  if ((await run.agenda.waitUntil('next update', dueAt, changedOrLed)) === 'due') await say(run, 'no-news');
}

/** What there is to tell since the last message; null when nothing is worth one by itself. */
function newsKind(state: IncidentState): ChatMessage | null {
  const { told } = state;
  if (told === null) return 'initial';
  if (state.resolved !== null) return told.what === 'resolved' ? null : 'resolved';
  if (told.what === 'resolved') return 'reopened';
  return state.newsSeq > told.coversSeq ? 'update' : null;
}

/** The message states when the next one comes; that becomes the promise once the message is out, and not before. */
async function say(run: IncidentRun, what: ChatMessage): Promise<void> {
  const every = run.policy.severities[run.state.severity].updateEveryMinutes;
  const nextUpdateAt = run.state.resolved === null ? plusMinutes(run.now(), every) : null;
  const before = run.state.told;
  const lateBecause = lateness(run);
  await publishRound(run, `chat: ${what}`, deliveriesOf(run, what), { ...run.facts(), nextUpdateAt, lateBecause });
  if (run.state.told !== before) settlePromise(run, what, lateBecause);
}

/** Why the update that was promised comes only now, in words for those who waited; null when it is in time. */
function lateness(run: IncidentRun): string | null {
  const open = openPromise(run.state, 'update');
  if (open === null || !isBefore(plusMinutes(open.promise.dueAt, TOLERANCE_MINUTES), run.now())) return null;
  const due = clockTimeUtc(open.promise.dueAt);
  const owed = unsentTelling(run)[0];
  if (owed === undefined) return `it was due at ${due} UTC, and the incident runbook itself was not running then.`;
  return `it was due at ${due} UTC; this channel did not take it from ${clockTimeUtc(owed.since)} UTC on (${owed.reason.replace(/\.$/u, '')}).`;
}

function deliveriesOf(run: IncidentRun, what: ChatMessage): readonly Delivery[] {
  const unsent = unsentTelling(run).find((record) => record.what === what);
  const key = unsent?.key ?? nextKey(run, what);
  const here: Delivery = {
    medium: 'chat',
    key,
    what,
    channel: channelOf(run),
    detail: null,
    again: unsent !== undefined,
  };
  if (what !== 'resolved') return [here];
  const { communication } = run.policy;
  return [
    here,
    {
      medium: 'chat',
      key: nextKey(run, 'closing'),
      what: 'closed',
      channel: communication.incidentsChannel,
      detail: null,
    },
    {
      medium: 'mail',
      key: nextKey(run, 'mail resolved'),
      what: 'resolved',
      to: communication.incidentMail,
      detail: null,
    },
    ...closedPages(run),
  ];
}

function closedPages(run: IncidentRun): readonly Delivery[] {
  return run.state.pages.flatMap((page): readonly Delivery[] => {
    const { pagingService } = run.policy.contacts[page.contact];
    return pagingService === null
      ? []
      : [{ medium: 'page', key: page.key, what: 'resolve', contact: page.contact, pagingService, detail: null }];
  });
}

export function channelOf(run: IncidentRun): string {
  return run.state.channel?.id ?? run.policy.communication.incidentsChannel;
}

/** When an unsent chat message is tried again; it is then rendered anew, so that nothing stale goes out (newest wins). */
function retryOfUnsent(run: IncidentRun): Instant | null {
  const newest = unsentTelling(run).at(-1);
  if (newest === undefined) return null;
  return newest.retryAt ?? plusMinutes(newest.failedAt, run.policy.severities[run.state.severity].updateEveryMinutes);
}

/** Messages to the channel that are owed; reminders are not made up for. */
function unsentTelling(run: IncidentRun) {
  return run.state.unsent.filter(
    (record) => record.medium === 'chat' && isSuperseded(record) && record.what !== 'reminder',
  );
}

/** When the next update is due; null once resolved. A changed severity re-times it from the change (R0.7). */
function wantedDue(run: IncidentRun): Instant | null {
  const { state, policy } = run;
  if (state.resolved !== null || state.closed !== null) return null;
  const since = laterOf(state.told?.at ?? state.openedAt, state.severityChangedAt);
  const byCadence = plusMinutes(since, policy.severities[state.severity].updateEveryMinutes);
  return state.snoozedUntil === null ? byCadence : laterOf(byCadence, state.snoozedUntil);
}

/** Makes the promise; one that no longer fits is superseded, with the reason, not silently broken. */
function promise(run: IncidentRun, dueAt: Instant): void {
  const open = openPromise(run.state, 'update');
  if (open?.promise.dueAt === dueAt) return;
  if (open !== null) {
    const because = run.state.snoozedUntil === dueAt ? 'snoozed by a person' : `severity is ${run.state.severity} now`;
    run.record({ kind: 'promise-ended', promiseId: open.promise.id, how: 'superseded', because });
  }
  const id = `update-${nextPromiseNumber(run.state)}`;
  run.record({ kind: 'promised', promise: { id, kind: 'update', words: 'an update in the incident channel', dueAt } });
}

/** Kept or not is judged by when the message began to be sent: what it says about itself and the record agree. */
function settlePromise(run: IncidentRun, what: ChatMessage, lateBecause: string | null): void {
  const open = openPromise(run.state, 'update');
  if (open === null) return;
  run.record({
    kind: 'promise-ended',
    promiseId: open.promise.id,
    how: lateBecause === null ? 'kept' : 'late',
    because: lateBecause === null ? `${what} sent` : `${what} sent late: ${lateBecause}`,
  });
}

/** An incident that ends does not leave a promise open: it is broken and said so, or there is nothing left to update. */
export function endPromises(run: IncidentRun): void {
  const open = openPromise(run.state, 'update');
  if (open === null) return;
  const lateBecause = lateness(run);
  run.record({
    kind: 'promise-ended',
    promiseId: open.promise.id,
    how: lateBecause === null ? 'superseded' : 'missed',
    because: lateBecause ?? 'the incident ended before it was due',
  });
}

/** Once for each promise, and only when there is somebody to remind. */
function wantsReminder(run: IncidentRun, dueAt: Instant): boolean {
  return run.state.commander !== null && run.state.draft?.dueAt !== dueAt && isBefore(run.now(), dueAt);
}

/** The draft is shown with the reminder, and is what `update` with its id sends: one click, ADR 0013. */
async function remind(run: IncidentRun, dueAt: Instant): Promise<void> {
  const text = draftWords(run.facts()).slice(0, DRAFT_CHARACTERS);
  run.record({ kind: 'update-drafted', draftId: `draft-${run.state.seq + 1}`, text, dueAt });
  await publishRound(run, 'reminder of the next update', [
    { medium: 'chat', key: nextKey(run, 'reminder'), what: 'reminder', channel: channelOf(run), detail: null },
  ]);
}
