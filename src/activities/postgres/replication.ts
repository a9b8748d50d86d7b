import type { Client } from 'pg';
import { type Instant, instant } from '../../domain/instant.ts';
import { codeOf, type PostgresOptions, probe } from './connection.ts';

/** What the server at the primary's address says of itself. */
export interface PrimaryState {
  readonly answers: boolean;
  /** False when it is in recovery or its sessions only read; null when it does not answer. */
  readonly acceptsWrites: boolean | null;
  /** Bytes of write-ahead log written so far; null when it does not answer or is in recovery. */
  readonly writtenBytes: number | null;
  readonly error: string | null;
}

/** What the streaming replica says of itself. All instants are by its own clock. */
export interface ReplicaState {
  readonly inRecovery: boolean;
  readonly timeline: number;
  /** Bytes of write-ahead log that it has received, and of those applied. */
  readonly receivedBytes: number;
  readonly replayedBytes: number;
  /** Commit time of the last transaction it applied; null when it has applied none since its start. */
  readonly lastReplayAt: Instant | null;
  /** Whether it is connected to a primary now. */
  readonly isStreaming: boolean;
  readonly at: Instant;
}

export interface PrimaryClient {
  /** Never rejects: a primary that does not answer is the finding. */
  state(): Promise<PrimaryState>;
}

export interface ReplicaClient {
  state(): Promise<ReplicaState>;
  /** `pg_promote`: true once it has left recovery, within the wait; false when it was not in recovery any more. */
  promote(waitSeconds: number): Promise<'promoted' | 'not-yet' | 'was-not-in-recovery'>;
}

export function createPrimaryClient(options: PostgresOptions): PrimaryClient {
  return {
    async state() {
      try {
        return await probe(options, readPrimary);
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        return { answers: false, acceptsWrites: null, writtenBytes: null, error: words };
      }
    },
  };
}

export function createReplicaClient(options: PostgresOptions): ReplicaClient {
  return {
    state: () => probe(options, readReplica),
    promote: (waitSeconds) =>
      probe(options, (client) => promote(client, waitSeconds), {
        statementTimeoutMilliseconds: (waitSeconds + 5) * 1000,
        deadlineMilliseconds: (waitSeconds + 10) * 1000,
      }),
  };
}

const RECOVERY_IS_OVER = '55000';

const PRIMARY_SQL = `SELECT pg_is_in_recovery() AS recovering,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 END AS written`;

/** A replica that streams nothing, or has replayed from files only, has received what it has replayed. */
const REPLICA_SQL = `SELECT pg_is_in_recovery() AS recovering, now() AS at,
  pg_last_xact_replay_timestamp() AS replayed_at,
  coalesce(pg_wal_lsn_diff(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0'), 0)::float8 AS received,
  coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::float8 AS replayed,
  (SELECT count(*)::int FROM pg_stat_wal_receiver WHERE status = 'streaming') AS streams,
  CASE WHEN pg_is_in_recovery()
    THEN (SELECT timeline_id FROM pg_control_checkpoint())
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline`;

/** What the server lets a plain session do is asked for by a session that would write, if it could. */
async function readPrimary(client: Client): Promise<PrimaryState> {
  const { rows } = await client.query<{ recovering: boolean; written: number | null }>(PRIMARY_SQL);
  await client.query('RESET default_transaction_read_only');
  await client.query('SET default_transaction_read_only = off');
  const readOnly = await client.query<{ transaction_read_only: string }>('SHOW transaction_read_only');
  const [row] = rows;
  return {
    answers: true,
    acceptsWrites: row?.recovering === false && readOnly.rows[0]?.transaction_read_only === 'off',
    writtenBytes: row?.written ?? null,
    error: null,
  };
}

async function readReplica(client: Client): Promise<ReplicaState> {
  const { rows } = await client.query<{
    recovering: boolean;
    at: Date;
    replayed_at: Date | null;
    received: number;
    replayed: number;
    streams: number;
    timeline: number;
  }>(REPLICA_SQL);
  const [row] = rows;
  if (row === undefined) throw new Error('the replica answered with no row');
  return {
    inRecovery: row.recovering,
    timeline: Number(row.timeline),
    receivedBytes: Number(row.received),
    replayedBytes: Number(row.replayed),
    lastReplayAt: row.replayed_at === null ? null : instant(row.replayed_at.getTime()),
    isStreaming: Number(row.streams) > 0,
    at: instant(row.at.getTime()),
  };
}

async function promote(client: Client, waitSeconds: number) {
  try {
    const { rows } = await client.query<{ promoted: boolean }>('SELECT pg_promote(true, $1::int) AS promoted', [
      waitSeconds,
    ]);
    return rows[0]?.promoted === true ? ('promoted' as const) : ('not-yet' as const);
  } catch (error) {
    if (codeOf(error) === RECOVERY_IS_OVER) return 'was-not-in-recovery' as const;
    throw error;
  }
}
