import { type DecisionName, declarationOf } from './decision.ts';
import type { Role } from './people.ts';

/** Null when somebody with these roles may decide this; otherwise a sentence that says which role it takes. */
export function mayDecide(name: DecisionName, roles: readonly Role[]): string | null {
  const allowed = declarationOf(name).roles;
  if (roles.some((role) => allowed.includes(role))) return null;
  const have = roles.length === 0 ? 'no role' : roles.join(', ');
  return `"${name}" takes one of these roles: ${allowed.join(', ')}; you have ${have}. Ask somebody who has one, or an admin for the role.`;
}
