import type { DecisionEffect } from './deciding/declare.ts';
import { type Decision, type DecisionName, declarationOf } from './decision.ts';
import type { IncidentState } from './incident.ts';
import type { Policy } from './policy.ts';

/** Why a decision is not taken. `unauthorised`: somebody else may; otherwise it is not possible now. */
export interface Refusal {
  readonly unauthorised: boolean;
  readonly words: string;
}

/**
 * Why this decision cannot be taken now, as a sentence that says what to do instead; null when it can.
 * Pure: it runs in update validators and again for decisions that came as signals.
 */
export function refusal(state: IncidentState, decision: Decision): Refusal | null {
  if (decision.incidentId !== state.incidentId) {
    const words = `This decision names ${decision.incidentId}, but it reached ${state.incidentId}. Send it to the incident it names.`;
    return { unauthorised: false, words };
  }
  if (state.decisions.some((seen) => seen.id === decision.id)) return null;
  const declared = declarationOf(decision.name);
  const words =
    afterClosing(state, decision.name) ?? declared.problem?.(state, decision.body) ?? declared.possible(state);
  if (words !== null) return { unauthorised: false, words };
  const forbidden = declared.forbidden?.(state, decision.body, decision.actor) ?? null;
  return forbidden === null ? null : { unauthorised: true, words: forbidden };
}

/** Whether it makes sense to offer this decision now; what exactly is said may still be refused. */
export function isPossible(name: DecisionName, state: IncidentState): boolean {
  return (afterClosing(state, name) ?? declarationOf(name).possible(state)) === null;
}

function afterClosing({ incidentId, closed }: IncidentState, name: DecisionName): string | null {
  if (closed === null || declarationOf(name).afterClosing === true) return null;
  return `${incidentId} is closed (${closed.as}) since ${closed.at}. Open a new incident, or add a note.`;
}

/** What follows from an accepted decision. Pure; the incident's main loop then acts on the changed state. */
export function decide(state: IncidentState, decision: Decision, policy: Policy): DecisionEffect {
  const deciding = { who: decision.actor.person, receivedAt: decision.receivedAt, policy };
  return declarationOf(decision.name).decide(state, decision.body, deciding);
}
