import type { Alert } from '../domain/alert.ts';
import type { Correlation } from '../domain/correlation.ts';
import { type Instant, isBefore, plusMinutes } from '../domain/instant.ts';
import { wellFormedJson } from '../domain/well-formed.ts';
import type { Queries } from './database.ts';
import { reserveIncident } from './incidents.ts';

/** One alert as the gateway understood it, with what policy makes of it. */
export interface Intake {
  readonly alert: Alert;
  /** The start as the source wrote it: with fingerprint and status it recognises a repeat (R1.9). */
  readonly startsAt: string;
  readonly correlation: Correlation;
  readonly detectedAt: Instant;
  readonly reopenWindowMinutes: number;
  /** A sentence when policy says that this alert opens nothing; null otherwise. */
  readonly ignoredBecause: string | null;
}

export interface Taken {
  /** Null when the alert was only recorded. */
  readonly incidentId: string | null;
  /** True when the incident was already there. */
  readonly joined: boolean;
  /** How often this very message had come before. */
  readonly repeats: number;
  readonly state: 'pending' | 'repeat' | 'ignored';
  readonly reason: string | null;
}

interface KnownMessage {
  readonly id: number;
  readonly incidentId: string | null;
  readonly episode: number;
  readonly repeats: number;
  readonly state: 'pending' | 'forwarded' | 'ignored';
  readonly reason: string | null;
}

interface Holder {
  readonly key: string;
  readonly incidentId: string;
  readonly status: 'open' | 'resolved' | 'closed';
  readonly closedAs: string | null;
  readonly resolvedAt: Instant | null;
}

/** Keeps the locks of correlation keys apart from other advisory locks in the same database. */
const LOCK_SPACE = 7_202;

export async function takeAlert(queries: Queries, intake: Intake): Promise<Taken> {
  const keys = [intake.correlation.key, ...intake.correlation.related];
  await lockKeys(queries, keys);
  const known = await knownMessage(queries, intake);
  const holders = await holdersOf(queries, keys);
  const live = liveHolder(holders, intake);
  if (known !== null) {
    const again = known.state !== 'ignored' && live === null && (await stillThere(queries, intake, known, holders));
    if (!again) return countRepeat(queries, intake, known);
    return open(queries, intake, holders, known.episode + 1);
  }
  if (intake.alert.status === 'resolved') return takeResolved(queries, intake, live);
  if (intake.ignoredBecause !== null) return ignore(queries, intake, intake.ignoredBecause);
  if (await alreadyCleared(queries, intake)) {
    return ignore(queries, intake, 'It had already been reported as resolved when it arrived.');
  }
  if (live === null) return open(queries, intake, holders, 1);
  await hold(queries, intake.correlation.key, holders, live.incidentId);
  await insertMessage(queries, intake, live.incidentId, 1, 'pending', null);
  return { incidentId: live.incidentId, joined: true, repeats: 0, state: 'pending', reason: null };
}

/**
 * Alerts of related services take turns, in one order, so that a fault seen by two gateways at once opens one
 * incident even when its first alerts have different keys.
 */
async function lockKeys({ rows }: Queries, keys: readonly string[]): Promise<void> {
  await rows(
    `SELECT pg_advisory_xact_lock($1, hash) FROM (SELECT DISTINCT hashtext(key) AS hash FROM unnest($2::text[]) AS key ORDER BY 1) AS sorted`,
    [LOCK_SPACE, keys],
  );
}

async function knownMessage({ rows }: Queries, { alert, startsAt }: Intake): Promise<KnownMessage | null> {
  const [found] = await rows<KnownMessage>(
    `SELECT id, incident_id AS "incidentId", episode, repeats, state, reason FROM inbox
     WHERE fingerprint = $1 AND starts_at = $2 AND status = $3 ORDER BY episode DESC LIMIT 1`,
    [alert.fingerprint, startsAt, alert.status],
  );
  return found ?? null;
}

async function holdersOf({ rows }: Queries, keys: readonly string[]): Promise<readonly Holder[]> {
  return rows<Holder>(
    `SELECT key, incident_id AS "incidentId", status, closed_as AS "closedAs", resolved_at AS "resolvedAt"
     FROM correlation_key JOIN incident ON incident.id = incident_id WHERE key = ANY($1::text[])
     ORDER BY key = $2 DESC, opened_at, id`,
    [keys, keys[0]],
  );
}

/** The incident that this alert joins: that of its own key before that of a related one, the oldest first. */
function liveHolder(holders: readonly Holder[], intake: Intake): Holder | null {
  return holders.find((holder) => isLive(holder, intake)) ?? null;
}

function isLive(holder: Holder, { alert, reopenWindowMinutes }: Intake): boolean {
  if (holder.status === 'closed') return false;
  if (holder.status === 'open' || holder.resolvedAt === null) return true;
  return isBefore(alert.receivedAt, plusMinutes(holder.resolvedAt, reopenWindowMinutes));
}

