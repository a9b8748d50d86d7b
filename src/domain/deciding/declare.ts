import type { IncidentState } from '../incident.ts';
import type { IncidentFacts } from '../incident-facts.ts';
import type { Instant } from '../instant.ts';
import type { Actor, Role } from '../people.ts';
import type { Policy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import type { TimelineFact } from '../timeline.ts';

/** What a field holds. Forms, command lines, the API's schema and drills know by it how it is asked for and read. */
export type FieldKind =
  | 'text'
  | 'lines'
  /** Why: it stands on the timeline; in chat it may simply follow. */
  | 'because'
  | 'minutes'
  | 'instant'
  | 'person'
  | 'severity'
  | 'incident'
  /** An open question, an option of it, and a temporary change: settled by the button, or found by what was written. */
  | 'question'
  | 'option'
  | 'lease'
  /** The prepared update; only a button carries it. */
  | 'draft';

export interface Field {
  readonly kind: FieldKind;
  readonly label: string;
  readonly optional?: true;
  /** Written as `--name` on a command line, with this help, instead of as a word. */
  readonly option?: { readonly name: string; readonly about: string };
  /** At most so many characters, or minutes. */
  readonly most?: number;
  /** May be left empty where the field of this name is given. */
  readonly unless?: string;
  /** Words by which a question may be named although no list of open ones has it. */
  readonly alsoNamed?: readonly string[];
}

export type Fields = Readonly<Record<string, Field>>;

type Value<F extends Field> = F['kind'] extends 'minutes' ? number : F['kind'] extends 'severity' ? Severity : string;
type Carried<F extends Fields> = { [K in keyof F]: F[K]['kind'] extends 'draft' ? K : never }[keyof F];

/** What a person says: a field that may be left out is null then; what only a button carries may be absent. */
export type BodyOf<F extends Fields> = string extends keyof F ? Readonly<Record<string, unknown>> : Said<F>;

type Said<F extends Fields> = {
  readonly [K in Exclude<keyof F, Carried<F>>]: F[K] extends { readonly optional: true }
    ? Value<F[K]> | null
    : Value<F[K]>;
} & { readonly [K in Carried<F>]?: string | null };

/** What a decision does: facts for the timeline, and one sentence for the person. */
export interface DecisionEffect {
  readonly facts: readonly TimelineFact[];
  readonly effect: string;
}

/** Who decides, when it was received, and by which policy. */
export interface Deciding {
  readonly who: string;
  readonly receivedAt: Instant;
  readonly policy: Policy;
}

/**
 * One thing that a person can decide, all of it: Slack's forms and commands, the console's forms, the command line, the
 * API's schema, the drills' acts and the documentation are derived from this (docs/adding-a-decision.md).
 */
export interface Declaration<N extends string = string, F extends Fields = Fields> {
  readonly name: N;
  /** Where it stands in help, forms and documentation: lowest first. */
  readonly order: number;
  /** What its button says; Slack takes 24 characters. */
  readonly verb: string;
  /** One sentence for whoever thinks about it. */
  readonly about: string;
  /** Other words for it in chat. */
  readonly also?: readonly string[];
  /** Who may. An approval asks for a role of its own besides. */
  readonly roles: readonly Role[];
  /** Stands at the top of the page, or beside what it is about, instead of among the general ones. */
  readonly beside?: 'top' | 'question' | 'lease' | 'fix';
  /** A button opens the form although nothing must be filled in: one slip of a finger would end the incident. */
  readonly confirmed?: true;
  /** It may still be said when the incident is closed. */
  readonly afterClosing?: true;
  readonly fields: F;
  /** What somebody might say: shown in the documentation and the API's schema, and said everywhere by a test. */
  readonly example: BodyOf<F>;
  /** Why it cannot be decided now, as a sentence that says what to do instead; null when it can. */
  possible(state: IncidentState): string | null;
  /** What is wrong with what was said, more exactly than `possible` knows. */
  problem?(state: IncidentState, body: BodyOf<F>): string | null;
  /** Why this person may not, where that depends on what it is about. */
  forbidden?(state: IncidentState, body: BodyOf<F>, actor: Actor): string | null;
  decide(state: IncidentState, body: BodyOf<F>, deciding: Deciding): DecisionEffect;
  /** Whether a message with its button asks nothing any more, once it was pressed. */
  answered?(facts: IncidentFacts, body: BodyOf<F>): boolean;
}

/** Declares a decision; the name and the fields keep their literal types, so that its body is known to the compiler. */
export function decision<const N extends string, const F extends Fields>(
  declaration: Declaration<N, F>,
): Declaration<N, F> {
  return declaration;
}

/** The field of nearly every decision that needs a reason. */
export const BECAUSE = {
  kind: 'because',
  label: 'Because',
  option: { name: 'because', about: 'why; it stands on the timeline' },
} as const satisfies Field;
