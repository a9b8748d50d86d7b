import { approvalById, type IncidentState } from '../incident.ts';
import type { IncidentFacts } from '../incident-facts.ts';
import type { ApprovalName } from '../policy.ts';
import type { Field } from './declare.ts';

export const QUESTION = { kind: 'question', label: 'Question' } as const satisfies Field;

export const OPTION = {
  kind: 'option',
  label: 'Option',
  optional: true,
  option: { name: 'option', about: 'another of the options than the proposed one' },
} as const satisfies Field;

export const LEASE = { kind: 'lease', label: 'Temporary change' } as const satisfies Field;

/** The option that was chosen, else the one that was proposed. */
export function optionMeant(state: IncidentState, approvalId: string, option: string | null): ApprovalName {
  return (option ?? approvalById(state, approvalId)?.approval.options[0]?.name) as ApprovalName;
}

export function questionAnswered(facts: IncidentFacts, approvalId: string): boolean {
  return !facts.openQuestions.some((asked) => asked.approvalId === approvalId);
}