/**
 * A source repeats an alert for as long as it fires. When its incident was resolved, the reopen window is over and
 * the source never said that it cleared, the problem is still there: silence would be the worse mistake. What people
 * closed as a false alarm, merged or cancelled stays closed.
 */
async function stillThere(
  { rows }: Queries,
  { alert, startsAt, correlation }: Intake,
  known: KnownMessage,
  holders: readonly Holder[],
): Promise<boolean> {
  if (alert.status !== 'firing' || known.state === 'pending') return false;
  const last = holders.find(({ key }) => key === correlation.key);
  if (last === undefined || (last.status === 'closed' && last.closedAs !== 'resolved')) return false;
  const cleared = await rows(
    `SELECT 1 FROM inbox WHERE fingerprint = $1 AND starts_at = $2 AND status = 'resolved' LIMIT 1`,
    [alert.fingerprint, startsAt],
  );
  return cleared.length === 0;
}

async function countRepeat({ rows }: Queries, { alert }: Intake, known: KnownMessage): Promise<Taken> {
  await rows('UPDATE inbox SET repeats = repeats + 1, last_received_at = $2 WHERE id = $1', [
    known.id,
    alert.receivedAt,
  ]);
  const { incidentId, reason } = known;
  return { incidentId, joined: incidentId !== null, repeats: known.repeats + 1, state: 'repeat', reason };
}

async function takeResolved(queries: Queries, intake: Intake, live: Holder | null): Promise<Taken> {
  const [fired] = await queries.rows<{ incidentId: string }>(
    `SELECT incident_id AS "incidentId" FROM inbox JOIN incident ON incident.id = incident_id
     WHERE fingerprint = $1 AND starts_at = $2 AND inbox.status = 'firing' AND incident.status <> 'closed'
     ORDER BY episode DESC LIMIT 1`,
    [intake.alert.fingerprint, intake.startsAt],
  );
  const incidentId = fired?.incidentId ?? live?.incidentId ?? null;
  if (incidentId === null) return ignore(queries, intake, 'No incident is open for it.');
  await insertMessage(queries, intake, incidentId, 1, 'pending', null);
  return { incidentId, joined: true, repeats: 0, state: 'pending', reason: null };
}

async function alreadyCleared({ rows }: Queries, { alert, startsAt }: Intake): Promise<boolean> {
  const found = await rows(
    `SELECT 1 FROM inbox WHERE fingerprint = $1 AND starts_at = $2 AND status = 'resolved' LIMIT 1`,
    [alert.fingerprint, startsAt],
  );
  return found.length > 0;
}

async function ignore(queries: Queries, intake: Intake, reason: string): Promise<Taken> {
  await insertMessage(queries, intake, null, 1, 'ignored', reason);
  return { incidentId: null, joined: false, repeats: 0, state: 'ignored', reason };
}

async function open(queries: Queries, intake: Intake, holders: readonly Holder[], episode: number): Promise<Taken> {
  const { alert, correlation, detectedAt } = intake;
  const incidentId = await reserveIncident(queries, {
    // A title names the problem; the summary may carry figures of the moment, which no document's name should.
    title: alert.annotations.title?.trim() || alert.summary,
    service: alert.service,
    // A problem that comes back began, for the new incident, when it was seen again.
    detectedAt: episode === 1 ? detectedAt : alert.receivedAt,
    openedAt: alert.receivedAt,
    previousIncidentId: holders.find(({ key }) => key === correlation.key)?.incidentId ?? null,
    firstAlert: alert,
  });
  await hold(queries, correlation.key, holders, incidentId);
  await insertMessage(queries, intake, incidentId, episode, 'pending', null);
  return { incidentId, joined: false, repeats: 0, state: 'pending', reason: null };
}

/**
 * Gives the key to the incident. Another transaction that was faster makes this one start again (a unique violation,
 * or an update that meets no row), whatever became of the locks.
 */
async function hold({ rows }: Queries, key: string, holders: readonly Holder[], incidentId: string): Promise<void> {
  const before = holders.find((holder) => holder.key === key);
  if (before === undefined) {
    await rows('INSERT INTO correlation_key (key, incident_id) VALUES ($1, $2)', [key, incidentId]);
    return;
  }
  const moved = await rows(
    'UPDATE correlation_key SET incident_id = $3 WHERE key = $1 AND incident_id = $2 RETURNING key',
    [key, before.incidentId, incidentId],
  );
  if (moved.length === 0) throw Object.assign(new Error('The correlation key changed hands.'), { code: '40001' });
}

async function insertMessage(
  { rows }: Queries,
  { alert, startsAt }: Intake,
  incidentId: string | null,
  episode: number,
  state: 'pending' | 'ignored',
  reason: string | null,
): Promise<void> {
  await rows(
    `INSERT INTO inbox (incident_id, fingerprint, starts_at, status, episode, state, reason, alert, received_at, last_received_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $9)`,
    [
      incidentId,
      alert.fingerprint,
      startsAt,
      alert.status,
      episode,
      state,
      reason,
      wellFormedJson(alert),
      alert.receivedAt,
    ],
  );
}
