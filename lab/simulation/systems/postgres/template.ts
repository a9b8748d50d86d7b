import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { REPLICATION_SCHEMA } from './replica-functions.ts';
import { ACTIVITY_TABLE, SERVICE_TABLES, STATEMENTS_TABLE, WORLD_CLOCK } from './world-statistics.ts';

const TABLES = `${STATEMENTS_TABLE}${ACTIVITY_TABLE}${WORLD_CLOCK}${REPLICATION_SCHEMA}${SERVICE_TABLES}`;
const USERNAME = 'postgres';

/** A database of a play with its tables, and how to give it back. */
export interface LentDatabase {
  readonly db: PGlite;
  /** Whoever borrows next finds it as new. */
  giveBack(): Promise<void>;
}

/** Databases that a play has given back, by their connection limit: the next play of this process begins with one. */
const idle = new Map<number, PGlite[]>();

/**
 * With a folder databases go from play to play: making a cluster takes seconds, reading a kept one more than one, and
 * making its schemas anew a tenth of one. Without, each is made and ended.
 */
export async function lendDatabase(folder: string | null, maxConnections: number): Promise<LentDatabase> {
  const used = folder === null ? undefined : idle.get(maxConnections)?.pop();
  const db = used ?? (await startFromTemplate(folder, maxConnections));
  if (used !== undefined) await renew(used);
  return {
    db,
    async giveBack() {
      if (folder === null) return db.close();
      idle.set(maxConnections, [...(idle.get(maxConnections) ?? []), db]);
    },
  };
}

/** Ends those that nobody borrows any more; open, they would keep this process alive. */
export async function endIdleDatabases(): Promise<void> {
  const ending = [...idle.values()].flat();
  idle.clear();
  for (const db of ending) await db.close();
}

/** All that a play may have left in it goes: its session, and every schema that is not the server's own. */
async function renew(db: PGlite): Promise<void> {
  if (db.isInTransaction()) await db.exec('ROLLBACK');
  await db.exec('DISCARD ALL');
  const { rows } = await db.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
  );
  for (const { name } of rows) await db.exec(`DROP SCHEMA "${name.replaceAll('"', '""')}" CASCADE`);
  await db.exec('CREATE SCHEMA public');
  await fill(db);
}

/** Making a cluster takes seconds; one that is kept is only read. */
async function startFromTemplate(folder: string | null, maxConnections: number): Promise<PGlite> {
  const startParams = [...PGlite.defaultStartParams, '-c', `max_connections=${maxConnections}`];
  if (folder === null) return withTables({ username: USERNAME, startParams });
  const file = join(folder, `${templateName()}.tar`);
  const kept = await readFile(file).catch(() => null);
  if (kept !== null)
    return PGlite.create({ username: USERNAME, startParams, loadDataDir: new Blob([new Uint8Array(kept)]) });
  const made = await withTables({ username: USERNAME, startParams });
  await keep(made, folder, file);
  return made;
}

async function withTables(options: { readonly username: string; readonly startParams: string[] }): Promise<PGlite> {
  const db = await PGlite.create(options);
  await fill(db);
  return db;
}

async function fill(db: PGlite): Promise<void> {
  await db.exec(TABLES);
  await db.exec('ANALYZE public.requests');
}

/** Whoever reads meanwhile finds the whole file or none; without room for it the play goes on all the same. */
async function keep(db: PGlite, folder: string, file: string): Promise<void> {
  const dump = await db.dumpDataDir('none');
  const draft = `${file}.${randomUUID()}`;
  await mkdir(folder, { recursive: true })
    .then(async () => writeFile(draft, new Uint8Array(await dump.arrayBuffer())))
    .then(() => rename(draft, file))
    .catch(() => undefined);
}

/** Another version, or other tables, make another template. */
function templateName(): string {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const { version } = JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8')) as { version: string };
  return createHash('sha256').update(`${version}\0${TABLES}`).digest('hex').slice(0, 16);
}
