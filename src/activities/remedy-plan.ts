import { createHash } from 'node:crypto';
import type { RemedyPlan } from '../domain/remedy.ts';

/** Everything of a plan that its digest covers. */
export type PlanBody = Omit<RemedyPlan, 'digest'>;

/** Seals a plan: an approval is bound to this digest, so any change of the plan voids it (decision 6). */
export function sealPlan(body: PlanBody): RemedyPlan {
  return { ...body, digest: planDigest(body) };
}

/** SHA-256 (hex) of the canonical JSON of everything but the digest itself. */
export function planDigest(plan: PlanBody | RemedyPlan): string {
  const body: Record<string, unknown> = { ...plan };
  delete body.digest;
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}

/** JSON with the keys of every object sorted, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry) => canonicalJson(entry)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
}
