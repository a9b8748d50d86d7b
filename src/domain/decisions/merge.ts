import { always } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { COMMAND } from '../deciding/roles.ts';

export const merge = decision({
  name: 'merge',
  order: 110,
  verb: 'Merge',
  about: 'It is the same as another incident.',
  roles: COMMAND,
  fields: { into: { kind: 'incident', label: 'Into incident' } },
  example: { into: 'incident-20241023-1200' },
  possible: always,
  problem: (state, { into }) => (into === state.incidentId ? 'An incident cannot be merged into itself.' : null),
  decide: (_state, { into }, { who }) => ({
    facts: [{ kind: 'closed', as: 'merged', into, because: `${who} merged it into ${into}` }],
    effect: `Merged into ${into}.`,
  }),
});
