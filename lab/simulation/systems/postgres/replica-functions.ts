import type { ReplicaTruth } from '../../world/api.ts';

/** Bytes of write-ahead log a second; the log's positions follow from world time by it. */
const WAL_BYTES_PER_SECOND = 65_536;
const WAL_BEGINS_MS = Date.parse('2024-01-01T00:00:00Z');
const FIRST_TIMELINE = 1;

/**
 * What PostgreSQL's functions and views about replication say, for the primary's sessions (schema `sim`) and for the
 * replica's (schema `sim_replica`, which stands before it): one server plays both, and each sees its own side.
 */
export const REPLICATION_SCHEMA = `
CREATE SCHEMA IF NOT EXISTS sim_replica;
CREATE TABLE IF NOT EXISTS sim.replication (
  in_recovery boolean NOT NULL, streaming boolean NOT NULL, timeline integer NOT NULL,
  written pg_lsn NOT NULL, received pg_lsn NOT NULL, replayed_at timestamptz NOT NULL);
INSERT INTO sim.replication SELECT true, true, ${FIRST_TIMELINE}, '0/0', '0/0', pg_catalog.now()
  WHERE NOT EXISTS (SELECT 1 FROM sim.replication);
CREATE OR REPLACE FUNCTION sim.pg_is_in_recovery() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false';
CREATE OR REPLACE FUNCTION sim.pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE sql STABLE AS 'SELECT written FROM sim.replication';
CREATE OR REPLACE FUNCTION sim.pg_promote(wait boolean DEFAULT true, wait_seconds integer DEFAULT 60) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'recovery is not in progress' USING ERRCODE = '55000', HINT = 'Recovery control functions can only be executed during recovery.'; END $$;
CREATE OR REPLACE VIEW sim.pg_stat_replication AS
  SELECT 4711 AS pid, 'walreceiver'::text AS application_name, 'streaming'::text AS state, received AS sent_lsn,
         received AS write_lsn, received AS flush_lsn, received AS replay_lsn,
         (SELECT now_at FROM sim.clock) - replayed_at AS replay_lag, 'async'::text AS sync_state
  FROM sim.replication WHERE streaming;
CREATE OR REPLACE FUNCTION sim_replica.pg_is_in_recovery() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT in_recovery FROM sim.replication';
CREATE OR REPLACE FUNCTION sim_replica.pg_last_wal_receive_lsn() RETURNS pg_lsn LANGUAGE sql STABLE AS 'SELECT received FROM sim.replication WHERE in_recovery';
CREATE OR REPLACE FUNCTION sim_replica.pg_last_wal_replay_lsn() RETURNS pg_lsn LANGUAGE sql STABLE AS 'SELECT received FROM sim.replication';
CREATE OR REPLACE FUNCTION sim_replica.pg_last_xact_replay_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT replayed_at FROM sim.replication';
CREATE OR REPLACE FUNCTION sim_replica.pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF sim_replica.pg_is_in_recovery() THEN
    RAISE EXCEPTION 'recovery is in progress' USING ERRCODE = '55000', HINT = 'WAL control functions cannot be executed during recovery.';
  END IF;
  RETURN (SELECT received FROM sim.replication);
END $$;
CREATE OR REPLACE FUNCTION sim_replica.pg_walfile_name(lsn pg_lsn) RETURNS text LANGUAGE sql STABLE AS
  'SELECT upper(lpad(to_hex(timeline), 8, ''0'')) || ''0000000000000001'' FROM sim.replication';
CREATE OR REPLACE FUNCTION sim_replica.pg_control_checkpoint(OUT timeline_id integer) RETURNS integer LANGUAGE sql STABLE AS 'SELECT timeline FROM sim.replication';
CREATE OR REPLACE FUNCTION sim_replica.pg_promote(wait boolean DEFAULT true, wait_seconds integer DEFAULT 60) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF NOT sim_replica.pg_is_in_recovery() THEN
    RAISE EXCEPTION 'recovery is not in progress' USING ERRCODE = '55000', HINT = 'Recovery control functions can only be executed during recovery.';
  END IF;
  RETURN true;
END $$;
CREATE OR REPLACE VIEW sim_replica.pg_stat_wal_receiver AS
  SELECT 4712 AS pid, 'streaming'::text AS status, received AS flushed_lsn, timeline AS received_tli
  FROM sim.replication WHERE streaming AND in_recovery;
CREATE OR REPLACE VIEW sim_replica.pg_stat_replication AS SELECT * FROM sim.pg_stat_replication WHERE false;
`;

/** A standby's sessions see their own side first. */
export const REPLICA_SEARCH_PATH = 'sim_replica, sim, pg_catalog, public';

/** True for a statement that promotes, when it runs without an error. */
export function promotes(sql: string): boolean {
  return /\bpg_promote\s*\(/i.test(sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' '));
}

export function replicationSql(truth: ReplicaTruth): string {
  const timeline = FIRST_TIMELINE + (truth.promoted ? 1 : 0);
  return `UPDATE sim.replication SET in_recovery = ${!truth.promoted}, streaming = ${truth.streaming}, timeline = ${timeline}, written = '${lsn(truth.primaryWrittenMs)}', received = '${lsn(truth.lastReplayMs)}', replayed_at = timestamptz '${new Date(truth.lastReplayMs).toISOString()}'`;
}

function lsn(ms: number): string {
  const bytes = Math.max(0, Math.floor(((ms - WAL_BEGINS_MS) / 1000) * WAL_BYTES_PER_SECOND));
  return `${Math.floor(bytes / 2 ** 32).toString(16)}/${(bytes % 2 ** 32).toString(16)}`.toUpperCase();
}
