import { randomUUID } from 'node:crypto';
import type { DecisionAnswer, DecisionName } from '../../domain/decision.ts';
import type { FactSet } from '../../domain/fact-set.ts';
import type { Written } from '../asked.ts';
import { incidentNow } from '../countdown.ts';
import { DECISION_COMMANDS, type DecisionCommand, splitWords } from '../decisions.ts';
import { at, readPage, resolveIncident } from '../incidents.ts';
import type { Session } from '../session.ts';

export interface DecideOptions {
  readonly because?: string;
  readonly option?: string;
  readonly expect?: string;
  readonly for?: string;
}

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
  const { reference, rest } = splitWords(name, words);
  const incidentId = await resolveIncident(gateway, reference);
  const facts = (): Promise<FactSet | null> => readPage(gateway, incidentId).then((page) => page.facts);
  const written: Written = {
    name,
    incidentId,
    words: name === 'merge' ? [await resolveIncident(gateway, rest[0] ?? '')] : rest,
    because: options.because ?? '',
    option: options.option ?? null,
    expect: options.expect ?? null,
    for: options.for ?? null,
    now: incidentNow(new Date(io.nowMs()).toISOString(), null, io.nowMs(), 1),
    facts,
  };
  const body = await (DECISION_COMMANDS[name] as DecisionCommand).body(written);
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
