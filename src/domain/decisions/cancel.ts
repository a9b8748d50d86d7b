import { untouched } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { COMMAND } from '../deciding/roles.ts';

export const cancel = decision({
  name: 'cancel',
  order: 130,
  verb: 'Cancel the incident',
  about: 'Stop running the runbook.',
  roles: COMMAND,
  fields: { because: BECAUSE },
  example: { because: 'only a rehearsal' },
  possible: untouched,
  decide: (_state, { because }) => ({
    facts: [{ kind: 'closed', as: 'cancelled', into: null, because }],
    effect: 'Cancelled.',
  }),
});
