import type { DatabaseTruth } from '../../world/api.ts';

export interface StatisticsInput {
  readonly nowMs: number;
  readonly truth: DatabaseTruth;
  readonly database: string;
  readonly user: string;
}

/**
 * The schema `sim` stands before pg_catalog on the search path, so that the runbook's queries of pg_stat_activity,
 * pg_stat_statements and now() see the world, while everything else is PostgreSQL's own.
 */
export const STATEMENTS_TABLE = `
CREATE SCHEMA IF NOT EXISTS sim;
CREATE TABLE IF NOT EXISTS sim.pg_stat_statements (
  userid oid, dbid oid, toplevel boolean, queryid bigint, query text, plans bigint, total_plan_time double precision,
  calls bigint, total_exec_time double precision, min_exec_time double precision, max_exec_time double precision,
  mean_exec_time double precision, stddev_exec_time double precision, rows bigint);
`;

export const ACTIVITY_TABLE = `
CREATE TABLE IF NOT EXISTS sim.pg_stat_activity (
  datid oid, datname name, pid integer, leader_pid integer, usesysid oid, usename name, application_name text,
  client_addr inet, client_hostname text, client_port integer, backend_start timestamptz, xact_start timestamptz,
  query_start timestamptz, state_change timestamptz, wait_event_type text, wait_event text, state text,
  backend_xid text, backend_xmin text, query_id bigint, query text, backend_type text);
`;

/** Only where the real functions would tell the machine's time: in virtual drills. */
export const WORLD_CLOCK = `
CREATE TABLE IF NOT EXISTS sim.clock (now_at timestamptz NOT NULL);
INSERT INTO sim.clock SELECT pg_catalog.now() WHERE NOT EXISTS (SELECT 1 FROM sim.clock);
CREATE OR REPLACE FUNCTION sim.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now_at FROM sim.clock';
CREATE OR REPLACE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now_at FROM sim.clock';
CREATE OR REPLACE FUNCTION sim.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now_at FROM sim.clock';
`;

export const SEARCH_PATH = 'sim, pg_catalog, public';

/** Rows of the tables that the world's queries read, enough for a plan to be worth reading. */
export const SERVICE_TABLES = `
CREATE TABLE IF NOT EXISTS public.requests (
  id bigserial PRIMARY KEY, status text NOT NULL, endpoint text NOT NULL, user_id bigint NOT NULL, created_at timestamptz NOT NULL);
INSERT INTO public.requests (status, endpoint, user_id, created_at)
  SELECT (ARRAY['done','done','done','failed','pending'])[1 + n % 5], '/api/v1/messages', n % 500,
         timestamptz '2024-01-01' + n * interval '37 seconds'
  FROM generate_series(1, 20000) AS n
  WHERE NOT EXISTS (SELECT 1 FROM public.requests);
CREATE TABLE IF NOT EXISTS public.users (id bigserial PRIMARY KEY, email text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS public.sessions (id bigserial PRIMARY KEY, user_id bigint NOT NULL, created_at timestamptz NOT NULL);
`;

/** SQL that makes the statistics say what the world says. */
export function statisticsSql({ nowMs, truth, database, user }: StatisticsInput): string {
  const activity = truth.activity.map((row) => {
    const start = time(row.queryStartMs);
    const xact = row.state === 'idle' ? 'NULL' : start;
    return `(${[text(database), row.pid, text(user), text(row.applicationName), "'10.244.0.9'", start, xact, start, start, nullable(row.waitEventType), text(row.state), text(row.query), "'client backend'"].join(',')})`;
  });
  return [
    'BEGIN',
    `UPDATE sim.clock SET now_at = ${time(nowMs)}`,
    'TRUNCATE sim.pg_stat_activity',
    activity.length === 0
      ? ''
      : `INSERT INTO sim.pg_stat_activity (datname, pid, usename, application_name, client_addr, backend_start, xact_start, query_start, state_change, wait_event_type, state, query, backend_type) VALUES ${activity.join(',')}`,
    statementsSql(truth),
    'COMMIT',
  ]
    .filter((sql) => sql !== '')
    .join(';\n');
}

/** Only the part that stays simulated when activity is real. */
export function statementsSql(truth: DatabaseTruth): string {
  const rows = truth.statements.map(
    (row, i) => `(${[i + 1, text(row.query), row.calls, row.totalExecMs, row.meanExecMs, row.calls].join(',')})`,
  );
  const insert = `INSERT INTO sim.pg_stat_statements (queryid, query, calls, total_exec_time, mean_exec_time, rows) VALUES ${rows.join(',')}`;
  return ['TRUNCATE sim.pg_stat_statements', ...(rows.length === 0 ? [] : [insert])].join(';\n');
}

function time(ms: number): string {
  return `timestamptz '${new Date(ms).toISOString()}'`;
}

function nullable(value: string | null): string {
  return value === null ? 'NULL' : text(value);
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
