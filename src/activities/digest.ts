import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';

/** SHA-256 of a text in UTF-8, in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** SHA-256 of a value's canonical JSON, in hex: equal values have equal digests. */
export function jsonDigest(value: unknown): string {
  return sha256(canonicalJson(value));
}
