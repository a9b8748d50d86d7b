import type pg from 'pg';
import { type Database, StoreUnavailable } from './database.ts';

/** One gateway at a time delivers the alerts of an incident, so that several do not change their order. */
export interface DeliveryLocks {
  /** True when this forwarder may deliver the incident's alerts now. */
  tryAcquire(incidentId: string): Promise<boolean>;
  release(incidentId: string): Promise<void>;
  close(): Promise<void>;
}

/** Keeps the locks of incidents apart from other advisory locks in the same database. */
const LOCK_SPACE = 7_201;

/** Session-level advisory locks: they end with the connection, so a killed gateway blocks nobody. */
export function createDeliveryLocks(database: Database): DeliveryLocks {
  let connecting: Promise<pg.Client> | null = null;

  const connection = (): Promise<pg.Client> => {
    connecting ??= open();
    return connecting;
  };
  const open = async (): Promise<pg.Client> => {
    try {
      const client = await database.ownConnection();
      const forget = (): void => {
        connecting = null;
      };
      client.on('error', forget);
      client.on('end', forget);
      return client;
    } catch (error) {
      connecting = null;
      throw error;
    }
  };

  // A connection runs one statement at a time; deliveries of several incidents take turns.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  };

  return {
    tryAcquire: (incidentId) =>
      inTurn(async () => {
        const client = await connection();
        const sql = 'SELECT pg_try_advisory_lock($1, hashtext($2)) AS got';
        const { rows } = await client.query<{ got: boolean }>(sql, [LOCK_SPACE, incidentId]).catch(storeAway);
        return rows[0]?.got === true;
      }),
    release: (incidentId) =>
      inTurn(async () => {
        // After a lost connection there is nothing to release: the lock ended with it.
        const client = await connecting?.catch(() => null);
        await client?.query('SELECT pg_advisory_unlock($1, hashtext($2))', [LOCK_SPACE, incidentId]).catch(() => {});
      }),
    async close() {
      const client = await connecting?.catch(() => null);
      connecting = null;
      await client?.end().catch(() => {});
    },
  };
}

function storeAway(error: Error): never {
  throw new StoreUnavailable(`The store does not answer: ${error.message}`, { cause: error });
}
