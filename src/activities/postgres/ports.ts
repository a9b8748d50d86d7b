import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createPostgresClient } from './client.ts';
import { createMigrationClient } from './migrations.ts';
import { createPrimaryClient, createReplicaClient } from './replication.ts';
import type { serviceDatabases } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

/** Migrations are carried out by roles of their own: whoever only reads cannot. */
export function ports(env: EnvOf<typeof serviceDatabases>): SystemPorts {
  return {
    ...given(env.SERVICE_DATABASE_URL, (options) => ({
      database: createPostgresClient(options),
      // What must not take writes any more before the replica is promoted.
      primary: createPrimaryClient(options),
    })),
    ...given(env.SERVICE_DATABASE_REPLICA_URL, (options) => ({ replica: createReplicaClient(options) })),
    ...given(env.SERVICE_MIGRATION_URL, (options) => ({ migrations: createMigrationClient(options) })),
    ...given(env.STAGING_DATABASE_URL, (options) => ({ stagingMigrations: createMigrationClient(options) })),
  };
}

function given<P>(
  connectionString: string | undefined,
  make: (options: { readonly connectionString: string; readonly timeoutMilliseconds: number }) => P,
): P | Record<string, never> {
  return connectionString === undefined ? {} : make({ connectionString, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
}
