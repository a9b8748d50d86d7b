import type { Role } from '../people.ts';

/** Everybody who works on incidents. `admin` configures and `viewer` looks; neither decides by virtue of that. */
export const RESPOND: readonly Role[] = ['responder', 'commander', 'team-lead', 'engineering-manager', 'cto'];
export const COMMAND: readonly Role[] = ['commander', 'engineering-manager', 'cto'];
/** Which of these an approval asks for is its own matter: the incident checks the role that the approval names. */
export const APPROVE: readonly Role[] = ['approver', 'commander', 'team-lead', 'engineering-manager', 'cto'];
/** Stopping something is the safe direction: whoever responds may. */
export const OBJECT: readonly Role[] = [...RESPOND, 'approver'];

/** Roles that may stand in for an approver of a lesser kind. */
const STANDS_IN: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  approver: ['engineering-manager', 'cto'],
  'engineering-manager': ['cto'],
  commander: ['engineering-manager', 'cto'],
  'team-lead': ['engineering-manager', 'cto'],
};

/** Whether somebody with these roles may decide what asks for `wanted`. */
export function holdsRole(roles: readonly Role[], wanted: Role): boolean {
  return roles.includes(wanted) || (STANDS_IN[wanted] ?? []).some((role) => roles.includes(role));
}
