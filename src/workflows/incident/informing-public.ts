import type { StatusMessage } from '../../activities/publication/api.ts';
import type { ApprovalRecord } from '../../domain/incident.ts';
import { type Instant, isBefore, laterOf, plusMinutes } from '../../domain/instant.ts';
import type { PublicStatus } from '../../domain/timeline.ts';
import { askApproval } from './approving.ts';
import { nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

const ORDER: readonly PublicStatus[] = ['investigating', 'identified', 'monitoring', 'resolved'];
/** A page that refuses for good (wrong key, unknown page) is tried again this rarely, in case somebody mends it. */
const REFUSED_RETRY_MINUTES = 10;

/**
 * The status page for severities that have that audience (R4.4): forward only unless a person says otherwise, public
 * text by a person's approval except what policy pre-approves. A post that was opened is carried to resolved, whatever
 * the severity has become.
 */
export async function keepPublicInformed(run: IncidentRun): Promise<void> {
  await run.agenda.waitFor(() => run.state.closed !== null || isWanted(run));
  while (run.state.closed === null) {
    const target = wantedStatus(run);
    if (target !== null && (await moveTo(run, target))) continue;
    if (run.state.closed === null) await untilChanged(run, target);
  }
}

/** Never silent past its cadence (R4.4): without news the page says so, also while a question about it waits. */
export async function runStatusPageCadence(run: IncidentRun): Promise<void> {
  const speaks = () => run.state.statusPageStatus !== null && run.state.statusPageStatus !== 'resolved';
  while (run.state.closed === null) {
    await run.agenda.waitFor(() => run.state.closed !== null || speaks());
    if (run.state.closed !== null) return;
    const dueAt = nextDue(run);
    const changed = () => run.state.closed !== null || !speaks() || nextDue(run) !== dueAt;
    if ((await run.agenda.waitUntil('status page update', dueAt, changed)) !== 'due') continue;
    const status = run.state.statusPageStatus;
    if (status !== null && status !== 'resolved') await post(run, 'no-news', { shown: status });
  }
}

/** Wanted by severity once people are told, or because it was opened before. */
function isWanted(run: IncidentRun): boolean {
  const { state, policy } = run;
  return (
    state.statusPageStatus !== null ||
    ('opening' in state.steps && policy.severities[state.severity].audiences.statusPage)
  );
}

/** The state the page should move to; null when it shows what is so, or when there is nothing to say there. */
function wantedStatus(run: IncidentRun): PublicStatus | null {
  if (!isWanted(run)) return null;
  const shown = run.state.statusPageStatus;
  const actual = run.state.resolved === null ? run.state.status : 'resolved';
  if (shown === null) return 'investigating';
  return actual === shown ? null : actual;
}

async function moveTo(run: IncidentRun, target: PublicStatus): Promise<boolean> {
  if (isSettled(run, target)) return false;
  const { communication, approvals } = run.policy;
  const backwards = ORDER.indexOf(target) < ORDER.indexOf(run.state.statusPageStatus ?? 'investigating');
  // Whoever agreed that it is resolved agreed that the page says so: the question showed it.
  const agreed =
    target === 'resolved' || communication.preApproved.includes(target) || approvals['publish-status'] === 'automatic';
  const byPerson = !(agreed && !backwards);
  if (byPerson && !(await isApproved(run, target))) return false;
  // What was approved may have been overtaken while it was being confirmed.
  if (wantedStatus(run) !== target) return false;
  await post(run, target, { agreedBackwards: byPerson });
  return run.state.statusPageStatus === target;
}

/** One question for each state of each round; what was rejected is not asked again. */
async function isApproved(run: IncidentRun, target: PublicStatus): Promise<boolean> {
  const id = questionId(run, target);
  const preview = `Status page: ${target}. ${run.facts().causeWords}`;
  const obsolete = () => (wantedStatus(run) === target && run.state.closed === null ? null : 'the status has moved on');
  const why = 'Public text needs a person (R4.4).';
  const granted = await askApproval(run, {
    id,
    why,
    options: [{ name: 'publish-status', plan: null, preview }],
    approver: 'commander',
    obsolete,
  });
  return granted !== null;
}

function questionId(run: IncidentRun, target: PublicStatus): string {
  const newest = questionsAbout(run, target).at(-1);
  if (newest !== undefined && isGrantedAndOwed(run, newest)) return newest.approval.id;
  const ended = questionsAbout(run, target).filter((record) => record.state !== 'open').length;
  return `status.${target}.${ended + 1}`;
}

/** Somebody said yes and it was not posted yet: a run that takes over just then posts it, and does not ask again. */
function isGrantedAndOwed({ state }: IncidentRun, { state: answer, decidedAt }: ApprovalRecord): boolean {
  const lastPostAt = state.said['status-page']?.at ?? state.openedAt;
  return answer === 'granted' && decidedAt !== null && !isBefore(decidedAt, laterOf(state.phaseEnteredAt, lastPostAt));
}

function questionsAbout(run: IncidentRun, target: PublicStatus) {
  return run.state.approvals.filter((record) => record.approval.id.startsWith(`status.${target}.`));
}

/** Rejected by a person for this state: silent about it until the state changes again. */
function isSettled(run: IncidentRun, target: PublicStatus): boolean {
  const retry = retryAt(run);
  return questionsAbout(run, target).at(-1)?.state === 'rejected' || (retry !== null && isBefore(run.now(), retry));
}

async function untilChanged(run: IncidentRun, target: PublicStatus | null): Promise<void> {
  const retry = retryAt(run);
  const changed = () => run.state.closed !== null || wantedStatus(run) !== target;
  if (retry === null) await run.agenda.waitFor(() => changed() || retryAt(run) !== null);
  else await run.agenda.waitUntil('status page: send what could not be sent', retry, changed);
}

function nextDue(run: IncidentRun): Instant {
  const every = run.policy.severities[run.state.severity].updateEveryMinutes;
  const byCadence = plusMinutes(run.state.said['status-page']?.at ?? run.state.openedAt, every);
  const retry = retryAt(run);
  return retry !== null && isBefore(byCadence, retry) ? retry : byCadence;
}

/** When the page refused the last message: when to try again. What is tried then is what is true then. */
function retryAt(run: IncidentRun): Instant | null {
  const unsent = run.state.unsent.filter((record) => record.medium === 'status-page').at(-1);
  return unsent === undefined ? null : (unsent.retryAt ?? plusMinutes(unsent.failedAt, REFUSED_RETRY_MINUTES));
}

async function post(
  run: IncidentRun,
  what: StatusMessage,
  options: { readonly shown?: PublicStatus; readonly agreedBackwards?: boolean },
): Promise<void> {
  const unsent = run.state.unsent.find((record) => record.medium === 'status-page' && record.what === what);
  const key = unsent?.key ?? nextKey(run, `status ${what}`);
  await publishRound(run, `status page: ${what}`, [
    {
      medium: 'status-page',
      key,
      what,
      ref: run.state.statusPageRef,
      expected: run.state.statusPageStatus,
      pendingKeys: run.state.unsent.flatMap((record) => (record.medium === 'status-page' ? [record.key] : [])),
      detail: null,
      again: unsent !== undefined,
      ...options,
    },
  ]);
}
