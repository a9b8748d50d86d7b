import { BECAUSE, decision } from '../deciding/declare.ts';
import { COMMAND } from '../deciding/roles.ts';
import { plusMinutes } from '../instant.ts';

export const snooze = decision({
  name: 'snooze',
  order: 80,
  verb: 'Snooze the update',
  about: 'Pauses update reminders for this long.',
  roles: COMMAND,
  fields: { minutes: { kind: 'minutes', label: 'For how long', most: 24 * 60 }, because: BECAUSE },
  example: { minutes: 20, because: 'the vendor is at it' },
  possible: (state) =>
    state.resolved === null ? null : `It is resolved since ${state.resolved.at}: no update is due any more.`,
  decide(_state, { minutes, because }, { receivedAt }) {
    const until = plusMinutes(receivedAt, minutes);
    return { facts: [{ kind: 'update-snoozed', until, because }], effect: `No update is due before ${until}.` };
  },
  answered: () => true,
});
