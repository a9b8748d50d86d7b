import { canaryRuns } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { RESPOND } from '../deciding/roles.ts';

/** The same button holds it and lets it go on. */
export const pauseCanary = decision({
  name: 'pause-canary',
  order: 400,
  verb: 'Pause the canary',
  about: 'Hold the canary where it is.',
  roles: RESPOND,
  beside: 'fix',
  fields: { because: BECAUSE },
  example: { because: 'its errors rise' },
  possible: canaryRuns,
  decide(state, { because }, { who }) {
    const paused = state.permanentFix?.canary === 'paused';
    const words = paused ? `${who} lets the canary go on: ${because}` : `${who} holds the canary: ${because}`;
    return {
      facts: [{ kind: 'fix-progressed', stage: paused ? 'canary-watched' : 'canary-paused', words, link: null }],
      effect: paused
        ? 'It is watched again, from the beginning.'
        : 'It stays as it is and is not promoted. The same decision again lets it go on.',
    };
  },
});
