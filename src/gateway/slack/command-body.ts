import { type Known, missingFields, readLine } from '../../domain/deciding/line.ts';
import { declarationOf } from '../../domain/decision.ts';
import type { DecisionCommand } from './command-line.ts';
import { type Lookups, lookedUp } from './lookups.ts';

/** The body of the decision, what is given of it when a form has to ask for the rest, or what is wrong. */
export type Understood =
  | { readonly kind: 'body'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'form'; readonly given: Readonly<Record<string, unknown>> }
  | { readonly kind: 'problem'; readonly words: string };

export async function understand(command: DecisionCommand, known: Known, lookups: Lookups): Promise<Understood> {
  const declared = declarationOf(command.name);
  const read = readLine(declared, command, known);
  if (!read.ok) {
    const { words, choices } = read.problem;
    const rows = choices.map(({ id, about }) => `/incident ${command.name} ${id}   (${about})`);
    return { kind: 'problem', words: [words, ...rows].join('\n') };
  }
  const given: Record<string, unknown> = { ...read.given };
  for (const [name, field] of Object.entries(declared.fields)) {
    if (typeof given[name] !== 'string') continue;
    const found = await lookedUp(field, given[name], lookups);
    if (!found.ok) return { kind: 'problem', words: found.words };
    given[name] = found.value;
  }
  return missingFields(declared.fields, given).length > 0 ? { kind: 'form', given } : { kind: 'body', body: given };
}
