import { leaseOpen, leaseProblem } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { LEASE } from '../deciding/questions.ts';
import { COMMAND } from '../deciding/roles.ts';
import { plusMinutes } from '../instant.ts';

export const renewLease = decision({
  name: 'renew-lease',
  order: 310,
  verb: 'Keep it longer',
  about: 'Keep a temporary change for longer; it stays temporary.',
  also: ['renew'],
  roles: COMMAND,
  beside: 'lease',
  fields: {
    leaseId: LEASE,
    minutes: {
      kind: 'minutes',
      label: 'For how long',
      optional: true,
      option: { name: 'for', about: 'how long: 30m, 2h; the policy says when left out' },
      most: 7 * 24 * 60,
    },
  },
  example: { leaseId: 'lease-1', minutes: 45 },
  possible: leaseOpen,
  problem: (state, { leaseId }) => leaseProblem(state, leaseId),
  decide(_state, { leaseId, minutes }, { receivedAt, policy }) {
    const expiresAt = plusMinutes(receivedAt, minutes ?? policy.leases.renewMinutes);
    return { facts: [{ kind: 'lease-renewed', leaseId, expiresAt }], effect: `Renewed until ${expiresAt}.` };
  },
  answered: () => true,
});
