import type { Alert } from '../domain/alert.ts';
import { incidentName, suffixedName } from '../domain/incident-name.ts';
import type { Instant } from '../domain/instant.ts';
import { wellFormedJson } from '../domain/well-formed.ts';
import type { Database, Queries } from './database.ts';

/** An incident as intake knows it. */
export interface IncidentEntry {
  readonly id: string;
  readonly title: string;
  readonly service: string;
  readonly status: 'open' | 'resolved' | 'closed';
  readonly detectedAt: Instant;
  readonly openedAt: Instant;
  readonly resolvedAt: Instant | null;
  readonly closedAt: Instant | null;
  readonly closedAs: string | null;
  readonly mergedInto: string | null;
  readonly previousIncidentId: string | null;
  readonly firstAlert: Alert;
}

export interface Incidents {
  get(id: string): Promise<IncidentEntry | null>;
  /** The incident that this source's alert (any of its messages) joined last; null when it joined none. */
  ofAlert(fingerprint: string): Promise<string | null>;
  /** The incident that a page (by the paging system's id) calls people into; null when it was never heard of. */
  ofPage(pagingId: string): Promise<string | null>;
  rememberPage(pagingId: string, incidentId: string): Promise<void>;
}

export const INCIDENT_COLUMNS = `id, title, service, status, detected_at AS "detectedAt", opened_at AS "openedAt",
  resolved_at AS "resolvedAt", closed_at AS "closedAt", closed_as AS "closedAs", merged_into AS "mergedInto",
  previous_id AS "previousIncidentId", first_alert AS "firstAlert"`;

/** So many incidents can begin in one minute. */
const MAX_SUFFIX = 100_000;

export function createIncidents({ rows }: Database): Incidents {
  return {
    async get(id) {
      const [found] = await rows<IncidentEntry>(`SELECT ${INCIDENT_COLUMNS} FROM incident WHERE id = $1`, [id]);
      return found ?? null;
    },
    async ofAlert(fingerprint) {
      const [found] = await rows<{ incidentId: string }>(
        `SELECT incident_id AS "incidentId" FROM inbox WHERE fingerprint = $1 AND incident_id IS NOT NULL
         ORDER BY id DESC LIMIT 1`,
        [fingerprint],
      );
      return found?.incidentId ?? null;
    },
    async ofPage(pagingId) {
      const [found] = await rows<{ incidentId: string }>(
        'SELECT incident_id AS "incidentId" FROM correlation_key WHERE key = $1',
        [keyOfPage(pagingId)],
      );
      return found?.incidentId ?? null;
    },
    async rememberPage(pagingId, incidentId) {
      await rows(
        `INSERT INTO correlation_key (key, incident_id) SELECT $1, id FROM incident WHERE id = $2
         ON CONFLICT (key) DO NOTHING`,
        [keyOfPage(pagingId), incidentId],
      );
    },
  };
}

/** Beside the keys of alerts, so that it goes with them when incidents are merged. */
function keyOfPage(pagingId: string): string {
  return `page ${pagingId}`;
}

export interface NewIncident {
  readonly title: string;
  readonly service: string;
  readonly detectedAt: Instant;
  readonly openedAt: Instant;
  readonly previousIncidentId: string | null;
  readonly firstAlert: Alert;
}

/** Reserves the next free name of its detection minute (ADR 0008). Answers the incident's id. */
export async function reserveIncident({ rows }: Queries, incident: NewIncident): Promise<string> {
  const name = incidentName(incident.detectedAt);
  const [taken] = await rows<{ highest: number }>(
    `SELECT coalesce(max(CASE WHEN id = $1 THEN 1 ELSE substring(id FROM length($1) + 2)::integer END), 0) AS highest
     FROM incident WHERE id = $1 OR id ~ ('^' || $1 || '-[0-9]+$')`,
    [name],
  );
  for (let count = (taken?.highest ?? 0) + 1; count <= MAX_SUFFIX; count++) {
    const id = suffixedName(name, count);
    const inserted = await rows(
      `INSERT INTO incident (id, title, service, detected_at, opened_at, previous_id, first_alert)
       VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb) ON CONFLICT (id) DO NOTHING RETURNING id`,
      [
        id,
        incident.title,
        incident.service,
        incident.detectedAt,
        incident.openedAt,
        incident.previousIncidentId,
        wellFormedJson(incident.firstAlert),
      ],
    );
    if (inserted.length === 1) return id;
  }
  throw new Error(`More than ${MAX_SUFFIX} incidents began in the minute of ${name}; look at what the sources send.`);
}
