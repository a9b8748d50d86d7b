import type { Hypothesis } from './diagnosis.ts';
import type { ApprovalMode, ApprovalName, Policy } from './policy.ts';

/**
 * How an action is allowed to happen now. The pre-approved rollback holds only where a lasting cure of the leading
 * explanation is that rollback, and errors are measured above the policy's limit (R3.2.4): unknown errors are not.
 */
export function approvalMode(
  policy: Policy,
  name: ApprovalName,
  leading: Hypothesis | null,
  errorRatio: number | null,
): ApprovalMode {
  const mode = policy.approvals[name];
  if (mode !== 'automatic' || name !== 'rollback') return mode;
  const cure = leading?.suggests.find((remedy) => remedy.lasting) ?? null;
  const fits = cure?.action === 'rollback' && (errorRatio ?? 0) > policy.diagnosis.errorRatioPlaybookAbove;
  return fits ? 'automatic' : 'ask';
}
