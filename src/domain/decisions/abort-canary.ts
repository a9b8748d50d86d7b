import { canaryRuns } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { RESPOND } from '../deciding/roles.ts';

export const abortCanary = decision({
  name: 'abort-canary',
  order: 410,
  verb: 'Abort the canary',
  about: 'Take the canary back.',
  roles: RESPOND,
  beside: 'fix',
  fields: { because: BECAUSE },
  example: { because: 'its errors rise' },
  possible: canaryRuns,
  decide(_state, { because }, { who }) {
    const words = `${who} stopped the canary: ${because}`;
    return {
      facts: [{ kind: 'fix-progressed', stage: 'canary-aborted', words, link: null }],
      effect: 'The canary is being rolled back; nothing is promoted.',
    };
  },
});
