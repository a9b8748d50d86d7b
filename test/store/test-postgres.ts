import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { databasesOf, type EmbeddedPostgres, startPostgres } from '../../lab/embedded/postgres.ts';

export interface TestPostgres {
  /** Connection string of a database that nobody has used. */
  fresh(): Promise<string>;
  stop(): Promise<void>;
}

/** Databases of this test's own, on the server of the whole run. */
export function testPostgres(): TestPostgres {
  const server = databasesOf(inject('postgresAdminUrl'));
  const made: string[] = [];
  return {
    fresh() {
      const name = `test-${randomUUID()}`;
      made.push(name);
      return server.create(name);
    },
    async stop() {
      await Promise.all(made.map((name) => server.drop(name)));
    },
  };
}

export interface OwnPostgres extends TestPostgres {
  readonly server: EmbeddedPostgres;
}

/** A PostgreSQL of the test's own, without fsync, for whoever pauses it or ends it. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'incident-store-'));
  const server = await startPostgres({
    dataDir: join(folder, 'data'),
    logFile: join(folder, 'postgres.log'),
    settings: { fsync: 'off', synchronous_commit: 'off' },
  });
  return {
    server,
    fresh: () => server.createDatabase(`test-${randomUUID()}`),
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
