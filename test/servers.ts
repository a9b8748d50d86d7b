import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../lab/embedded/postgres.ts';
import { resolveTemporalBinary } from '../lab/embedded/temporal-binary.ts';
import { startTemporalServer } from '../lab/embedded/temporal-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly temporalAddress: string;
    readonly postgresAdminUrl: string;
  }
}

/**
 * One Temporal server with virtual time and one PostgreSQL for all files of the run: each takes a namespace or a
 * database of its own. Whoever stops, kills or configures a server starts one for itself.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'test-servers-'));
  const { path: binary } = await resolveTemporalBinary({
    cacheDir: resolve(import.meta.dirname, '../.cache'),
    log: console.error,
  });
  const [temporal, postgres] = await Promise.all([
    startTemporalServer({
      binary,
      uiPort: null,
      namespaces: [],
      retentionDays: 90,
      searchAttributes: {},
      virtualTime: true,
      logFile: join(folder, 'temporal.log'),
    }),
    startPostgres({
      dataDir: join(folder, 'postgres'),
      logFile: join(folder, 'postgres.log'),
      settings: { fsync: 'off', synchronous_commit: 'off', max_connections: 300 },
    }),
  ]);
  project.provide('temporalAddress', temporal.address);
  project.provide('postgresAdminUrl', postgres.adminUrl);
  return async () => {
    await Promise.all([temporal.stop(), postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
}
