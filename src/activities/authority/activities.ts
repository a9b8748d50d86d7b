import { holdsRole } from '../../domain/deciding/roles.ts';
import type { Decision } from '../../domain/decision.ts';
import type { Role } from '../../domain/people.ts';
import type { AuthorityActivities, AuthorityAnswer } from './api.ts';

export interface AuthorityPorts {
  /** The live directory: roles as they are now, not as they were when the decision was made. Null: no such person. */
  readonly people: { person(id: string): Promise<{ readonly roles: readonly Role[] } | null> };
  /** Whether the gateway signed exactly this decision (src/config/decision-signature.ts). */
  readonly isSigned: (decision: Decision) => boolean;
}

/** Asked once more just before an effect (ADR 0012). "No" is an answer; only an unreachable directory is a failure. */
export function createAuthorityActivities(ports: AuthorityPorts): AuthorityActivities {
  return {
    async confirmAuthority({ decision, role }) {
      const { person } = decision.actor;
      if (decision.signature === null) {
        return refused(
          `The decision of ${person} came as a bare signal, which anybody with access to Temporal can send in any name. ${AGAIN}`,
        );
      }
      if (!ports.isSigned(decision)) {
        return refused(
          `The signature of the decision of ${person} does not fit it: it was changed on the way, or signed by another installation. ${AGAIN}`,
        );
      }
      const found = await ports.people.person(person);
      if (found === null) return refused(`${person} is no longer among the people of the policy.`);
      if (!holdsRole(found.roles, role)) {
        return refused(
          `${person} does not have the role ${role} now (has ${found.roles.join(', ') || 'none'}). Ask somebody who has it.`,
        );
      }
      return { confirmed: true, reason: null };
    },
  };
}

const AGAIN = 'Nothing was done; decide it again in chat, on the console or with the CLI.';

function refused(reason: string): AuthorityAnswer {
  return { confirmed: false, reason };
}
