import type { DecisionName } from './decision.ts';
import type { Role } from './people.ts';

/** Everybody who works on incidents. `admin` configures and `viewer` looks; neither decides by virtue of that. */
const RESPOND: readonly Role[] = ['responder', 'commander', 'team-lead', 'engineering-manager', 'cto'];
const COMMAND: readonly Role[] = ['commander', 'engineering-manager', 'cto'];
/** Which of these an approval asks for is its own matter: the incident checks the role that the approval names. */
const APPROVE: readonly Role[] = ['approver', 'commander', 'team-lead', 'engineering-manager', 'cto'];
/** Stopping something is the safe direction: whoever responds may. */
const OBJECT: readonly Role[] = [...RESPOND, 'approver'];

const WHO: Readonly<Record<DecisionName, readonly Role[]>> = {
  acknowledge: RESPOND,
  assign: RESPOND,
  note: RESPOND,
  update: RESPOND,
  'set-severity': RESPOND,
  'call-off': OBJECT,
  'pause-canary': RESPOND,
  'abort-canary': RESPOND,
  reject: OBJECT,
  approve: APPROVE,
  'test-mail': APPROVE,
  'hand-over': COMMAND,
  snooze: COMMAND,
  resolve: COMMAND,
  reopen: COMMAND,
  merge: COMMAND,
  'false-alarm': COMMAND,
  cancel: COMMAND,
  'keep-lease': COMMAND,
  'renew-lease': COMMAND,
  'revert-lease': COMMAND,
  'break-glass': COMMAND,
};

/** Null when somebody with these roles may decide this; otherwise a sentence that says which role it takes. */
export function mayDecide(name: DecisionName, roles: readonly Role[]): string | null {
  const allowed = WHO[name];
  if (roles.some((role) => allowed.includes(role))) return null;
  const have = roles.length === 0 ? 'no role' : roles.join(', ');
  return `"${name}" takes one of these roles: ${allowed.join(', ')}; you have ${have}. Ask somebody who has one, or an admin for the role.`;
}
