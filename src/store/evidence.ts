import { createHash } from 'node:crypto';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';

export interface StoredEvidence {
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly storedAt: Instant;
  readonly body: Buffer;
}

/** Large evidence by its SHA-256 (hex): the timeline carries excerpts and digests only. */
export interface EvidenceStore {
  /** Storing the same bytes again changes nothing. At most `MAX_EVIDENCE_BYTES`; more throws a RangeError. */
  put(what: { readonly body: Uint8Array | string; readonly mediaType: string; readonly at: Instant }): Promise<{
    readonly digest: string;
    readonly sizeBytes: number;
  }>;
  get(digest: string): Promise<StoredEvidence | null>;
}

export const MAX_EVIDENCE_BYTES = 32 * 1024 * 1024;

export function createEvidenceStore({ rows }: Database): EvidenceStore {
  return {
    async put({ body, mediaType, at }) {
      const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : Buffer.from(body);
      if (bytes.length > MAX_EVIDENCE_BYTES) {
        throw new RangeError(
          `A piece of evidence of ${bytes.length} bytes is over the limit of ${MAX_EVIDENCE_BYTES}.`,
        );
      }
      const digest = createHash('sha256').update(bytes).digest('hex');
      await rows(
        `INSERT INTO evidence (digest, media_type, size_bytes, body, stored_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (digest) DO NOTHING`,
        [digest, mediaType, bytes.length, bytes, at],
      );
      return { digest, sizeBytes: bytes.length };
    },
    async get(digest) {
      const [found] = await rows<StoredEvidence>(
        `SELECT digest, media_type AS "mediaType", size_bytes AS "sizeBytes", stored_at AS "storedAt", body
         FROM evidence WHERE digest = $1`,
        [digest],
      );
      return found ?? null;
    },
  };
}
