import type { Decided } from '../../client/incident-client.ts';
import { signDecision } from '../../config/decision-signature.ts';
import type { Decision } from '../../domain/decision.ts';
import type { Instant } from '../../domain/instant.ts';
import { aboutIncident } from '../../tracing/spans.ts';
import type { GatewayOptions } from '../options.ts';

/**
 * Stamps the time of receipt, signs, and hands the decision to its incident. An incident that intake knows and
 * Temporal does not yet is still on its way there: the decision is to be sent again.
 */
export async function decideAndAnswer(
  options: GatewayOptions,
  decision: Omit<Decision, 'receivedAt' | 'signature'>,
  /** When it was received, for what was kept before it could be handed over. */
  receivedAt: Instant = options.clock(),
): Promise<Decided> {
  aboutIncident(decision.incidentId);
  const stamped = { ...decision, receivedAt };
  const signature = signDecision(stamped, options.secrets.decisionSigningKey);
  const decided = await options.client.decide({ ...stamped, signature });
  if (decided.outcome === 'accepted') options.onDecided?.(decision.incidentId);
  if (decided.outcome !== 'not-found') return decided;
  const known = await options.store.incidents.get(decision.incidentId);
  if (known === null) return decided;
  if (known.status === 'closed') {
    return {
      outcome: 'ended',
      words: `${known.id} has ended; nothing can be decided in it any more. If the problem is back, open a new incident.`,
    };
  }
  options.forwarder.nudge(known.id);
  return {
    outcome: 'unavailable',
    words: `${known.id} is stored and on its way to Temporal, which has not begun it yet. Try again with the same id.`,
  };
}
