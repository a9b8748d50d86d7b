import { always } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { personMeant } from '../deciding/person-meant.ts';
import { COMMAND } from '../deciding/roles.ts';

export const handOver = decision({
  name: 'hand-over',
  order: 60,
  verb: 'Hand over the command',
  about: 'Somebody else leads from now on.',
  also: ['handover', 'handoff'],
  roles: COMMAND,
  fields: { to: { kind: 'person', label: 'To' } },
  example: { to: 'bob' },
  possible: always,
  decide(state, { to }, { who, policy }) {
    const person = personMeant(state, policy, to);
    const because = `${state.commander ?? who} handed over`;
    return { facts: [{ kind: 'commander-changed', person, because }], effect: `${person} leads now.` };
  },
});
