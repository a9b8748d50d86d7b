import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPolicy, problemLine } from '../../src/config/policy.ts';
import { applyOverrides } from '../../src/config/policy-overrides.ts';
import { readYaml } from '../../src/config/yaml-document.ts';
import type { Contact } from '../../src/domain/people.ts';
import type { PersonPolicy, Policy } from '../../src/domain/policy.ts';
import { type Drill, DrillError } from './drill.ts';

/** The people of a drill as the policy that is rehearsed knows them, with the tokens by which they act. */
export interface DrillPolicy {
  readonly policy: Policy;
  /** The whole policy of this drill as a file's text; JSON is YAML. */
  readonly policyText: string;
  readonly tokens: ReadonlyMap<string, string>;
  /** The judge reads incidents as this person; it decides nothing. */
  readonly observerToken: string;
}

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const OBSERVER = 'drill-observer';
/** Alerts wait in real milliseconds for others to come along; in a rehearsal each is handed on before the next one comes. */
const REAL_PAUSES = { 'intake.coalesceMilliseconds': 0 };

/**
 * The drill's policy: the team's file with the drill's overrides and, instead of the team's people, the drill's own.
 * Throws DrillError when that is no valid policy.
 */
export async function buildDrillPolicy(drill: Drill): Promise<DrillPolicy> {
  const { file, text } = await findPolicy(drill);
  const document = readYaml(text);
  const whole = document.value as Record<string, unknown>;
  const mailDomain = domainOf(whole);
  const tokens = new Map<string, string>();
  const people = [
    ...drill.people.map((person) => castOne(person, mailDomain, drill, tokens)),
    observer(drill, mailDomain, tokens),
  ];
  const overridden = applyOverrides({ ...whole, people }, { ...REAL_PAUSES, ...drill.set });
  const policyText = JSON.stringify(overridden.value, null, 1);
  const { policy, problems } = checkPolicy(policyText, file);
  const wrong = problems.filter((problem) => problem.level === 'error');
  if (policy === null || overridden.problems.length > 0) {
    const first = document.problems.map((problem) => `${file}:${problem.line}:${problem.column}: ${problem.message}`);
    const words = [...first, ...overridden.problems.map((problem) => problem.message), ...wrong.map(problemLine)];
    throw new DrillError(
      words.map((message) => ({
        file: drill.file,
        line: 1,
        column: 1,
        message: `with this drill's policy and \`set\`: ${message}`,
      })),
    );
  }
  return { policy, policyText, tokens, observerToken: tokens.get(OBSERVER) ?? '' };
}

/** Contacts whose paging service is the one named. */
export function contactsOfService(policy: Policy, service: string): readonly Contact[] {
  return (Object.entries(policy.contacts) as [Contact, Policy['contacts'][Contact]][])
    .filter(([, contact]) => contact.pagingService === service)
    .map(([name]) => name);
}

async function findPolicy(drill: Drill): Promise<{ readonly file: string; readonly text: string }> {
  const places = isAbsolute(drill.policyFile)
    ? [drill.policyFile]
    : [
        resolve(drill.policyFile),
        join(dirname(resolve(drill.file)), drill.policyFile),
        join(PROJECT, drill.policyFile),
      ];
  for (const file of places) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) return { file, text };
  }
  const message = `the policy ${drill.policyFile} was not found; looked for ${[...new Set(places)].join(', ')}`;
  throw new DrillError([{ file: drill.file, line: 1, column: 1, message }]);
}

function castOne(
  person: Drill['people'][number],
  mailDomain: string,
  drill: Drill,
  tokens: Map<string, string>,
): PersonPolicy {
  return {
    id: person.id,
    name: person.name,
    email: person.email ?? `${person.id}@${mailDomain}`,
    roles: [...person.roles],
    chatId: `U0${idPart(person.id)}`,
    pagingId: `P${idPart(person.id)}`,
    contacts: [...person.contacts],
    tokenSha256: tokenFor(person.id, drill, tokens),
  };
}

function observer(drill: Drill, mailDomain: string, tokens: Map<string, string>): PersonPolicy {
  const tokenSha256 = tokenFor(OBSERVER, drill, tokens);
  return {
    id: OBSERVER,
    name: 'Drill observer',
    email: `${OBSERVER}@${mailDomain}`,
    roles: ['viewer'],
    chatId: null,
    pagingId: null,
    contacts: [],
    tokenSha256,
  };
}

/** Tokens are of use only while this drill's gateway runs; they need no secrecy, only to differ. */
function tokenFor(id: string, drill: Drill, tokens: Map<string, string>): string {
  const token = `drill-${drill.name}-${drill.seed}-${id}`;
  tokens.set(id, token);
  return createHash('sha256').update(token).digest('hex');
}

function idPart(id: string): string {
  return id.toUpperCase().replace(/[^A-Z0-9]/g, '');
}

function domainOf(policy: Record<string, unknown>): string {
  const from = String((policy['communication'] as Record<string, unknown> | undefined)?.['mailFrom'] ?? '');
  return /@([\w.-]+)/.exec(from)?.[1] ?? 'example.com';
}
