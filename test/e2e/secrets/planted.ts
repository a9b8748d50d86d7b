import { createHash } from 'node:crypto';
import type { Credentials } from '../../../lab/simulation/credentials.ts';
import { environmentVariables } from '../../../src/config/env.ts';

/** A secret in a shape that no pattern knows: only who knows it can blank it out. */
export function planted(name: string): string {
  return `zq${createHash('sha256').update(name).digest('hex').slice(0, 24)}wv`;
}

/** Credentials that the simulated systems ask for; whose names the ledger of the wires uses. */
export const CREDENTIALS: Partial<Credentials> = Object.fromEntries(
  [
    'kubernetes',
    'slack',
    'pagerDuty',
    'statusPage',
    'anthropic',
    'openai',
    'github',
    'jenkins',
    'elasticsearch',
    'grafana',
    'zendesk',
    'jira',
    'x',
    'bluesky',
    'mastodon',
    'redis',
    'smtp',
  ].map((system) => [system, planted(system)]),
);

/** What alerts and log lines carry in from outside, as clients, drivers and proxies really write it. */
export const LEAKED = {
  bearer: planted('leaked bearer'),
  databasePassword: planted('leaked database'),
  apiKey: planted('leaked api key'),
  cookie: planted('leaked cookie'),
  alertBearer: planted('leaked header in the alert'),
  alertPassword: planted('leaked in the alert'),
  linkPassword: planted('leaked in the link'),
} as const;

export const LEAKING_LOG_LINE =
  `ERROR upstream refused {"headers":{"authorization":"Bearer ${LEAKED.bearer}","x-api-key":"${LEAKED.apiKey}"}} ` +
  `Cookie: session=${LEAKED.cookie}; connect postgres://noa:${LEAKED.databasePassword}@noa-postgres:5432/noa failed`;

/** Every variable that holds a secret, with each piece of its value that is one. */
export function secretsOf(env: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const variables = environmentVariables().filter(({ secret }) => secret);
  return new Map(variables.flatMap(({ name }) => (env[name] === undefined ? [] : [[name, piecesOf(env[name])]])));
}

function piecesOf(value: string): readonly string[] {
  if (value.startsWith('{')) return Object.values(JSON.parse(value) as Record<string, string>);
  const header = /^[\w-]+=(\w+)$/.exec(value)?.[1];
  if (header !== undefined) return [header];
  if (!URL.canParse(value)) return [value];
  const password = decodeURIComponent(new URL(value).password);
  return password === '' ? [] : [password];
}

/** The forms in which a secret travels: as it is, in an address, in a JSON text, and in Base64 at any offset. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  // Two bytes of a neighbour decide the first character or two; what is left is the same whoever the neighbour is.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
      .slice(shift === 0 ? 0 : shift + 1, -2),
  );
  return [...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...base64])];
}

/** All texts in a value, however deep: bytes as the text that they are. */
export function textsIn(value: unknown, seen: Set<unknown> = new Set()): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  if (value === null || typeof value !== 'object' || seen.has(value)) return [];
  seen.add(value);
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsIn(inner, seen)]);
}

/** Names of the secrets that stand in the text, each with what stands around it. */
export function foundIn(text: string, secrets: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...secrets].flatMap(([name, pieces]) =>
    pieces.flatMap(formsOf).flatMap((form) => {
      const at = text.indexOf(form);
      return at < 0 ? [] : [`${name} in …${text.slice(Math.max(0, at - 80), at + form.length + 20)}…`];
    }),
  );
}
