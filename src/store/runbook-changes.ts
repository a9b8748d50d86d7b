import type { RunbookChange } from '../domain/runbook-change.ts';
import type { Database } from './database.ts';

/** The change to a runbook that each incident led to (R6.5): kept also when its workflows have ended. */
export interface RunbookChanges {
  /** A change that is older than the one that is kept changes nothing. */
  keep(change: RunbookChange): Promise<void>;
  get(incidentId: string): Promise<RunbookChange | null>;
}

export function createRunbookChanges({ rows }: Database): RunbookChanges {
  return {
    async keep({ incidentId, file, stage, digest, by, at, words, link }) {
      await rows(
        `INSERT INTO runbook_change (incident_id, file, stage, digest, by_whom, at, words, link)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (incident_id) DO UPDATE
           SET file = $2, stage = $3, digest = $4, by_whom = $5, at = $6, words = $7, link = $8
         WHERE runbook_change.at <= excluded.at`,
        [incidentId, file, stage, digest, by, at, words, link],
      );
    },
    async get(incidentId) {
      const [found] = await rows<RunbookChange>(
        `SELECT incident_id AS "incidentId", file, stage, digest, by_whom AS "by", at, words, link
         FROM runbook_change WHERE incident_id = $1`,
        [incidentId],
      );
      return found ?? null;
    },
  };
}
