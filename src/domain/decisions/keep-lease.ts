import { leaseOpen, leaseProblem } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { LEASE } from '../deciding/questions.ts';
import { COMMAND } from '../deciding/roles.ts';

export const keepLease = decision({
  name: 'keep-lease',
  order: 320,
  verb: 'Keep it for good',
  about: 'Keep a temporary change: it is no longer temporary.',
  also: ['keep'],
  roles: COMMAND,
  beside: 'lease',
  fields: { leaseId: LEASE, because: BECAUSE },
  example: { leaseId: 'lease-1', because: 'the load stays' },
  possible: leaseOpen,
  problem: (state, { leaseId }) => leaseProblem(state, leaseId),
  decide: (_state, { leaseId, because }) => ({
    facts: [{ kind: 'lease-settled', leaseId, how: 'kept', because }],
    effect: 'Kept for good: it is no longer temporary.',
  }),
  answered: () => true,
});
