import type { Client } from 'pg';
import { type PostgresOptions, probe } from './connection.ts';

export interface DatabaseAnswer {
  readonly answers: boolean;
  readonly milliseconds: number | null;
  readonly error: string | null;
}

export interface DatabaseActivity {
  readonly byState: Readonly<Record<string, number>>;
  readonly active: number;
  readonly total: number;
  readonly limit: number;
  readonly longestActiveSeconds: number | null;
  readonly waitingOnLocks: number;
  /** Idle connections, in a transaction or not, by the application name their client gave. */
  readonly unusedByApplication: Readonly<Record<string, number>>;
}

export interface StatementStatistics {
  readonly query: string;
  readonly calls: number;
  readonly meanMilliseconds: number;
  readonly totalMilliseconds: number;
}

export interface PostgresClient {
  /** `SELECT 1` (R2.4). Never rejects: a database that does not answer is the finding. */
  answers(): Promise<DatabaseAnswer>;
  /** Connections by state against the server's limit (R3.1.2); idle-in-transaction ones exhaust a pool as well. */
  activity(): Promise<DatabaseActivity>;
  /** The ten slowest by mean time (R3.3.2) and those above the threshold (R5.2), 20 at most; rejects with the reason when there are no statistics. */
  slowStatements(thresholdMilliseconds: number): Promise<readonly StatementStatistics[]>;
}

/**
 * Read-only probes, each on a connection of its own: the incident may well be an exhausted pool, and a probe that hangs
 * is cut off without harm to the next one. No `query_timeout`: it leaves the connection half open (node-postgres #3399).
 */
export function createPostgresClient(options: PostgresOptions): PostgresClient {
  return {
    answers: () => probeAnswer(options),
    activity: () => probe(options, readActivity),
    slowStatements: (threshold) => probe(options, (client) => readSlowStatements(client, threshold)),
  };
}

const STATEMENTS_LIMIT = 20;
const SLOWEST_BY_MEAN = 10;
const QUERY_CHARACTERS = 500;

/**
 * Without pg_monitor other sessions hide their state: they are counted as hidden, never as nothing. The one that sends
 * to a replica calls itself active, and holds none of the service's connections.
 */
const ACTIVITY_SQL = `SELECT coalesce(state, 'hidden') AS state, coalesce(application_name, '') AS application, count(*)::int AS connections,
  max(extract(epoch FROM now() - query_start)) FILTER (WHERE state = 'active')::float8 AS longest,
  (count(*) FILTER (WHERE wait_event_type = 'Lock'))::int AS waiting
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND coalesce(backend_type, 'client backend') = 'client backend' AND (state IS NOT NULL OR query = '<insufficient privilege>') GROUP BY 1, 2`;

const SLOW_SQL = `SELECT query, calls::float8 AS calls, mean_exec_time AS mean, total_exec_time AS total
FROM pg_stat_statements ORDER BY mean_exec_time DESC LIMIT ${STATEMENTS_LIMIT}`;

async function probeAnswer(options: PostgresOptions): Promise<DatabaseAnswer> {
  const begunMs = performance.now();
  try {
    await probe(options, (client) => client.query('SELECT 1'));
    return { answers: true, milliseconds: Math.round(performance.now() - begunMs), error: null };
  } catch (error) {
    return { answers: false, milliseconds: null, error: error instanceof Error ? error.message : String(error) };
  }
}

async function readActivity(client: Client): Promise<DatabaseActivity> {
  const limit = await client.query<{ max_connections: string }>('SHOW max_connections');
  const { rows } = await client.query<ActivityRow>(ACTIVITY_SQL);
  const byState = sumBy(rows, (row) => row.state);
  const unused = rows.filter((row) => row.state.startsWith('idle') && row.application !== '');
  const longest = rows.map((row) => row.longest).filter((seconds) => seconds !== null);
  return {
    byState,
    active: byState.active ?? 0,
    total: Object.values(byState).reduce((sum, count) => sum + count, 0),
    limit: Number(limit.rows[0]?.max_connections ?? 0),
    longestActiveSeconds: longest.length === 0 ? null : Math.round(Math.max(...longest.map(Number)) * 10) / 10,
    waitingOnLocks: rows.reduce((sum, row) => sum + Number(row.waiting), 0),
    unusedByApplication: sumBy(unused.slice(0, APPLICATIONS_LIMIT), (row) => row.application),
  };
}

interface ActivityRow {
  readonly state: string;
  readonly application: string;
  readonly connections: number;
  readonly longest: number | null;
  readonly waiting: number;
}

const APPLICATIONS_LIMIT = 40;

function sumBy(rows: readonly ActivityRow[], keyOf: (row: ActivityRow) => string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const row of rows) sums[keyOf(row)] = (sums[keyOf(row)] ?? 0) + Number(row.connections);
  return sums;
}

async function readSlowStatements(
  client: Client,
  thresholdMilliseconds: number,
): Promise<readonly StatementStatistics[]> {
  const { rows } = await client.query<{ query: string; calls: number; mean: number; total: number }>(SLOW_SQL);
  return rows
    .map((row) => ({
      query: row.query.replace(/\s+/g, ' ').trim().slice(0, QUERY_CHARACTERS),
      calls: Number(row.calls),
      meanMilliseconds: round(Number(row.mean)),
      totalMilliseconds: round(Number(row.total)),
    }))
    .filter((statement, index) => index < SLOWEST_BY_MEAN || statement.meanMilliseconds > thresholdMilliseconds);
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
