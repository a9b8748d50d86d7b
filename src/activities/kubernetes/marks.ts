import type { Instant } from '../../domain/instant.ts';
import { isBefore, plusMinutes } from '../../domain/instant.ts';
import type { RemedyPlan } from '../../domain/remedy.ts';

/** Written in the same write as the change: a retry whose first answer was lost finds it (ADR 0010). */
export const MARKER_ANNOTATION = 'incident-runbook/last-action';

/** `<incidentId>;<expiresAt>`: one writer per resource across incidents. */
export const CLAIM_ANNOTATION = 'incident-runbook/claim';

/** How long a claim keeps other incidents away from the resource, counted from the plan's own instant. */
export const CLAIM_MINUTES = 30;

export interface Claim {
  readonly incidentId: string;
  readonly expiresAt: Instant;
}

export function claimOf(annotations: Readonly<Record<string, string>>): Claim | null {
  const [incidentId, expiresAt] = (annotations[CLAIM_ANNOTATION] ?? '').split(';');
  if (incidentId === undefined || incidentId === '' || expiresAt === undefined) return null;
  return Number.isNaN(Date.parse(expiresAt)) ? null : { incidentId, expiresAt };
}

/** The live claim of another incident that forbids this one to write; null when the way is free. */
export function claimAgainst(
  annotations: Readonly<Record<string, string>>,
  incidentId: string,
  at: Instant,
): Claim | null {
  const claim = claimOf(annotations);
  if (claim === null || claim.incidentId === incidentId) return null;
  return isBefore(at, claim.expiresAt) ? claim : null;
}

/** The two annotations a plan leaves behind. */
export function marksOf(plan: Pick<RemedyPlan, 'key' | 'plannedAt' | 'preconditions'>): Record<string, string> {
  return {
    [MARKER_ANNOTATION]: plan.key,
    [CLAIM_ANNOTATION]: `${plan.preconditions.claimFor ?? ''};${plusMinutes(plan.plannedAt, CLAIM_MINUTES)}`,
  };
}

export function isMarked(annotations: Readonly<Record<string, string>>, key: string): boolean {
  return annotations[MARKER_ANNOTATION] === key;
}

/** Ours are never copied from an old revision: they tell about now. */
export function isOurs(annotation: string): boolean {
  return annotation === MARKER_ANNOTATION || annotation === CLAIM_ANNOTATION;
}

export function claimedWords(claim: Claim): string {
  return `${claim.incidentId} is working on it until ${claim.expiresAt}; agree with its commander, or wait until then.`;
}
