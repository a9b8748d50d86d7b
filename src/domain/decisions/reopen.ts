import { BECAUSE, decision } from '../deciding/declare.ts';
import { COMMAND } from '../deciding/roles.ts';

export const reopen = decision({
  name: 'reopen',
  order: 100,
  verb: 'Reopen',
  about: 'It is back: investigation starts again.',
  roles: COMMAND,
  fields: { because: BECAUSE },
  example: { because: 'it is back' },
  possible: (state) =>
    state.resolved === null ? `It is not resolved (phase ${state.phase}), so there is nothing to reopen.` : null,
  decide: (_state, { because }) => ({
    facts: [{ kind: 'reopened', because }],
    effect: 'Reopened: investigation starts again.',
  }),
});
