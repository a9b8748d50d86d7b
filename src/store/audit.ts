import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';

export interface AuditLine {
  readonly key: string;
  readonly at: Instant;
  readonly person: string;
  readonly via: string;
  readonly what: string;
  readonly incidentId: string | null;
  readonly words: string;
}

/** What people looked at and did by the quick reference (R8), with or without an incident; only ever added to. */
export interface Audit {
  /** The same key twice is one line. */
  record(line: AuditLine): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<readonly AuditLine[]>;
}

export function createAudit({ rows }: Database): Audit {
  return {
    async record({ key, at, person, via, what, incidentId, words }) {
      await rows(
        `INSERT INTO audit (key, at, person, via, what, incident_id, words) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (key) DO NOTHING`,
        [key, at, person, via, what, incidentId, words],
      );
    },
    list: (limit) =>
      rows<AuditLine & Record<string, unknown>>(
        `SELECT key, at, person, via, what, incident_id AS "incidentId", words FROM audit ORDER BY at DESC, key LIMIT $1`,
        [limit],
      ),
  };
}
