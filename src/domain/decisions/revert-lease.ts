import { leaseOpen, leaseProblem } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { LEASE } from '../deciding/questions.ts';
import { COMMAND } from '../deciding/roles.ts';

export const revertLease = decision({
  name: 'revert-lease',
  order: 300,
  verb: 'Revert now',
  about: 'Revert a temporary change: restores the previous value.',
  also: ['revert'],
  roles: COMMAND,
  beside: 'lease',
  fields: { leaseId: LEASE },
  example: { leaseId: 'lease-1' },
  possible: leaseOpen,
  problem: (state, { leaseId }) => leaseProblem(state, leaseId),
  decide: (_state, { leaseId }) => ({
    facts: [{ kind: 'lease-revert-ordered', leaseId }],
    effect: 'Reverting now.',
  }),
  answered: () => true,
});
