import pg from 'pg';
import { type Instant, instant } from '../domain/instant.ts';
import { wellFormed } from '../domain/well-formed.ts';

/** The store cannot be reached, or does not answer in time; the caller may try again later. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** Runs statements; inside `transaction` all of them on one connection. */
export interface Queries {
  rows<R extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<R[]>;
}

export interface Database extends Queries {
  /** All or nothing. `work` is run again (at most `MAX_TRANSACTION_TRIES`) when another transaction got in the way. */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** A connection of the caller's own, for LISTEN and advisory locks; the caller ends it. */
  ownConnection(): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** At most this many connections at once. */
  readonly connections?: number;
  /** Runs each statement, which is told by its first word (`SELECT`); for traces. */
  readonly around?: <T>(operation: string, work: () => Promise<T>) => Promise<T>;
  /** Told about connections that break while nobody uses them. */
  readonly onTrouble?: (words: string) => void;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** The server gives up on a statement first; the client only when the server has gone silent. */
const STATEMENT_TIMEOUT_MS = 4_000;
const SILENCE_TIMEOUT_MS = 5_000;
const DEFAULT_CONNECTIONS = 10;
const MAX_TRANSACTION_TRIES = 8;

const TIMESTAMPTZ = 1184;
const BIGINT = 20;
const UNIQUE_VIOLATION = '23505';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const TRY_AGAIN: ReadonlySet<string> = new Set([UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK]);
/** Connection exceptions, no resources (disk, memory, connections), operator's shutdown, statement timeout. */
const AWAY_CLASSES = /^(08|53|57|58)/;
/** A standby that has not been promoted yet refuses writes. */
const READ_ONLY = '25006';

const parseTimestamp = pg.types.getTypeParser(TIMESTAMPTZ) as (text: string) => Date;

/** Instants come back as the ISO strings they were given as, and counts as numbers. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === TIMESTAMPTZ) return (text: string): Instant => instant(parseTimestamp(text).getTime());
    if (oid === BIGINT) return Number;
    return pg.types.getTypeParser(oid, format);
  }) as pg.CustomTypesConfig['getTypeParser'],
};

export function connectDatabase(options: DatabaseOptions): Database {
  const connection = {
    connectionString: options.url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: SILENCE_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'incident-runbook',
    types,
  };
  const pool = new pg.Pool({ ...connection, max: options.connections ?? DEFAULT_CONNECTIONS });
  pool.on('error', (error) => options.onTrouble?.(`A connection to the store broke: ${error.message}`));
  const { around = (_operation, work) => work() } = options;
  return {
    rows: (sql, values) =>
      around(operationOf(sql), () => available(async () => (await pool.query(sql, storable(values))).rows)),
    transaction: (work) => around('TRANSACTION', () => available(() => withRetries(pool, work))),
    ownConnection: () =>
      available(async () => {
        // Waiting on LISTEN is not silence, so this connection has no query timeout.
        const client = new pg.Client({ ...connection, query_timeout: undefined });
        await client.connect();
        return client;
      }),
    close: () => pool.end(),
  };
}

function operationOf(sql: string): string {
  return /^\s*([a-z]+)/i.exec(sql)?.[1]?.toUpperCase() ?? 'QUERY';
}

async function withRetries<T>(pool: pg.Pool, work: (queries: Queries) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await oneTransaction(pool, work);
    } catch (error) {
      if (tries >= MAX_TRANSACTION_TRIES || !TRY_AGAIN.has(codeOf(error))) throw error;
    }
  }
}

async function oneTransaction<T>(pool: pg.Pool, work: (queries: Queries) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Without a listener, a connection that breaks between two statements would end the process.
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const result = await work({
      rows: async (sql, values) => (await client.query(sql, storable(values))).rows,
    });
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A server that has gone silent would not answer the ROLLBACK either; closing the connection rolls back too.
    if (isAway(error)) broken = error as Error;
    else await client.query('ROLLBACK').catch(onError);
    throw error;
  } finally {
    client.off('error', onError);
    // A broken connection is thrown away instead of being used half open.
    client.release(broken);
  }
}

function storable(values: readonly unknown[] | undefined): unknown[] | undefined {
  return values?.map((value) => (typeof value === 'string' ? wellFormed(value) : value));
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAway(error)) throw error;
    throw new StoreUnavailable(`The store does not answer: ${(error as Error).message}`, { cause: error });
  }
}

function isAway(error: unknown): boolean {
  const code = codeOf(error);
  if (code === READ_ONLY || AWAY_CLASSES.test(code)) return true;
  if (/^E[A-Z]+$/.test(code)) return true;
  // The driver's own words for a lost, refused or silent connection carry no code.
  return (
    error instanceof Error && /timeout|terminated|not queryable|Cannot use a pool/i.test(error.message) && code === ''
  );
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
