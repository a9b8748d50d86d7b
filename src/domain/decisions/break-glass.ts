import { optionProblem, questionOpen } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { OPTION, optionMeant, QUESTION, questionAnswered } from '../deciding/questions.ts';
import { COMMAND } from '../deciding/roles.ts';
import { approvalById, type IncidentState } from '../incident.ts';

export const breakGlass = decision({
  name: 'break-glass',
  order: 230,
  verb: 'Break-glass override',
  about: 'P0 only: go ahead without the role that is asked for; it is reviewed.',
  roles: COMMAND,
  beside: 'question',
  fields: { approvalId: QUESTION, option: OPTION, because: BECAUSE },
  example: { approvalId: 'mitigation-1', option: 'restart', because: 'it burns, and nobody answers' },
  possible: (state) => questionOpen(state) ?? forP0(state, 'whoever is asked'),
  problem(state, { approvalId, option }) {
    const approver = approvalById(state, approvalId)?.approval.approver ?? 'whoever is asked';
    return optionProblem(state, approvalId, option) ?? forP0(state, approver);
  },
  decide(state, { approvalId, option: wanted, because }) {
    const option = optionMeant(state, approvalId, wanted);
    return {
      facts: [{ kind: 'approval-granted', approvalId, option, how: 'break-glass', because }],
      effect: `Going ahead with ${option} on your word; it will be reviewed.`,
    };
  },
  answered: (facts, { approvalId }) => questionAnswered(facts, approvalId),
});

function forP0({ severity }: IncidentState, approver: string): string | null {
  return severity === 'P0' ? null : `Break-glass is for P0 only; this is ${severity}. Ask ${approver} to approve.`;
}
