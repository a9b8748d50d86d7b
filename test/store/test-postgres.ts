import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startPostgres } from '../../lab/embedded/postgres.ts';

export interface TestPostgres {
  readonly server: EmbeddedPostgres;
  /** Connection string of a database that nobody has used. */
  fresh(): Promise<string>;
  stop(): Promise<void>;
}

/** A real PostgreSQL of the test's own, without fsync. */
export async function testPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'incident-store-'));
  const server = await startPostgres({
    dataDir: join(folder, 'data'),
    logFile: join(folder, 'postgres.log'),
    settings: { fsync: 'off', synchronous_commit: 'off' },
  });
  let count = 0;
  return {
    server,
    fresh: () => server.createDatabase(`test_${++count}`),
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
