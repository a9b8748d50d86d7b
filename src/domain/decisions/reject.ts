import { questionOpen, questionProblem } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { QUESTION, questionAnswered } from '../deciding/questions.ts';
import { OBJECT } from '../deciding/roles.ts';

export const reject = decision({
  name: 'reject',
  order: 210,
  verb: 'Reject',
  about: 'Decline what is asked; it will not be carried out.',
  also: ['no'],
  roles: OBJECT,
  beside: 'question',
  fields: { approvalId: QUESTION, because: BECAUSE },
  example: { approvalId: 'mitigation-1', because: 'not this one' },
  possible: questionOpen,
  problem: (state, { approvalId }) => questionProblem(state, approvalId),
  decide: (_state, { approvalId, because }) => ({
    facts: [{ kind: 'approval-rejected', approvalId, because }],
    effect: 'Rejected; it will not be carried out.',
  }),
  answered: (facts, { approvalId }) => questionAnswered(facts, approvalId),
});
