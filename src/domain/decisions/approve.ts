import { optionProblem, questionOpen } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { OPTION, optionMeant, QUESTION, questionAnswered } from '../deciding/questions.ts';
import { APPROVE, holdsRole } from '../deciding/roles.ts';
import { approvalById } from '../incident.ts';
import type { Role } from '../people.ts';

export const approve = decision({
  name: 'approve',
  order: 200,
  verb: 'Approve',
  about: 'Say yes to what is asked.',
  also: ['yes'],
  roles: APPROVE,
  beside: 'question',
  fields: { approvalId: QUESTION, option: OPTION },
  example: { approvalId: 'mitigation-1', option: 'restart' },
  possible: questionOpen,
  problem: (state, { approvalId, option }) => optionProblem(state, approvalId, option),
  /** An approval names the role that may give it; break-glass is the way around, for P0 and on the record. */
  forbidden(state, { approvalId }, { person, roles }) {
    const approval = approvalById(state, approvalId)?.approval;
    if (approval === undefined || holdsRole(roles, approval.approver as Role)) return null;
    return `${person} may not approve ${approval.options[0]?.name}: it needs the role ${approval.approver}. Ask somebody who has it.`;
  },
  decide(state, { approvalId, option: wanted }) {
    const option = optionMeant(state, approvalId, wanted);
    return {
      facts: [{ kind: 'approval-granted', approvalId, option, how: 'approved', because: null }],
      effect: `Going ahead with ${option}.`,
    };
  },
  answered: (facts, { approvalId }) => questionAnswered(facts, approvalId),
});
