import { type DecisionName, isDecisionName } from '../../domain/decision.ts';
import type { Instant } from '../../domain/instant.ts';
import { type ModalMemory, modalFields } from '../../views/chat-modals.ts';
import { readDecisionBody } from '../decision-schemas.ts';
import { type Lookups, lookedUp } from './lookups.ts';
import type { ViewSubmission } from './payloads.ts';

export type Submitted =
  | {
      readonly ok: true;
      readonly name: DecisionName;
      readonly incidentId: string;
      readonly body: unknown;
      readonly memory: ModalMemory;
    }
  /** Shown beside the field that it is about. */
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly errors: null };

const PROBLEM_CHARACTERS = 150;

/** What a form that was sent decides; what is wrong stands beside the field, and the form stays open. */
export async function readSubmission({ view }: ViewSubmission, now: Instant, lookups: Lookups): Promise<Submitted> {
  const memory = memoryOf(view.private_metadata);
  if (memory === null) return { ok: false, errors: null };
  const { name, given } = memory;
  const errors: Record<string, string> = {};
  const body: Record<string, unknown> = { ...given };
  const fields = modalFields(name, given);
  for (const [field, declared] of fields) {
    const typed = typedIn(view.state.values[field]?.value ?? {});
    if (typed === null) {
      if (declared.optional !== true) errors[field] = 'This is needed.';
      continue;
    }
    const found = await lookedUp(declared, typed, lookups);
    if (found.ok) body[field] = found.value;
    else errors[field] = found.words;
  }
  if (Object.keys(errors).length > 0) return { ok: false, errors: clipped(errors) };
  const read = readDecisionBody(name, body, now);
  if (read.ok) return { ok: true, name, incidentId: memory.incidentId, body: read.body, memory };
  const [first] = fields;
  if (first === undefined) return { ok: false, errors: null };
  const shown = fields.some(([field]) => read.byField[field] !== undefined);
  return { ok: false, errors: clipped(shown ? read.byField : { [first[0]]: read.problems.join(' ') }) };
}

/** What was chosen or typed, whichever element it was. */
function typedIn(given: Readonly<Record<string, unknown>>): string | null {
  const option = given.selected_option as { readonly value?: unknown } | null | undefined;
  const typed = [given.value, given.selected_user, option?.value].find((one) => typeof one === 'string');
  return typeof typed !== 'string' || typed.trim() === '' ? null : typed.trim();
}

function clipped(errors: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(errors).map(([field, words]) => [field, words.slice(0, PROBLEM_CHARACTERS)]),
  );
}

function memoryOf(text: string): ModalMemory | null {
  try {
    const read = JSON.parse(text) as Partial<ModalMemory>;
    const { name = '' } = read;
    if (!isDecisionName(name) || typeof read.incidentId !== 'string') return null;
    return {
      name,
      incidentId: read.incidentId,
      given: read.given ?? {},
      channel: read.channel ?? null,
      responseUrl: read.responseUrl ?? null,
    };
  } catch {
    return null;
  }
}
