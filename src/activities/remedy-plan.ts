import type { RemedyPlan } from '../domain/remedy.ts';
import { jsonDigest } from './digest.ts';

/** Everything of a plan that its digest covers. */
export type PlanBody = Omit<RemedyPlan, 'digest'>;

/** Seals a plan: an approval is bound to this digest, so any change of the plan voids it (ADR 0012). */
export function sealPlan(body: PlanBody): RemedyPlan {
  return { ...body, digest: planDigest(body) };
}

/** SHA-256 (hex) of the canonical JSON of everything but the digest itself. */
export function planDigest(plan: PlanBody | RemedyPlan): string {
  const body: Record<string, unknown> = { ...plan };
  delete body.digest;
  return jsonDigest(body);
}
