import { DECISION_NAMES, type DecisionName } from '../../domain/decision.ts';
import type { Instant } from '../../domain/instant.ts';
import { MODALS, type ModalField, type ModalMemory } from '../../views/chat-modals.ts';
import { readDecisionBody } from '../decision-schemas.ts';
import { expected } from './command-body.ts';
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

/** What a form that was sent decides; what is wrong stands beside the field, and the form stays open. */
export async function readSubmission(
  { view }: ViewSubmission,
  now: Instant,
  personOf: (chatId: string) => Promise<string | null>,
): Promise<Submitted> {
  const memory = memoryOf(view.private_metadata);
  if (memory === null) return { ok: false, errors: null };
  const errors: Record<string, string> = {};
  const body: Record<string, unknown> = { ...memory.given };
  for (const field of MODALS[memory.name].fields) {
    if (memory.given[field.name] !== undefined) continue;
    try {
      const value = await fieldValue(field, view.state.values[field.name]?.value ?? {}, now, personOf);
      if (value !== null) body[field.name] = value;
      else if (field.optional !== true) errors[field.name] = 'This is needed.';
    } catch (error) {
      errors[field.name] = (error as Error).message.slice(0, 150);
    }
  }
  if (Object.keys(errors).length > 0) return { ok: false, errors };
  const read = readDecisionBody(memory.name, body, now);
  if (read.ok) return { ok: true, name: memory.name, incidentId: memory.incidentId, body: read.body, memory };
  const first = MODALS[memory.name].fields[0];
  return { ok: false, errors: first === undefined ? null : { [first.name]: read.problems.join(' ').slice(0, 150) } };
}

async function fieldValue(
  field: ModalField,
  given: Readonly<Record<string, unknown>>,
  now: Instant,
  personOf: (chatId: string) => Promise<string | null>,
): Promise<string | number | null> {
  const text = typeof given.value === 'string' ? given.value.trim() : '';
  switch (field.kind) {
    case 'text':
    case 'lines':
      return text === '' ? null : text;
    case 'minutes':
      if (text === '') return null;
      if (!/^\d{1,6}$/.test(text)) throw new Error('Give whole minutes.');
      return Number(text);
    case 'clock':
      return expected(text, now) ?? null;
    case 'severity': {
      const option = given.selected_option as { value?: unknown } | null | undefined;
      return typeof option?.value === 'string' ? option.value : null;
    }
    case 'person': {
      const chatId = given.selected_user;
      if (typeof chatId !== 'string') return null;
      const person = await personOf(chatId);
      if (person === null)
        throw new Error('They are not among the people of this team’s policy; choose somebody else.');
      return person;
    }
  }
}

function memoryOf(text: string): ModalMemory | null {
  try {
    const read = JSON.parse(text) as Partial<ModalMemory>;
    const known = DECISION_NAMES.find((name) => name === read.name);
    if (known === undefined || typeof read.incidentId !== 'string') return null;
    return {
      name: known,
      incidentId: read.incidentId,
      given: read.given ?? {},
      channel: read.channel ?? null,
      responseUrl: read.responseUrl ?? null,
    };
  } catch {
    return null;
  }
}
