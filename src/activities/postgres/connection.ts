import type { ApplicationFailure } from '@temporalio/common';
import { Client } from 'pg';
import { failure, met } from '../failures.ts';
import { redactSecrets } from '../redaction.ts';

export interface PostgresOptions {
  readonly connectionString: string;
  /** For connecting, for each statement, and for giving up altogether. */
  readonly timeoutMilliseconds: number;
}

export interface SessionSettings {
  /** Reads only, unless it says otherwise. */
  readonly writes?: boolean;
  /** For a statement that may take long, such as the making of an index. */
  readonly statementTimeoutMilliseconds?: number;
  readonly lockTimeoutMilliseconds?: number;
  /** How long everything may take; the options' timeout when left out. */
  readonly deadlineMilliseconds?: number;
}

/** Who we are in pg_stat_activity. */
export const APPLICATION_NAME = 'incident-runbook';

/**
 * One question on a connection of its own, which is closed afterwards whatever happened. Rejects with a failure of the
 * closed list that never tells the password.
 */
export async function probe<T>(
  options: PostgresOptions,
  ask: (client: Client) => Promise<T>,
  settings: SessionSettings = {},
): Promise<T> {
  const deadlineMilliseconds = settings.deadlineMilliseconds ?? options.timeoutMilliseconds;
  const client = new Client({
    connectionString: options.connectionString,
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: options.timeoutMilliseconds,
    statement_timeout: settings.statementTimeoutMilliseconds ?? options.timeoutMilliseconds,
    lock_timeout: settings.lockTimeoutMilliseconds ?? options.timeoutMilliseconds,
    idle_in_transaction_session_timeout: options.timeoutMilliseconds,
    options: settings.writes === true ? '-c default_transaction_read_only=off' : '-c default_transaction_read_only=on',
  });
  // A connection that dies between two statements emits an error, which would end the process if nobody listened.
  client.on('error', () => undefined);
  try {
    return await withinDeadline(client, deadlineMilliseconds, async () => {
      await client.connect();
      return ask(client);
    });
  } catch (error) {
    throw met(failureOf(error, options), { status: null, error });
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** A half-open socket keeps every driver timeout of the server's from arriving, so the socket itself is destroyed. */
function withinDeadline<T>(client: Client, milliseconds: number, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socketOf(client)?.destroy();
      reject(new Error(`no answer within ${milliseconds / 1000} s`));
    }, milliseconds);
    run()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

function socketOf(client: Client): { destroy(): void } | null {
  const { connection } = client as unknown as { readonly connection?: { readonly stream?: { destroy(): void } } };
  return connection?.stream ?? null;
}

/** SQLSTATE classes that no retry mends: a wrong password, a missing right, a statement that is wrong. */
function failureOf(error: unknown, options: PostgresOptions): ApplicationFailure {
  const words = `PostgreSQL: ${redactSecrets(wordsOf(error), passwordOf(options.connectionString))}`;
  const code = codeOf(error);
  if (code.startsWith('28') || code === '42501') return failure('Unauthorised', words);
  return failure(code.startsWith('42') && !isMissingExtension(error) ? 'Invalid' : 'Unavailable', words);
}

/** The SQLSTATE of an error of the server's; empty for any other. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code))
    ? String(error.code)
    : '';
}

function passwordOf(connectionString: string): readonly string[] {
  if (!URL.canParse(connectionString)) return [];
  const { password } = new URL(connectionString);
  return [password, decodeURIComponent(password)];
}

/** 42P01 and 55000 are what a server without the extension says; people need to know what to install instead. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  if (isMissingExtension(error))
    return 'the extension pg_stat_statements is not installed (CREATE EXTENSION, and shared_preload_libraries)';
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((one) => wordsOf(one)).join('; ');
  return code === '' ? error.message : `${code} ${error.message}`;
}

function isMissingExtension(error: unknown): boolean {
  if (!(error instanceof Error) || !error.message.includes('pg_stat_statements')) return false;
  return codeOf(error) === '42P01' || codeOf(error) === '55000';
}
