import type { Field } from '../domain/deciding/declare.ts';
import { isTyped, missingFields } from '../domain/deciding/line.ts';
import { type DecisionName, declarationOf } from '../domain/decision.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { cleanLine, clip } from './escape.ts';

/** What a form remembers until it is sent; Slack allows 3,000 characters. */
export interface ModalMemory {
  readonly name: DecisionName;
  readonly incidentId: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly channel: string | null;
  readonly responseUrl: string | null;
}

export const DECISION_MODAL = 'decision';
const MEMORY_CHARACTERS = 3_000;
const TEXT_CHARACTERS = 3_000;
const LINE_CHARACTERS = 1_000;

/** What a form asks for: what is typed and not settled yet. */
export function modalFields(
  name: DecisionName,
  given: Readonly<Record<string, unknown>>,
): readonly (readonly [name: string, field: Field])[] {
  return Object.entries(declarationOf(name).fields).filter(
    ([field, declared]) => isTyped(declared) && given[field] === undefined,
  );
}

/** Whether a button that carries this opens a form first. */
export function opensForm(name: DecisionName, given: Readonly<Record<string, unknown>>): boolean {
  const { fields, confirmed = false } = declarationOf(name);
  if (missingFields(fields, given).length > 0) return true;
  return confirmed && !Object.keys(fields).some((field) => given[field] !== undefined);
}

/** Slack's modal of a decision, or null when what it must remember does not fit. */
export function decisionModal(
  memory: ModalMemory,
  title: string,
  prefill: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> | null {
  const { verb, about } = declarationOf(memory.name);
  const metadata = JSON.stringify(memory);
  if (metadata.length > MEMORY_CHARACTERS) return null;
  return {
    type: 'modal',
    callback_id: DECISION_MODAL,
    private_metadata: metadata,
    title: plain(verb, 24),
    submit: plain(verb, 24),
    close: plain('Not now', 24),
    blocks: [
      {
        type: 'section',
        text: { type: 'plain_text', text: clip(`${memory.incidentId}: ${cleanLine(title, 200)}\n${about}`, 2_900) },
      },
      ...modalFields(memory.name, memory.given).map(([name, field]) => ({
        type: 'input',
        block_id: name,
        optional: field.optional === true,
        label: plain(field.label, 2_000),
        element: { action_id: 'value', ...element(field, prefill[name]) },
      })),
    ],
  };
}

function element({ kind }: Field, begin: string | undefined): Readonly<Record<string, unknown>> {
  switch (kind) {
    case 'because':
    case 'lines':
      return { ...typed(TEXT_CHARACTERS, begin), multiline: true };
    case 'instant':
      return { ...typed(40, begin), placeholder: plain('15:00', 150) };
    case 'minutes':
      return { ...typed(40, begin), placeholder: plain('30m, 2h or 1h30m', 150) };
    case 'person':
      return { type: 'users_select' };
    case 'severity': {
      const options = SEVERITIES.map((severity) => ({ text: plain(severity, 75), value: severity }));
      const first = options.find(({ value }) => value === begin);
      return { type: 'static_select', options, ...(first === undefined ? {} : { initial_option: first }) };
    }
    case 'text':
    case 'incident':
    case 'question':
    case 'option':
    case 'lease':
    case 'draft':
      return typed(LINE_CHARACTERS, begin);
  }
}

function typed(limit: number, begin: string | undefined): Readonly<Record<string, unknown>> {
  return { type: 'plain_text_input', max_length: limit, ...(begin ? { initial_value: clip(begin, limit) } : {}) };
}

function plain(text: string, limit: number): Readonly<Record<string, unknown>> {
  return { type: 'plain_text', text: clip(text, limit) };
}
