import type { Decision } from '../../domain/decision.ts';
import type { Role } from '../../domain/people.ts';

export interface ConfirmAuthorityInput {
  readonly decision: Decision;
  readonly role: Role;
}

export interface AuthorityAnswer {
  readonly confirmed: boolean;
  /** Why not, in a sentence; null when confirmed. */
  readonly reason: string | null;
}

/** Roles are read live once more just before an effect, and the gateway's signature is checked (ADR 0012). */
export interface AuthorityActivities {
  confirmAuthority(input: ConfirmAuthorityInput): Promise<AuthorityAnswer>;
}
