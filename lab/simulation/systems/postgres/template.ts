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

/** The database of a play with its tables. Making a cluster takes seconds; one that is kept is only read. */
export async function startFromTemplate(folder: string | null, maxConnections: number): Promise<PGlite> {
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
  await db.exec(TABLES);
  await db.exec('ANALYZE public.requests');
  return db;
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
