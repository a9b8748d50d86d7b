import { readdir, readFile } from 'node:fs/promises';
import type { Database } from './database.ts';

const MIGRATIONS = new URL('./migrations/', import.meta.url);
/** Any number that nothing else in the database uses: two processes that start together take turns. */
const MIGRATION_LOCK = 7_201_403;

/**
 * Brings the database to this version's tables, each file once and in order of its number. A database that is ahead
 * (a newer version ran here) is left as it is: migrations only add, so that two versions can run side by side.
 */
export async function migrate(database: Database): Promise<void> {
  const files = (await readdir(MIGRATIONS)).filter((name) => /^\d{3}-.+\.sql$/.test(name)).sort();
  await database.transaction(async ({ rows }) => {
    await rows('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await rows('CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, name text NOT NULL)');
    const [newest] = await rows<{ version: number | null }>('SELECT max(version) AS version FROM schema_version');
    for (const name of files) {
      const version = Number(name.slice(0, 3));
      if (version <= (newest?.version ?? 0)) continue;
      await rows(await readFile(new URL(name, MIGRATIONS), 'utf8'));
      await rows('INSERT INTO schema_version (version, name) VALUES ($1, $2)', [version, name]);
    }
  });
}
