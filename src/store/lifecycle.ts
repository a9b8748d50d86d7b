import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import type { Queries } from './database.ts';
import { measureIncident } from './measures.ts';

/**
 * What the store must know of an incident's life to correlate alerts: whether it is resolved, reopened, closed or
 * merged. Only the newest such event counts, whatever order they arrive in.
 */
export async function applyLifecycle(
  queries: Queries,
  incidentId: string,
  events: readonly TimelineEvent[],
): Promise<void> {
  const { rows } = queries;
  const newest = events.findLast(
    (event) => event.kind === 'resolved' || event.kind === 'reopened' || event.kind === 'closed',
  );
  if (newest === undefined) return;
  await measureIncident(queries, incidentId);
  const closed = newest.kind === 'closed' ? newest : null;
  const status = newest.kind === 'reopened' ? 'open' : newest.kind;
  const changed = await rows(
    `UPDATE incident SET status = $2, status_seq = $3,
       resolved_at = CASE WHEN $2 = 'open' THEN NULL WHEN $2 = 'resolved' THEN $4::timestamptz ELSE coalesce(resolved_at, $4::timestamptz) END,
       closed_at = CASE WHEN $2 = 'closed' THEN $4::timestamptz END,
       closed_as = $5, merged_into = $6
     WHERE id = $1 AND status_seq < $3 RETURNING id`,
    [incidentId, status, newest.seq, newest.at, closed?.as ?? null, closed?.into ?? null],
  );
  if (changed.length === 0 || closed?.as !== 'merged' || closed.into === null) return;
  // Further alerts of the same problem belong to the incident that it was merged into.
  await rows(
    `UPDATE correlation_key SET incident_id = $2
     WHERE incident_id = $1 AND EXISTS (SELECT 1 FROM incident WHERE id = $2 AND status <> 'closed')`,
    [incidentId, closed.into],
  );
}

/** Events and facts into the projection; repeats change nothing. `replace`: the authoritative copy wins. */
export async function writeProjection(
  { rows }: Queries,
  incidentId: string,
  events: string,
  lastSeq: number,
  facts: string,
  factsAt: IncidentFacts['at'],
  replace: boolean,
): Promise<void> {
  await rows(
    `INSERT INTO timeline_event (incident_id, seq, at, kind, event)
     SELECT $1, (e ->> 'seq')::integer, (e ->> 'at')::timestamptz, e ->> 'kind', e FROM jsonb_array_elements($2::jsonb) AS e
     ON CONFLICT (incident_id, seq) DO ${replace ? 'UPDATE SET at = excluded.at, kind = excluded.kind, event = excluded.event' : 'NOTHING'}`,
    [incidentId, events],
  );
  await rows(
    `INSERT INTO incident_facts AS known (incident_id, last_seq, facts, updated_at) VALUES ($1, $2, $3::jsonb, $4)
     ON CONFLICT (incident_id) DO UPDATE
       SET facts = excluded.facts, updated_at = excluded.updated_at, last_seq = greatest(known.last_seq, excluded.last_seq)
       WHERE (excluded.updated_at, excluded.last_seq) >= (known.updated_at, known.last_seq)`,
    [incidentId, lastSeq, facts, factsAt],
  );
}
