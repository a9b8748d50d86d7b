import { always } from '../deciding/conditions.ts';
import { BECAUSE, decision } from '../deciding/declare.ts';
import { RESPOND } from '../deciding/roles.ts';
import { isHigher } from '../severity.ts';

export const setSeverity = decision({
  name: 'set-severity',
  order: 50,
  verb: 'Set the severity',
  about: 'Deadlines are recalculated for the new severity.',
  also: ['severity', 'sev'],
  roles: RESPOND,
  fields: { to: { kind: 'severity', label: 'Severity' }, because: BECAUSE },
  example: { to: 'P1', because: 'half of the users' },
  possible: always,
  decide(state, { to, because }) {
    const direction = isHigher(to, state.severity) ? 'Raised' : to === state.severity ? 'Confirmed' : 'Lowered';
    return {
      facts: [{ kind: 'severity-set', severity: to, because }],
      effect: `${direction} to ${to}; deadlines are recalculated for ${to}.`,
    };
  },
});
