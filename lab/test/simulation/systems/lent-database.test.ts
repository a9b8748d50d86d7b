import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { endIdleDatabases, lendDatabase } from '../../../simulation/systems/postgres/template.ts';

const folder = mkdtempSync(join(tmpdir(), 'lent-database-'));
afterAll(async () => {
  await endIdleDatabases();
  rmSync(folder, { recursive: true, force: true });
});

it('goes from play to play, and the next one finds nothing of the last', async () => {
  const first = await lendDatabase(folder, 20);
  await first.db.exec(
    'SET search_path = sim; CREATE SCHEMA mine; CREATE TABLE public.more (a int); CREATE INDEX late ON public.requests (status)',
  );
  await first.db.exec('BEGIN; DELETE FROM public.requests; INSERT INTO sim.pg_stat_activity (pid) VALUES (1)');
  await first.giveBack();
  const second = await lendDatabase(folder, 20);
  const { rows } = await second.db.query(`SELECT current_setting('search_path') AS path,
    (SELECT count(*)::int FROM public.requests) AS requests, (SELECT count(*)::int FROM sim.pg_stat_activity) AS activity,
    (SELECT array_agg(nspname::text ORDER BY 1) FROM pg_namespace WHERE nspname !~ '^pg_') AS schemas,
    (SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public') AS tables,
    (SELECT count(*)::int FROM pg_indexes WHERE indexname = 'late') AS late`);
  expect(second.db).toBe(first.db);
  expect(rows).toEqual([
    {
      path: 'public',
      requests: 20_000,
      activity: 0,
      schemas: ['information_schema', 'public', 'sim', 'sim_replica'],
      tables: 3,
      late: 0,
    },
  ]);
  const other = await lendDatabase(folder, 30);
  expect(other.db).not.toBe(first.db);
  await Promise.all([second.giveBack(), other.giveBack()]);
}, 60_000);
