import { always } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { RESPOND } from '../deciding/roles.ts';

export const note = decision({
  name: 'note',
  order: 30,
  verb: 'Add the note',
  about: 'Write something onto the timeline.',
  roles: RESPOND,
  afterClosing: true,
  fields: { text: { kind: 'lines', label: 'Note', most: 4_000 } },
  example: { text: 'the cache looks fine' },
  possible: always,
  decide: (_state, { text }) => ({ facts: [{ kind: 'noted', text }], effect: 'Noted on the timeline.' }),
});
