import type { DecisionName } from '../domain/decision.ts';
import type { FactSet } from '../domain/fact-set.ts';
import type { Instant } from '../domain/instant.ts';
import { CliFailure } from './failure.ts';
import type { OpenQuestion } from './incidents.ts';

/** The question that is meant: by id, by name, by an option of it, or the only one that is open. */
export async function question({
  name,
  incidentId,
  words,
  facts,
}: Written): Promise<Pick<OpenQuestion, 'approvalId' | 'options'> & { readonly chosen: string | null }> {
  const open = (await facts())?.openQuestions ?? null;
  const wanted = words[0] ?? null;
  if (wanted === null) {
    const [first, second] = open ?? [];
    if (first === undefined)
      throw new CliFailure(
        'conflict',
        `Nothing in ${incidentId} waits for an answer.`,
        `See where it stands: incident show ${incidentId}`,
      );
    if (second !== undefined)
      throw new CliFailure(
        'usage',
        `${open?.length} questions are open in ${incidentId}: which one?`,
        questionRows(name, incidentId, open ?? []),
      );
    return { ...first, chosen: null };
  }
  const byId = open?.find((one) => one.approvalId === wanted);
  if (byId !== undefined) return { ...byId, chosen: null };
  const fitting = (open ?? []).filter(
    (one) => one.name === wanted || one.options.some((option) => option.name === wanted),
  );
  const parts = fitting.length > 0 ? fitting : (open ?? []).filter((one) => one.approvalId.includes(wanted));
  if (parts.length > 1)
    throw new CliFailure(
      'usage',
      `"${wanted}" fits ${parts.length} open questions.`,
      questionRows(name, incidentId, parts),
    );
  const [only] = parts;
  // Lists lag behind by a moment: the incident itself decides about an id that is not among them.
  if (only === undefined) return { approvalId: wanted, options: [], chosen: null };
  const proposed = only.options[0]?.name;
  const other = wanted !== proposed && only.options.some((option) => option.name === wanted);
  return { ...only, chosen: other ? wanted : null };
}

function questionRows(name: DecisionName, incidentId: string, questions: readonly OpenQuestion[]): string {
  return [
    'Name it:',
    ...questions.map((one) => `  incident ${name} ${incidentId} ${one.approvalId}   ${one.name}: ${one.why}`),
  ].join('\n');
}

/** The temporary change that is meant: by id, by a part of it, or the only one that is open. */
export async function lease({ name, incidentId, words, facts }: Written): Promise<string> {
  const open = (await facts())?.openLeases ?? [];
  const wanted = words[0] ?? null;
  const fitting = wanted === null ? open : open.filter(({ id }) => id.includes(wanted));
  const exact = fitting.find(({ id }) => id === wanted);
  if (exact !== undefined) return exact.id;
  if (wanted !== null && fitting.length === 0) return wanted;
  const [first, second] = fitting;
  if (first === undefined)
    throw new CliFailure(
      'conflict',
      `No temporary change is open in ${incidentId}.`,
      `See where it stands: incident show ${incidentId}`,
    );
  if (second === undefined) return first.id;
  const rows = fitting.map(
    ({ id, what, expiresAt }) => `  incident ${name} ${incidentId} ${id}   ${what} (until ${expiresAt})`,
  );
  throw new CliFailure(
    'usage',
    `${fitting.length} temporary changes are open: which one?`,
    ['Name it:', ...rows].join('\n'),
  );
}

/** What the person wrote behind the incident, and what the incident knows, to make the decision's body of. */
export interface Written {
  readonly name: DecisionName;
  /** How the incident is named in the advice. */
  readonly incidentId: string;
  readonly words: readonly string[];
  readonly because: string;
  readonly option: string | null;
  readonly expect: string | null;
  readonly for: string | null;
  readonly now: Instant;
  readonly facts: () => Promise<FactSet | null>;
}
