import { createHash } from 'node:crypto';

// Draws are keyed by seed, name and count and never by call order, so that a drill played beside others is the same.

/** A number in [0, 1). */
export function draw(seed: number, name: string, count: number): number {
  return digest(`${seed}/${name}/${count}`).readUIntBE(0, 6) / 2 ** 48;
}

/** A stable UUID, shaped like version 4. */
export function seededUid(seed: number, name: string, count: number): string {
  const hex = digest(`uid/${seed}/${name}/${count}`).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

// The alphabet of the real API server's generated names: no vowels, so no words.
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A suffix as Kubernetes gives generated names. */
export function seededSuffix(key: string, length: number): string {
  const bytes = digest(key);
  let suffix = '';
  for (let i = 0; i < length; i += 1) suffix += NAME_ALPHABET[(bytes[i] ?? 0) % NAME_ALPHABET.length];
  return suffix;
}

/** JSON with sorted keys: equal objects give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
