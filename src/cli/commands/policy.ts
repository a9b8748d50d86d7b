import { join, resolve } from 'node:path';
import { checkPolicy, PolicyError, policyJsonSchema, problemLine, readPolicyFile } from '../../config/policy.ts';
import type { Policy } from '../../domain/policy.ts';
import { CliFailure, EXIT } from '../failure.ts';
import type { Io } from '../io.ts';
import { policySection, SECTIONS, sectionRows } from '../policy-sections.ts';
import { table } from '../table.ts';

type JsonOption = { readonly json?: boolean };

/** Says everything that is wrong with a policy file, as file:line:column. Exit code 0, or 2 when it cannot be used. */
export async function checkPolicyFile(io: Io, file: string | null, { json = false }: JsonOption): Promise<number> {
  const { shown, policy, problems } = await read(io, file);
  if (json) io.out(JSON.stringify({ file: shown, usable: policy !== null, problems }));
  else {
    for (const problem of problems) io.err(problemLine(problem));
    const warnings = problems.filter(({ level }) => level === 'warning').length;
    if (policy !== null)
      io.out(`${shown}: usable${warnings === 0 ? '' : `, with ${warnings} warning${warnings === 1 ? '' : 's'}`}.`);
    else
      io.err(
        `${shown}: cannot be used; ${problems.length - warnings} error${problems.length - warnings === 1 ? '' : 's'}.`,
      );
  }
  return policy === null ? EXIT.usage : EXIT.ok;
}

/** Shows a part of a policy as tables; without a part, which parts there are. */
export async function showPolicy(io: Io, words: readonly string[], { json = false }: JsonOption): Promise<number> {
  const [first, second] = words;
  const section = SECTIONS.find((name) => name === first) ?? null;
  if (section === null && second !== undefined) {
    throw new CliFailure('usage', `A policy has no part "${first}".`, `Its parts: ${SECTIONS.join(', ')}.`);
  }
  const { shown, policy, problems } = await read(io, section === null ? (first ?? null) : (second ?? null));
  if (policy === null) {
    for (const problem of problems) io.err(problemLine(problem));
    return EXIT.usage;
  }
  if (json)
    io.out(
      JSON.stringify({
        file: shown,
        ...(section === null
          ? { policy: withoutSecrets(policy) }
          : { [section]: policySection(withoutSecrets(policy), section) }),
      }),
    );
  else if (section === null) {
    io.out(`${policy.team.name} (${policy.team.product}), from ${shown}`);
    io.out(`Parts: ${SECTIONS.join(', ')}.  Show one: incident policy show ${SECTIONS[0]}`);
  } else {
    const { header, rows } = sectionRows(policy, section);
    for (const row of table(header, rows, { ...io, terminal: () => null })) io.out(row);
  }
  return EXIT.ok;
}

export function printPolicySchema(io: Io): void {
  io.out(JSON.stringify(policyJsonSchema(), null, 2));
}

/** Argument, INCIDENT_POLICY, or the policy that comes with the repository. */
export function policyFileOf(io: Io, given: string | null): string {
  const named = given ?? (io.env.INCIDENT_POLICY || null);
  return named === null ? join(io.root, 'policy', 'noa.yaml') : resolve(io.cwd, named);
}

async function read(io: Io, given: string | null) {
  const file = policyFileOf(io, given);
  const shown = given ?? file;
  try {
    return { shown, ...checkPolicy(await readPolicyFile(file), shown) };
  } catch (error) {
    if (error instanceof PolicyError)
      return { shown, policy: null, problems: error.problems.map((problem) => ({ ...problem, file: shown })) };
    throw error;
  }
}

function withoutSecrets(policy: Policy): Policy {
  return {
    ...policy,
    people: policy.people.map((person) => ({ ...person, tokenSha256: person.tokenSha256 === null ? null : '(set)' })),
  };
}
