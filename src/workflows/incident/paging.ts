import type { Delivery } from '../../activities/publication/api.ts';
import { type Due, nextDue } from '../../domain/clocks.ts';
import { nextPromiseNumber, openPromise } from '../../domain/incident.ts';
import { isBefore, plusMinutes } from '../../domain/instant.ts';
import type { Contact } from '../../domain/people.ts';
import { inviteOnCall } from './on-call.ts';
import { syncPagerAcknowledgements } from './pager-acknowledgements.ts';
import { pageOf } from './phases/detection.ts';
import { nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/** Acknowledge by the severity's deadline (R1.4): primary, then backup, then whoever policy names; nobody twice. */
export async function watchAcknowledgement(run: IncidentRun): Promise<void> {
  await run.agenda.waitFor(() => 'opening' in run.state.steps || run.state.closed !== null);
  const answered = () => run.state.acknowledged !== null || run.state.closed !== null || run.state.resolved !== null;
  while (!answered()) {
    promiseAcknowledgement(run);
    const severity = run.state.severity;
    const moved = () => answered() || run.state.severity !== severity;
    const next = nextStep(run);
    const dueAt = next?.dueAt ?? openPromise(run.state, 'acknowledge')?.promise.dueAt ?? null;
    if (dueAt === null || (next === null && deadlinePassed(run))) await run.agenda.waitFor(moved);
    else await run.agenda.waitUntil(next === null ? 'acknowledgement' : `page ${next.to.join(' and ')}`, dueAt, moved);
    if (moved()) continue;
    await syncPagerAcknowledgements(run);
    if (moved()) continue;
    missDeadline(run);
    if (next !== null) await pageStep(run, next.to);
  }
  settleAcknowledgement(run);
  await silencePages(run);
}

/** The next step of the severity's chain that names somebody who was not paged; by the clock of that severity. */
function nextStep(run: IncidentRun): Due | null {
  const { state, policy } = run;
  const canBePaged = (contact: Contact) => !wasPaged(run, contact) && policy.contacts[contact].pagingService !== null;
  const next = nextDue(policy.severities[state.severity].paging, state.severityChangedAt, canBePaged);
  // A page that could not be delivered at all woke nobody: the next in the chain is not left to wait.
  return next !== null && nobodyWoken(run) ? { ...next, dueAt: run.now() } : next;
}

function nobodyWoken(run: IncidentRun): boolean {
  const { pages, unsent } = run.state;
  return pages.length === 0 && unsent.some((record) => record.medium === 'page' && record.retryAt === null);
}

/** Paged by us (or being tried again, see outbox.ts) or, for the primary, by the system the alert came from (R1.4). */
function wasPaged(run: IncidentRun, contact: Contact): boolean {
  const { state } = run;
  if (state.pages.some((page) => page.contact === contact)) return true;
  const owed = state.unsent.some(({ delivery }) => isPageTo(contact, delivery as Delivery));
  return owed || (contact === 'oncall-primary' && state.alerts.some((record) => record.alert.alreadyPaged));
}

function isPageTo(contact: Contact, delivery: Delivery): boolean {
  return delivery.medium === 'page' && delivery.contact === contact;
}

async function pageStep(run: IncidentRun, to: readonly Contact[]): Promise<void> {
  const because = run.state.pages.length === 0 ? 'the incident opened' : 'nobody has acknowledged';
  await publishRound(
    run,
    `page ${to.join(', ')}`,
    to.flatMap((contact) => pageOf(run, contact, because)),
  );
  await inviteOnCall(run, to);
}

function promiseAcknowledgement(run: IncidentRun): void {
  const { state, policy } = run;
  const dueAt = plusMinutes(state.severityChangedAt, policy.severities[state.severity].acknowledgeWithinMinutes);
  const open = openPromise(state, 'acknowledge');
  if (
    open?.promise.dueAt === dueAt ||
    state.promises.some((record) => record.promise.kind === 'acknowledge' && record.promise.dueAt === dueAt)
  )
    return;
  if (open !== null) {
    run.record({
      kind: 'promise-ended',
      promiseId: open.promise.id,
      how: 'superseded',
      because: `severity is ${state.severity} now`,
    });
  }
  const id = `acknowledge-${nextPromiseNumber(state)}`;
  run.record({ kind: 'promised', promise: { id, kind: 'acknowledge', words: 'acknowledgement', dueAt } });
}

function deadlinePassed(run: IncidentRun): boolean {
  const open = openPromise(run.state, 'acknowledge');
  return open === null || !isBefore(run.now(), open.promise.dueAt);
}

function missDeadline(run: IncidentRun): void {
  const open = openPromise(run.state, 'acknowledge');
  if (open === null || isBefore(run.now(), open.promise.dueAt)) return;
  const { contacts, severities } = run.policy;
  const { acknowledgeWithinMinutes } = severities[run.state.severity];
  const next = nextStep(run);
  run.record({
    kind: 'promise-ended',
    promiseId: open.promise.id,
    how: 'missed',
    because: `not acknowledged within ${acknowledgeWithinMinutes} minutes; ${
      next === null
        ? 'nobody is left to page'
        : `next to be paged: ${next.to.map((contact) => contacts[contact].name).join(', ')}`
    }`,
  });
}

function settleAcknowledgement(run: IncidentRun): void {
  const open = openPromise(run.state, 'acknowledge');
  if (open === null) return;
  const { acknowledged } = run.state;
  const because = acknowledged === null ? 'it ended before anybody had to' : `${acknowledged.by} acknowledged`;
  run.record({
    kind: 'promise-ended',
    promiseId: open.promise.id,
    how: acknowledged === null ? 'superseded' : 'kept',
    because,
  });
}

/** An acknowledgement stops every page of this incident at the paging system too. */
async function silencePages(run: IncidentRun): Promise<void> {
  if (run.state.acknowledged === null) return;
  await run.step('pages-silenced', async () => {
    const deliveries = run.state.pages.flatMap((page): readonly Delivery[] => {
      const { pagingService } = run.policy.contacts[page.contact];
      return pagingService === null
        ? []
        : [{ medium: 'page', key: page.key, what: 'acknowledge', contact: page.contact, pagingService, detail: null }];
    });
    await publishRound(run, 'stop paging', deliveries);
    return true;
  });
}

/** Escalation by time informs whoever the severity names, if it is still open then; an acknowledgement does not cancel it (R0.4b). */
export async function escalateByTime(run: IncidentRun): Promise<void> {
  const ended = () => run.state.closed !== null || run.state.resolved !== null;
  while (!ended()) {
    if (run.state.severityReasons.length === 0) {
      await run.agenda.waitFor(() => run.state.severityReasons.length > 0 || ended());
      continue;
    }
    const severity = run.state.severity;
    const next = nextEscalation(run);
    const moved = () => ended() || run.state.severity !== severity;
    if (next === null) await run.agenda.waitFor(moved);
    else if ((await run.agenda.waitUntil(`escalate to ${next.to.join(' and ')}`, next.dueAt, moved)) === 'due')
      await escalate(run, next.to);
  }
}

function nextEscalation({ state, policy }: IncidentRun): Due | null {
  const toldByTime = (contact: Contact) => state.escalations.some((done) => done.to === contact && done.byTime);
  const steps = policy.severities[state.severity].escalations;
  return nextDue(steps, state.severityChangedAt, (contact) => !toldByTime(contact));
}

async function escalate(run: IncidentRun, to: readonly Contact[]): Promise<void> {
  await syncPagerAcknowledgements(run);
  const because = `by time: ${run.state.severity}, open since ${run.state.openedAt}`;
  run.record({ kind: 'escalated', to, byTime: true, because });
  const deliveries = to.flatMap((contact): readonly Delivery[] => {
    const { email } = run.policy.contacts[contact];
    return email === null
      ? []
      : [{ medium: 'mail', key: nextKey(run, `mail ${contact}`), what: 'escalation', to: [email], detail: because }];
  });
  await publishRound(run, `escalation to ${to.join(', ')}`, deliveries);
}
