import type { Alert } from '../domain/alert.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { INCIDENT_COLUMNS, type IncidentEntry } from './incidents.ts';
import { type Intake, type Taken, takeAlert } from './intake.ts';
import { moveOn } from './move-on.ts';

export interface PendingIncident {
  readonly incidentId: string;
  readonly count: number;
  readonly oldestReceivedAt: Instant;
}

/** Alerts of one incident to be delivered together, in order. `ids` name the batch. */
export interface PendingBatch {
  readonly incident: IncidentEntry;
  readonly ids: readonly number[];
  readonly alerts: readonly Alert[];
  /** True when nothing has been delivered to this incident yet. */
  readonly first: boolean;
}

/** Alerts between the gateway's 2xx and Temporal: in order for each incident, delivered at least once (ADR 0008). */
export interface Inbox {
  /** Stores, recognises and correlates one alert in one transaction. */
  take(intake: Intake): Promise<Taken>;
  /** Incidents with alerts to deliver, the one that has waited longest first. */
  pendingIncidents(limit: number): Promise<readonly PendingIncident[]>;
  nextBatch(incidentId: string, limit: number): Promise<PendingBatch | null>;
  markForwarded(ids: readonly number[], at: Instant): Promise<void>;
  /**
   * For an incident whose workflow has ended: its pending alerts go to the incident it was merged into, or to a new
   * one linked to it; with nothing but `resolved` pending they are kept as ignored. Answers where they went.
   */
  moveOn(incidentId: string, at: Instant): Promise<string | null>;
  counts(): Promise<{ readonly pending: number; readonly incidents: number }>;
}

/** A message of Temporal may have 2 MB and warns at 512 KB. */
const MAX_BATCH_BYTES = 256 * 1024;

export function createInbox(database: Database): Inbox {
  const { rows } = database;
  return {
    take: (intake) => database.transaction((queries) => takeAlert(queries, intake)),
    pendingIncidents: (limit) =>
      rows<{ incidentId: string; count: number; oldestReceivedAt: Instant }>(
        `SELECT incident_id AS "incidentId", count(*) AS count, min(received_at) AS "oldestReceivedAt"
         FROM inbox WHERE state = 'pending' GROUP BY incident_id ORDER BY min(id) LIMIT $1`,
        [limit],
      ),
    async nextBatch(incidentId, limit) {
      const [incident] = await rows<IncidentEntry>(`SELECT ${INCIDENT_COLUMNS} FROM incident WHERE id = $1`, [
        incidentId,
      ]);
      const pending = await rows<{ id: number; alert: Alert }>(
        `SELECT id, alert FROM inbox WHERE incident_id = $1 AND state = 'pending' ORDER BY id LIMIT $2`,
        [incidentId, limit],
      );
      if (incident === undefined || pending.length === 0) return null;
      const forwarded = await rows(`SELECT 1 FROM inbox WHERE incident_id = $1 AND state = 'forwarded' LIMIT 1`, [
        incidentId,
      ]);
      const together = fitting(pending);
      const ids = together.map(({ id }) => id);
      return { incident, ids, alerts: together.map(({ alert }) => alert), first: forwarded.length === 0 };
    },
    async markForwarded(ids, at) {
      await rows(
        `UPDATE inbox SET state = 'forwarded', forwarded_at = $2 WHERE id = ANY($1::bigint[]) AND state = 'pending'`,
        [ids, at],
      );
    },
    moveOn: (incidentId, at) => database.transaction((queries) => moveOn(queries, incidentId, at)),
    async counts() {
      const [found] = await rows<{ pending: number; incidents: number }>(
        `SELECT count(*) AS pending, count(DISTINCT incident_id) AS incidents FROM inbox WHERE state = 'pending'`,
      );
      return found ?? { pending: 0, incidents: 0 };
    },
  };
}

/** The first alerts that fit into one message together; at least one. */
function fitting<T extends { readonly alert: Alert }>(pending: readonly T[]): readonly T[] {
  let bytes = 0;
  const tooMuch = pending.findIndex(({ alert }) => {
    bytes += Buffer.byteLength(JSON.stringify(alert));
    return bytes > MAX_BATCH_BYTES;
  });
  return tooMuch === -1 ? pending : pending.slice(0, Math.max(1, tooMuch));
}
