import { unresolved } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { COMMAND } from '../deciding/roles.ts';

export const resolve = decision({
  name: 'resolve',
  order: 40,
  verb: 'Declare it resolved',
  about: 'The problem is gone; the review begins.',
  also: ['resolved'],
  roles: COMMAND,
  confirmed: true,
  fields: { fix: { kind: 'lines', label: 'What fixed it', optional: true, most: 2_000 } },
  example: { fix: 'flushed the cache' },
  possible: unresolved,
  decide(state, { fix }) {
    const done = state.remedies.filter((remedy) => remedy.helped === true).map((remedy) => remedy.plan.preview);
    const words = fix ?? (done.length > 0 ? done.join(' ') : 'No remediation by this product; see the timeline.');
    const verification =
      state.mitigated === null ? 'Said by a person; not measured to be well.' : state.mitigated.words;
    return {
      facts: [{ kind: 'resolved', fix: words, verification, followUp: 'Post-mortem follows.' }],
      effect: 'Resolved; the review begins.',
    };
  },
});
