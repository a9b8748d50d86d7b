import { randomUUID } from 'node:crypto';
import type { Declaration } from '../../domain/deciding/declare.ts';
import { type Line, leastWords, missingFields, readLine, splitReference, usageOf } from '../../domain/deciding/line.ts';
import type { Problem } from '../../domain/deciding/meant.ts';
import { type DecisionAnswer, type DecisionName, declarationOf } from '../../domain/decision.ts';
import { incidentNow } from '../countdown.ts';
import { CliFailure } from '../failure.ts';
import { at, readPage, resolveIncident } from '../incidents.ts';
import type { Session } from '../session.ts';

/** What was given as `--name value`, by name. */
export type DecideOptions = Readonly<Record<string, string>>;

/**
 * Sends one decision. Its id is chosen here, once: after a network error the same id is sent again, and the incident
 * takes it for the one decision that it is.
 */
export async function decide(
  session: Session,
  name: DecisionName,
  words: readonly string[],
  options: DecideOptions,
): Promise<void> {
  const { gateway, io, json } = session;
  const declared = declarationOf(name);
  const line = { options, ...splitReference(declared, { words, options }) };
  refuseFewWords(declared, line, words);
  const incidentId = await resolveIncident(gateway, line.reference);
  const body = await bodyOf(session, declared, line, incidentId);
  const id = randomUUID();
  const answer = await gateway.json<DecisionAnswer>({
    method: 'POST',
    path: at(incidentId, '/decisions'),
    json: { id, incidentId, name, body },
    repeatable: true,
  });
  if (json) io.out(JSON.stringify({ incidentId, decision: name, ...answer }));
  else io.out(`${incidentId}: ${answer.effect}`);
}

/** What the words say, with incidents by their whole name. */
async function bodyOf(
  { gateway, io }: Session,
  declared: Declaration<DecisionName>,
  line: Line,
  incidentId: string,
): Promise<Readonly<Record<string, unknown>>> {
  const now = incidentNow(new Date(io.nowMs()).toISOString(), null, io.nowMs(), 1);
  const asks = Object.values(declared.fields).some(({ kind }) => kind === 'question' || kind === 'lease');
  const facts = asks ? (await readPage(gateway, incidentId)).facts : null;
  const read = readLine(declared, line, { facts, now });
  if (!read.ok) throw failureOf(read.problem, declared.name, incidentId);
  if (read.left.length > 0 || missingFields(declared.fields, read.given).length > 0)
    throw miswritten(declared, line.words);
  const body: Record<string, unknown> = { ...read.given };
  for (const [field, { kind }] of Object.entries(declared.fields))
    if (kind === 'incident') body[field] = await resolveIncident(gateway, String(body[field]));
  return body;
}

/** Seen before anybody is asked. */
function refuseFewWords(declared: Declaration<DecisionName>, line: Line, words: readonly string[]): void {
  if (line.words.length < leastWords(declared)) throw miswritten(declared, words);
}

function failureOf({ words, choices, nothing }: Problem, name: DecisionName, incidentId: string): CliFailure {
  if (nothing) return new CliFailure('conflict', words, `See where it stands: incident show ${incidentId}`);
  const rows = choices.map(({ id, about }) => `  incident ${name} ${incidentId} ${id}   ${about}`);
  const advice = rows.length > 0 ? ['Name it:', ...rows].join('\n') : `How it is written: incident ${name} --help`;
  return new CliFailure('usage', words, advice);
}

function miswritten(declared: Declaration<DecisionName>, words: readonly string[]): CliFailure {
  const got = words.length === 0 ? 'nothing' : words.map((word) => `"${word}"`).join(' ');
  return new CliFailure(
    'usage',
    `"${declared.name}" got ${got}.`,
    `Write: incident ${declared.name} [incident] ${usageOf(declared)}`.trimEnd(),
  );
}
