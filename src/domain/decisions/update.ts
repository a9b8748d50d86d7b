import { always } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { RESPOND } from '../deciding/roles.ts';

export const update = decision({
  name: 'update',
  order: 20,
  verb: 'Send the update',
  about: 'Posts to the incident channel and all subscribers.',
  roles: RESPOND,
  fields: {
    text: { kind: 'lines', label: 'Update', most: 4_000, unless: 'draftId' },
    expectedRecoveryAt: {
      kind: 'instant',
      label: 'Expected recovery (UTC)',
      optional: true,
      option: { name: 'expect', about: 'expected recovery: 15:00 (UTC), or 2024-10-23T15:00Z' },
    },
    /** Without a text, the draft of this id goes out as it stands: one click on the reminder. */
    draftId: { kind: 'draft', label: 'Draft', optional: true },
  },
  example: { text: 'the deploy was taken back', expectedRecoveryAt: '2024-10-23T15:00:00.000Z' },
  possible: always,
  /** A draft is sent as it was shown: one that was overtaken must not go out under an old click. */
  problem(state, { text, draftId = null }) {
    if (text.trim() !== '') return null;
    if (draftId !== null && draftId === state.draft?.id) return null;
    return draftId === null
      ? 'An update needs a text, or the id of the draft that is to go out.'
      : `The draft ${draftId} has been overtaken: an update went out meanwhile, or a newer draft is there. Look at the channel, then write one.`;
  },
  decide(state, { text: written, expectedRecoveryAt }) {
    const text = written === '' ? (state.draft?.text ?? '') : written;
    return { facts: [{ kind: 'update-written', text, expectedRecoveryAt }], effect: 'The update goes out now.' };
  },
  answered: () => true,
});
