import pg from 'pg';
import { failure } from '../failures.ts';
import { redactSecrets } from '../redaction.ts';
import type { CustomerDirectory, DirectoryRow } from './ports.ts';

const TIMEOUT_MILLISECONDS = 20_000;
/** Users asked about in one query: a whole outage may affect more than one statement should carry. */
const USERS_AT_ONCE = 5_000;

/**
 * A directory in the team's own database. The query is policy: `$1` is the list of user ids, and it answers the
 * columns customer_id, email, user_id and, where there is one, unsubscribed. The transaction is read-only.
 */
export function createSqlDirectory(connectionString: string): CustomerDirectory {
  return {
    async customersOf(userIds, query) {
      if (query === null)
        throw failure(
          'Invalid',
          'CUSTOMERS_DATABASE_URL is set, but the policy has no customers.directoryQuery. Give one.',
        );
      const client = new pg.Client({
        connectionString,
        connectionTimeoutMillis: TIMEOUT_MILLISECONDS,
        statement_timeout: TIMEOUT_MILLISECONDS,
        query_timeout: TIMEOUT_MILLISECONDS,
        application_name: 'incident-runbook-customers',
      });
      client.on('error', () => {});
      try {
        await client.connect();
        await client.query('BEGIN TRANSACTION READ ONLY');
        const found: DirectoryRow[] = [];
        for (let from = 0; from < userIds.length; from += USERS_AT_ONCE) {
          const { rows } = await client.query(query, [userIds.slice(from, from + USERS_AT_ONCE)]);
          found.push(...rows.map(rowOf));
        }
        return found;
      } catch (error) {
        throw failureOf(error, connectionString);
      } finally {
        await client.end().catch(() => {});
      }
    },
  };
}

function rowOf(row: Record<string, unknown>): DirectoryRow {
  const { customer_id: customerId, email, user_id: userId, unsubscribed } = row;
  if (customerId === undefined || userId === undefined || email === undefined)
    throw failure('Invalid', 'customers.directoryQuery must answer the columns customer_id, email and user_id.');
  return {
    customerId: String(customerId),
    email: typeof email === 'string' && email.trim() !== '' ? email.trim() : null,
    userId: String(userId),
    unsubscribed: unsubscribed === true,
  };
}

/** A query that is wrong stays wrong; a database that is away comes back. */
function failureOf(error: unknown, connectionString: string) {
  if ((error as { type?: string }).type === 'Invalid') return error;
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  const words = `The customer directory did not answer: ${redactSecrets(message, [new URL(connectionString).password])}`;
  return /^(42|22|25)/u.test(code) ? failure('Invalid', words) : failure('Unavailable', words);
}
