import { approvalMode } from '../../domain/approval-mode.ts';
import type { Decision } from '../../domain/decision.ts';
import { latestFinding } from '../../domain/gather-facts.ts';
import { type ApprovalRecord, approvalById, firingAlerts, leadingCause } from '../../domain/incident.ts';
import { earlierOf, plusMinutes, plusSeconds } from '../../domain/instant.ts';
import type { Role } from '../../domain/people.ts';
import type { ApprovalMode, ApprovalName } from '../../domain/policy.ts';
import type { ActionName } from '../../domain/remedy.ts';
import type { Approval, ApprovalOption } from '../../domain/timeline.ts';
import { readActivities } from '../activity-calls.ts';
import { nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/** After so many unanswered deadlines an approval is no longer escalated, only waited for. */
const ESCALATIONS_OF_ONE_APPROVAL = 3;

export interface Question {
  readonly id: string;
  readonly why: string;
  readonly options: readonly ApprovalOption[];
  /** Who may answer, when the first option is no action of the policy. */
  readonly approver: Role;
  /** Ends the wait without an answer, e.g. because it recovered by itself. */
  readonly obsolete: () => string | null;
  /** How long it waits before somebody is reminded; policy's limit for emergencies when it is left out. */
  readonly patienceMinutes?: number;
}

/**
 * Asks people, or goes ahead where policy says so (ADR 0012). Answers the option that was granted, or null when
 * it was rejected or is obsolete. Reminds before the deadline and escalates the approval itself after it.
 */
export async function askApproval(run: IncidentRun, question: Question): Promise<ApprovalOption | null> {
  const mode = modeOf(run, question);
  if (approvalById(run.state, question.id) === null) await openQuestion(run, question, mode);
  if (mode === 'automatic' && isOpen(run, question.id)) {
    grant(run, question, 'pre-approved', `policy: approvals.${question.options[0]?.name} is automatic`);
  }
  while (isOpen(run, question.id)) await awaitAnswer(run, question, mode);
  const record = approvalById(run.state, question.id);
  if (record?.state !== 'granted' || !(await isConfirmed(run, record))) return null;
  return question.options.find((option) => option.name === record.option) ?? null;
}

function isOpen(run: IncidentRun, id: string): boolean {
  return approvalById(run.state, id)?.state === 'open';
}

function modeOf(run: IncidentRun, question: Question): ApprovalMode {
  const name = question.options[0]?.name as ApprovalName;
  const errors = latestFinding(run.state, 'error-rate')?.ratio ?? null;
  return approvalMode(run.policy, name, leadingCause(run.state), errors);
}

async function openQuestion(run: IncidentRun, question: Question, mode: ApprovalMode): Promise<void> {
  const { approvalLimits, actions } = run.policy;
  const now = run.now();
  const first = question.options[0];
  const rule = first === undefined ? null : (actions[first.name as ActionName] ?? null);
  const deadlineAt =
    mode === 'objection'
      ? plusSeconds(now, approvalLimits.objectionSeconds)
      : plusMinutes(now, question.patienceMinutes ?? approvalLimits.expireMinutes);
  const approval: Approval = {
    id: question.id,
    mode,
    risk: rule?.risk ?? 'medium',
    approver: rule?.approver ?? question.approver,
    why: question.why,
    options: question.options,
    digest: question.options.map((option) => option.plan?.digest ?? option.shownDigest ?? option.name).join('+'),
    requestedAt: now,
    remindAt: earlierOf(deadlineAt, plusMinutes(deadlineAt, -approvalLimits.remindBeforeMinutes)),
    deadlineAt,
  };
  run.record({ kind: 'approval-requested', approval });
  if (mode !== 'automatic') await askInChat(run, 'question', question.id);
}

async function askInChat(run: IncidentRun, what: 'question' | 'reminder', approvalId: string): Promise<void> {
  const channel = run.state.channel?.id ?? run.policy.communication.incidentsChannel;
  await publishRound(run, `${what} to people: ${approvalId}`, [
    { medium: 'chat', key: nextKey(run, what), what, channel, detail: approvalId },
  ]);
}

/** One stretch of waiting: to the reminder, then to the deadline, which escalates or (objection window) goes ahead. */
async function awaitAnswer(run: IncidentRun, question: Question, mode: ApprovalMode): Promise<void> {
  const record = approvalById(run.state, question.id);
  if (record === null) return;
  const asked = timesExtended(run, question.id) + 1;
  const { remindBeforeMinutes } = run.policy.approvalLimits;
  const { deadlineAt } = record.approval;
  const answered = () => !isOpen(run, question.id) || question.obsolete() !== null;
  if (mode === 'ask' && record.reminders < asked) {
    const remindAt = plusMinutes(deadlineAt, -remindBeforeMinutes);
    if ((await run.agenda.waitUntil(`remind of ${question.id}`, remindAt, answered)) === 'due')
      await remind(run, record, asked);
  }
  if (!answered()) await run.agenda.waitUntil(`answer to ${question.id}`, deadlineAt, answered);
  const obsolete = question.obsolete();
  if (!isOpen(run, question.id)) return;
  if (obsolete !== null) run.record({ kind: 'approval-withdrawn', approvalId: question.id, because: obsolete });
  else if (mode === 'objection') grant(run, question, 'no-objection', 'nobody objected in time');
  else await afterDeadline(run, question, record, asked);
}

async function remind(run: IncidentRun, record: ApprovalRecord, asked: number): Promise<void> {
  const to = asked === 1 ? record.approval.approver : 'engineering-manager';
  run.record({ kind: 'approval-reminded', approvalId: record.approval.id, to });
  await askInChat(run, 'reminder', record.approval.id);
}

/** How often the deadline has passed already, by the timeline: a run that took over goes on where it was. */
function timesExtended(run: IncidentRun, id: string): number {
  return (run.state.steps[`${id}/extended`] as number | undefined) ?? 0;
}

/** Nobody answered in time: the question itself is escalated by mail, a limited number of times; it stays open. */
async function afterDeadline(
  run: IncidentRun,
  question: Question,
  record: ApprovalRecord,
  asked: number,
): Promise<void> {
  if (asked > ESCALATIONS_OF_ONE_APPROVAL) {
    await run.agenda.waitFor(
      () =>
        !isOpen(run, record.approval.id) ||
        run.state.closed !== null ||
        (question.patienceMinutes === undefined ? run.state.mitigated !== null : question.obsolete() !== null),
    );
    if (isOpen(run, record.approval.id))
      run.record({ kind: 'approval-withdrawn', approvalId: record.approval.id, because: 'it is no longer needed' });
    return;
  }
  const contact = run.policy.contacts['engineering-manager'];
  const patience = question.patienceMinutes ?? run.policy.approvalLimits.expireMinutes;
  const deadlineAt = plusMinutes(run.now(), patience);
  run.record({ kind: 'step-finished', step: `${record.approval.id}/extended`, outcome: asked });
  run.record({ kind: 'approval-extended', approvalId: record.approval.id, deadlineAt });
  const because = `nobody answered ${record.approval.id} (${record.approval.options[0]?.name}) in time`;
  run.record({ kind: 'escalated', to: ['engineering-manager'], byTime: false, because });
  if (contact.email === null) return;
  await publishRound(run, 'escalation of an unanswered question', [
    { medium: 'mail', key: nextKey(run, 'mail escalation'), what: 'escalation', to: [contact.email], detail: because },
  ]);
}

function grant(run: IncidentRun, question: Question, how: 'pre-approved' | 'no-objection', because: string): void {
  const option = question.options[0]?.name as ApprovalName;
  run.record({ kind: 'approval-granted', approvalId: question.id, option, how, because });
}

/** Just before the effect: is whoever said yes still allowed to, and did the gateway really hear it (ADR 0012)? */
async function isConfirmed(run: IncidentRun, record: ApprovalRecord): Promise<boolean> {
  const decision = run.state.steps[`${record.approval.id}/decision`] as Decision | undefined;
  if (decision === undefined || record.how === 'pre-approved' || record.how === 'no-objection') return true;
  const role = record.approval.approver as Role;
  const id = `${record.approval.id}/confirmed`;
  return run.step(id, async () => {
    const answer = await run.attempt(
      readActivities(`may ${decision.actor.person} approve this?`).confirmAuthority({ decision, role }),
    );
    if (answer.ok && answer.value.confirmed) return true;
    const words = answer.ok ? (answer.value.reason ?? 'not confirmed') : answer.words;
    run.record({
      kind: 'trouble',
      where: `approval ${record.approval.id}`,
      words: `The approval by ${decision.actor.person} is no longer valid: ${words}`,
    });
    return false;
  });
}

/** True when every alert that was heard of has cleared; nothing was heard means nothing cleared. */
export function allAlertsCleared(run: IncidentRun): boolean {
  return run.state.alerts.length > 0 && firingAlerts(run.state).length === 0;
}
