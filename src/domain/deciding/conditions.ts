import { approvalById, type IncidentState, openApprovals, openLeases } from '../incident.ts';
import { clockTimeUtc } from '../instant.ts';

/** Conditions that several decisions share: null when it holds, else a sentence that says what to do instead. */
export function always(): null {
  return null;
}

export function unresolved(state: IncidentState): string | null {
  return state.resolved === null
    ? null
    : `It is already resolved since ${state.resolved.at}. Use reopen if it is back.`;
}

/** What was done to production has to be reviewed; it cannot be declared never to have happened. */
export function untouched(state: IncidentState): string | null {
  if (!state.remedies.some((remedy) => remedy.outcome?.result === 'done')) return null;
  const actions = state.remedies.map((remedy) => remedy.plan.action).join(', ');
  return `Something was already done to production (${actions}). Resolve the incident instead, so that it is reviewed.`;
}

export function canaryRuns(state: IncidentState): string | null {
  const canary = state.permanentFix?.canary;
  return canary === 'watched' || canary === 'paused' ? null : 'No canary is running for this incident.';
}

export function questionOpen(state: IncidentState): string | null {
  return openApprovals(state).length > 0 ? null : 'Nothing in this incident waits for an answer.';
}

export function leaseOpen(state: IncidentState): string | null {
  return openLeases(state).length > 0 ? null : 'No temporary change is open in this incident.';
}

/** Why this question cannot be answered (any more). */
export function questionProblem(state: IncidentState, approvalId: string): string | null {
  const record = approvalById(state, approvalId);
  if (record === null) {
    const open = openApprovals(state).map(({ approval }) => approval.id);
    return `There is no question ${approvalId} here. Open now: ${open.length === 0 ? 'none' : open.join(', ')}.`;
  }
  if (record.state === 'open') return null;
  const by = record.decidedBy === null ? '' : ` by ${record.decidedBy}`;
  const what = record.approval.options[0]?.name ?? 'The question';
  const at = record.decidedAt === null ? '' : ` at ${clockTimeUtc(record.decidedAt)} UTC`;
  return `${what} ${approvalId} was already ${record.state}${by}${at}; nothing more was done.`;
}

/** Why this option of this question cannot be chosen. */
export function optionProblem(state: IncidentState, approvalId: string, option: string | null): string | null {
  const unknown = questionProblem(state, approvalId);
  const names = approvalById(state, approvalId)?.approval.options.map(({ name }) => name as string) ?? [];
  if (unknown !== null || option === null || names.includes(option)) return unknown;
  return `${option} is not one of the options of ${approvalId}: ${names.join(', ')}.`;
}

export function leaseProblem(state: IncidentState, leaseId: string): string | null {
  const open = openLeases(state).map(({ lease }) => lease.id);
  if (open.includes(leaseId)) return null;
  return `There is no open temporary change ${leaseId}. Open now: ${open.length === 0 ? 'none' : open.join(', ')}.`;
}
