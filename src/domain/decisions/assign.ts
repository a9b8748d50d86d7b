import { always } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { personMeant } from '../deciding/person-meant.ts';
import { RESPOND } from '../deciding/roles.ts';

export const assign = decision({
  name: 'assign',
  order: 70,
  verb: 'Put somebody on it',
  about: 'Ask a person for help, or for one task.',
  roles: RESPOND,
  fields: {
    to: { kind: 'person', label: 'Who' },
    what: { kind: 'text', label: 'What', optional: true, most: 500 },
  },
  example: { to: 'bob', what: 'look at the cache' },
  possible: always,
  decide(state, { to, what }, { policy }) {
    const person = personMeant(state, policy, to);
    return {
      facts: [{ kind: 'assigned', person, what: what ?? 'help with this incident' }],
      effect: `${person} has it now.`,
    };
  },
});
