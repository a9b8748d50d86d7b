import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Policy } from '../../src/domain/policy.ts';
import { readOrNull, writePrivately } from './places.ts';

/** Made freshly with the first run and kept until `--fresh`, so that a signed-in browser outlives a restart. */
export interface DemoCredentials {
  readonly decisionSigningKey: string;
  readonly alertmanagerToken: string;
  /** API tokens by person. */
  readonly people: Readonly<Record<string, string>>;
  /** For INCIDENT_TOKENS_FILE: the tokens' SHA-256 by person. */
  readonly tokensFile: string;
}

type Kept = Omit<DemoCredentials, 'tokensFile'>;

export function demoCredentials(folder: string, policy: Policy): DemoCredentials {
  const file = join(folder, 'credentials.json');
  const text = readOrNull(file);
  const kept = text === null ? null : (JSON.parse(text) as Kept);
  const people = Object.fromEntries(policy.people.map(({ id }) => [id, kept?.people[id] ?? secret(`${id}-`)]));
  const credentials: Kept = {
    decisionSigningKey: kept?.decisionSigningKey ?? secret(''),
    alertmanagerToken: kept?.alertmanagerToken ?? secret('alerts-'),
    people,
  };
  writePrivately(file, JSON.stringify(credentials, null, 2));
  const tokensFile = join(folder, 'token-digests.json');
  const digests = Object.entries(people).map(([id, token]) => [id, createHash('sha256').update(token).digest('hex')]);
  writePrivately(tokensFile, JSON.stringify(Object.fromEntries(digests), null, 2));
  return { ...credentials, tokensFile };
}

/** Who sits at the demo: whoever may lead and approve, the primary on call first. */
export function demoCommander(policy: Policy): Policy['people'][number] {
  const able = policy.people.filter(({ roles }) => roles.includes('commander') && roles.includes('approver'));
  const primary = able.find(({ contacts }) => contacts.includes('oncall-primary'));
  const chosen = primary ?? able[0] ?? policy.people[0];
  if (chosen === undefined)
    throw new Error('The policy names no people. Give it at least one with the roles commander and approver.');
  return chosen;
}

function secret(prefix: string): string {
  return prefix + randomBytes(24).toString('base64url');
}
