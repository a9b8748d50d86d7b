import type { Alert } from '../domain/alert.ts';
import { type Instant, laterOf } from '../domain/instant.ts';
import type { Queries } from './database.ts';
import { INCIDENT_COLUMNS, type IncidentEntry, reserveIncident } from './incidents.ts';

/** Merges of merges are followed this far. */
const MAX_MERGES_FOLLOWED = 20;

/** See Inbox.moveOn. Safe to repeat: the second time there is nothing pending any more. */
export async function moveOn(queries: Queries, incidentId: string, at: Instant): Promise<string | null> {
  const { rows } = queries;
  const [ended] = await rows<IncidentEntry>(`SELECT ${INCIDENT_COLUMNS} FROM incident WHERE id = $1 FOR UPDATE`, [
    incidentId,
  ]);
  if (ended === undefined) return null;
  await rows(
    `UPDATE incident SET status = 'closed', closed_at = coalesce(closed_at, $2), closed_as = coalesce(closed_as, 'resolved'),
       resolved_at = coalesce(resolved_at, $2) WHERE id = $1`,
    [incidentId, at],
  );
  const pending = await rows<{ id: number; status: string; alert: Alert }>(
    `SELECT id, status, alert FROM inbox WHERE incident_id = $1 AND state = 'pending' ORDER BY id`,
    [incidentId],
  );
  const target = await survivorOf(queries, ended);
  if (target !== null) {
    await reassign(
      queries,
      pending.map(({ id }) => id),
      target,
    );
    return target;
  }
  const firstFiring = pending.findIndex(({ status }) => status === 'firing');
  const stale = firstFiring === -1 ? pending : pending.slice(0, firstFiring);
  await rows(`UPDATE inbox SET state = 'ignored', reason = 'Its incident had ended.' WHERE id = ANY($1::bigint[])`, [
    stale.map(({ id }) => id),
  ]);
  const first = pending[firstFiring];
  if (first === undefined) return null;
  const next = await reserveIncident(queries, {
    title: first.alert.summary,
    service: first.alert.service,
    // It cannot have begun before the incident in which people said that the earlier problem was over.
    detectedAt: laterOf(first.alert.startsAt, ended.resolvedAt ?? first.alert.startsAt),
    openedAt: first.alert.receivedAt,
    previousIncidentId: incidentId,
    firstAlert: first.alert,
  });
  await rows('UPDATE correlation_key SET incident_id = $2 WHERE incident_id = $1', [incidentId, next]);
  await reassign(
    queries,
    pending.slice(firstFiring).map(({ id }) => id),
    next,
  );
  return next;
}

/** The incident that lives on in its place: what it was merged into, or the linked one that already took its keys. */
async function survivorOf({ rows }: Queries, ended: IncidentEntry): Promise<string | null> {
  let mergedInto = ended.mergedInto;
  for (let followed = 0; mergedInto !== null && followed < MAX_MERGES_FOLLOWED; followed++) {
    const [into] = await rows<{ id: string; status: string; mergedInto: string | null }>(
      'SELECT id, status, merged_into AS "mergedInto" FROM incident WHERE id = $1',
      [mergedInto],
    );
    if (into !== undefined && into.status !== 'closed') return into.id;
    mergedInto = into?.mergedInto ?? null;
  }
  const [linked] = await rows<{ id: string }>(
    `SELECT id FROM incident WHERE previous_id = $1 AND status <> 'closed'
       AND EXISTS (SELECT 1 FROM correlation_key WHERE incident_id = incident.id) ORDER BY opened_at DESC LIMIT 1`,
    [ended.id],
  );
  return linked?.id ?? null;
}

async function reassign({ rows }: Queries, ids: readonly number[], incidentId: string): Promise<void> {
  await rows('UPDATE inbox SET incident_id = $2 WHERE id = ANY($1::bigint[])', [ids, incidentId]);
}
