import { untouched } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { COMMAND } from '../deciding/roles.ts';

export const falseAlarm = decision({
  name: 'false-alarm',
  order: 120,
  verb: 'Close as a false alarm',
  about: 'Nothing was wrong: close it.',
  roles: COMMAND,
  fields: { because: BECAUSE },
  example: { because: 'the load test of tonight' },
  possible: untouched,
  decide: (_state, { because }) => ({
    facts: [{ kind: 'closed', as: 'false-alarm', into: null, because }],
    effect: 'Closed as a false alarm.',
  }),
});
