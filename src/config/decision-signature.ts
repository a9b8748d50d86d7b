import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Decision } from '../domain/decision.ts';

/**
 * The gateway's word for who said what and when: HMAC-SHA256 (hex) over the canonical JSON of the decision without
 * its signature. The gateway signs; the worker verifies again just before an effect (ADR 0012).
 */
export function signDecision(decision: Omit<Decision, 'signature'>, secret: string): string {
  return createHmac('sha256', keyOf(secret)).update(canonicalDecision(decision)).digest('hex');
}

/** True when one of the secrets made the signature; several are valid while a secret is being changed. */
export function verifyDecision(decision: Decision, secrets: readonly string[]): boolean {
  const { signature, ...rest } = decision;
  if (signature === null || !/^[0-9a-f]{64}$/u.test(signature)) return false;
  const given = Buffer.from(signature, 'hex');
  return secrets.some((secret) => timingSafeEqual(Buffer.from(signDecision(rest, secret), 'hex'), given));
}

/** The signed text. Keys are named one by one, so that a field added to the type later is signed on purpose. */
export function canonicalDecision(decision: Omit<Decision, 'signature'>): string {
  const { id, incidentId, name, actor, receivedAt, body } = decision;
  return canonicalJson({
    id,
    incidentId,
    name,
    actor: { person: actor.person, roles: actor.roles, via: actor.via },
    receivedAt,
    body,
  });
}

function keyOf(secret: string): string {
  if (secret.length < SHORTEST_SECRET_CHARACTERS) {
    throw new Error(
      `The secret that signs decisions is shorter than ${SHORTEST_SECRET_CHARACTERS} characters; anybody could guess it. Set a longer one.`,
    );
  }
  return secret;
}

const SHORTEST_SECRET_CHARACTERS = 16;
