import type { BodyOf, Declaration } from './deciding/declare.ts';
import { DECISIONS } from './decisions/catalogue.ts';
import type { Instant } from './instant.ts';
import type { Actor } from './people.ts';

type Declared = (typeof DECISIONS)[number];

/** The names are those of the drills' `does`, too. */
export type DecisionName = Declared['name'];

/** What a person says in each decision, by its name. */
export type DecisionBodies = { readonly [D in Declared as D['name']]: BodyOf<D['fields']> };

/** In the order of help and forms. */
const IN_ORDER: readonly Declared[] = [...DECISIONS].sort((one, other) => one.order - other.order);

export const DECISION_NAMES: readonly DecisionName[] = IN_ORDER.map(({ name }) => name);

const BY_NAME: ReadonlyMap<string, Declared> = new Map(IN_ORDER.map((declared) => [declared.name, declared]));

/** All that is declared of one decision. Its body is whatever its fields say: `readDecisionBody` sees to that. */
export function declarationOf(name: DecisionName): Declaration<DecisionName> {
  const declared = BY_NAME.get(name);
  if (declared === undefined) throw new Error(`There is no decision ${name}.`);
  return declared;
}

export function isDecisionName(name: string): name is DecisionName {
  return BY_NAME.has(name);
}

/**
 * A decision as it travels to the incident. `id` is chosen by the client, so that a double click or a retry is one
 * decision; `incidentId` is the incident's own id, a mismatch is refused; `receivedAt` is stamped by the gateway,
 * `signature` is the gateway's HMAC over all the rest (checked again by an activity just before an effect).
 */
export interface Decision<N extends DecisionName = DecisionName> {
  readonly id: string;
  readonly incidentId: string;
  readonly name: N;
  readonly actor: Actor;
  readonly receivedAt: Instant;
  readonly body: DecisionBodies[N];
  readonly signature: string | null;
}

/** What the person is answered. `effect` is one sentence about what happens now. */
export interface DecisionAnswer {
  readonly accepted: true;
  readonly decisionId: string;
  readonly effect: string;
  /** True when this very decision had been taken before. */
  readonly repeated: boolean;
}
