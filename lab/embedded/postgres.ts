import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, readFile, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from './ports.ts';
import {
  canReach,
  findPostgres,
  openTemporaryParents,
  type PostgresBinaries,
  type RunAs,
  userToRunAs,
} from './postgres-binaries.ts';
import { commandLine, isAlive, waitForEnd } from './process-table.ts';
import { type ExitNotice, type Log, type RunningProcess, spawnProcess } from './processes.ts';
import { endStaleOrRefuse } from './run-state.ts';

const run = promisify(execFile);

export interface PostgresOptions {
  /** Created when missing. Another folder is used (and said) when PostgreSQL's user cannot reach this one. */
  readonly dataDir: string;
  /** Absent: a free port. */
  readonly port?: number;
  /** The database that `url` names; created when missing. */
  readonly database?: string;
  readonly log?: Log;
  readonly logFile: string;
  /** Server settings, such as { fsync: 'off' } for tests whose data may be lost. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Pass the machine's binaries by, or npm's. */
  readonly only?: 'machine' | 'npm';
  /** See ProcessSpec.stateFile. */
  readonly stateFile?: string | null;
}

export interface EmbeddedPostgres {
  /** Connection string of the database asked for. */
  readonly url: string;
  /** Connection string of the database `postgres`. */
  readonly adminUrl: string;
  readonly port: number;
  readonly pid: number;
  /** The folder in use, which may differ from the one asked for. */
  readonly dataDir: string;
  readonly version: string;
  readonly source: PostgresBinaries['source'];
  readonly exited: Promise<ExitNotice>;
  /** Creates it unless it is there; resolves to its connection string. */
  createDatabase(name: string): Promise<string>;
  /** Ends its connections and drops it; nothing happens when it is not there. */
  dropDatabase(name: string): Promise<void>;
  stop(): Promise<ExitNotice>;
  kill(): Promise<ExitNotice>;
  pause(): void;
  resume(): void;
}

const HOST = '127.0.0.1';
const SUPERUSER = 'postgres';
/** Kept in the data folder, readable by its owner alone. */
const PASSWORD_FILE = 'superuser-password';
const INITDB_TIMEOUT_MS = 120_000;
const READY_TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 2_000;
const DUPLICATE_DATABASE = '42P04';
/** How long a server of a run that has just crashed may take to end by itself. */
const LEAVE_TIMEOUT_MS = 8_000;
/** How often a start is tried again while what a killed server left (its workers, its port) goes away. */
const MAX_STARTS = 20;
const BETWEEN_STARTS_MS = 250;
const PASSING_FAILURE = /pre-existing shared memory block|is another postmaster|Address already in use/;

/**
 * Starts a PostgreSQL of this process's own: on 127.0.0.1 only, no Unix socket, a generated password. It ends with
 * this process. Throws a sentence when there are no binaries, or when a living server already has the data folder.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {});
  const runAs = await userToRunAs();
  const dataDir = await reachableDataDir(resolve(options.dataDir), runAs, log);
  if (options.stateFile) await endStaleOrRefuse(options.stateFile, log);
  await clearStaleLock(dataDir, log);
  const wantedMajor = await majorOf(dataDir);
  const binaries = await findPostgres({ only: options.only, wantedMajor, runAs });
  if (wantedMajor === null) await initialise(binaries, dataDir, runAs, log);
  const password = (await readFile(join(dataDir, PASSWORD_FILE), 'utf8')).trim();
  const { server, port } = await launch(options, binaries, dataDir, runAs, password);
  const urlOf = (database: string): string =>
    `postgres://${SUPERUSER}:${password}@${HOST}:${port}/${encodeURIComponent(database)}`;
  const adminUrl = urlOf('postgres');
  const { create: createDatabase, drop: dropDatabase } = databasesOf(adminUrl);
  const { pid, exited, stop, kill, pause, resume } = server;
  try {
    const url = await createDatabase(options.database ?? 'incident');
    const { version, source } = binaries;
    const control = { exited, stop, kill, pause, resume };
    return { url, adminUrl, port, pid, dataDir, version, source, createDatabase, dropDatabase, ...control };
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** Makes and drops databases of a running server; `create` resolves to the connection string. */
export function databasesOf(adminUrl: string): {
  create(name: string): Promise<string>;
  drop(name: string): Promise<void>;
} {
  return {
    async create(name) {
      await administer(adminUrl, `CREATE DATABASE ${pg.escapeIdentifier(name)}`, DUPLICATE_DATABASE);
      const url = new URL(adminUrl);
      url.pathname = `/${encodeURIComponent(name)}`;
      return url.href;
    },
    drop: (name) => administer(adminUrl, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`),
  };
}

/** Removes the data of a server that has stopped. */
export async function removePostgresData(dataDir: string): Promise<void> {
  await rm(dataDir, { recursive: true, force: true });
}

async function launch(
  options: PostgresOptions,
  binaries: PostgresBinaries,
  dataDir: string,
  runAs: RunAs | null,
  password: string,
): Promise<{ server: RunningProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const adminUrl = `postgres://${SUPERUSER}:${password}@${HOST}:${port}/postgres`;
    try {
      const server = await spawnProcess({
        name: 'postgres',
        command: join(binaries.binDir, 'postgres'),
        args: ['-D', dataDir, ...settingArguments(options, binaries, port)],
        cwd: dataDir,
        listensOn: [port],
        logFile: options.logFile,
        runAs,
        // Fast shutdown; immediate when a session does not let go.
        stopSignals: ['SIGINT', 'SIGQUIT'],
        readyWhen: { kind: 'probe', probe: () => answers(adminUrl) },
        readyTimeoutMs: READY_TIMEOUT_MS,
        stateFile: options.stateFile ?? null,
      });
      return { server, port };
    } catch (error) {
      if (attempt >= MAX_STARTS || !PASSING_FAILURE.test((error as Error).message)) throw error;
      await new Promise((done) => setTimeout(done, BETWEEN_STARTS_MS));
    }
  }
}

function settingArguments(options: PostgresOptions, binaries: PostgresBinaries, port: number): string[] {
  const settings: Record<string, string | number | boolean> = {
    listen_addresses: HOST,
    port,
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    ...(binaries.hasStatStatements ? { shared_preload_libraries: 'pg_stat_statements' } : {}),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: PROBE_TIMEOUT_MS });
  client.on('error', () => {}); // a server that ends while being asked has simply not answered
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}

async function administer(url: string, statement: string, acceptedCode?: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // the statement in flight is rejected with the same error
  await client.connect();
  try {
    await client.query(statement);
  } catch (error) {
    if ((error as { code?: string }).code !== acceptedCode) throw error;
  } finally {
    await client.end();
  }
}

/** The folder itself, or one in the system's temporary folder when PostgreSQL's user cannot pass through its parents. */
async function reachableDataDir(wanted: string, runAs: RunAs | null, log: Log): Promise<string> {
  await mkdir(dirname(wanted), { recursive: true });
  const real = join(await realpath(dirname(wanted)), wanted.slice(dirname(wanted).length + 1));
  if (runAs) await openTemporaryParents(real);
  if (await canReach(dirname(real), runAs)) return real;
  const key = createHash('sha256').update(real).digest('hex').slice(0, 12);
  const other = join(await realpath(tmpdir()), `postgres-data-${key}`);
  const info = await stat(other).catch(() => null);
  if (info && info.uid !== runAs?.uid) {
    throw new Error(`${other} is needed for PostgreSQL's data but belongs to somebody else. Remove it, or set TMPDIR.`);
  }
  log(`PostgreSQL runs as ${runAs?.user}, who cannot reach ${real}; its data is in ${other}.`);
  return other;
}

/** Made beside its place and renamed, so that an interrupted start leaves no half-made data folder. */
async function initialise(binaries: PostgresBinaries, dataDir: string, runAs: RunAs | null, log: Log): Promise<void> {
  log(`Creating a PostgreSQL ${binaries.version} data folder in ${dataDir} …`);
  const draft = `${dataDir}.${randomUUID()}`;
  const passwordFile = `${draft}.password`;
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordFile, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
    if (runAs) for (const path of [draft, passwordFile]) await chown(path, runAs.uid, runAs.gid);
    const how = ['-D', draft, '-U', SUPERUSER, '-A', 'scram-sha-256', '--pwfile', passwordFile];
    await run(join(binaries.binDir, 'initdb'), [...how, '-E', 'UTF8', '--locale=C', '--no-sync'], {
      cwd: draft,
      timeout: INITDB_TIMEOUT_MS,
      ...(runAs ? { uid: runAs.uid, gid: runAs.gid } : {}),
    });
    await rename(passwordFile, join(draft, PASSWORD_FILE));
    await chmod(join(draft, PASSWORD_FILE), 0o600);
    await rename(draft, dataDir);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const why = stderr?.trim() || message;
    throw new Error(`PostgreSQL's data folder could not be created in ${dataDir}: ${why}. Check that it is writable.`);
  } finally {
    await rm(draft, { recursive: true, force: true });
    await rm(passwordFile, { force: true });
  }
}

/** The major version that wrote the folder; null when there is no data yet. */
async function majorOf(dataDir: string): Promise<number | null> {
  const text = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

/**
 * PostgreSQL does not start while postmaster.pid names any living process of its user, even one that merely got the
 * number of a server that crashed. A real server on this folder is waited for (its run may just have crashed), then
 * respected.
 */
async function clearStaleLock(dataDir: string, log: Log): Promise<void> {
  const lock = join(dataDir, 'postmaster.pid');
  const text = await readFile(lock, 'utf8').catch(() => null);
  if (text === null) return;
  const [first, , , port] = text.split('\n');
  const pid = Number(first);
  if (Number.isInteger(pid) && pid > 0 && isAlive(pid) && (await serves(pid, dataDir))) {
    if (!(await waitForEnd(pid, LEAVE_TIMEOUT_MS))) {
      throw new Error(
        `PostgreSQL already runs on ${dataDir} as process ${pid}, port ${port}. Use that run, end it (kill -INT ${pid}), or choose another folder.`,
      );
    }
    return;
  }
  log('Removing the lock of a PostgreSQL that crashed; it recovers from its log now.');
  await rm(lock, { force: true });
}

async function serves(pid: number, dataDir: string): Promise<boolean> {
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null);
  return folder === null ? commandLine(pid).includes('postgres') : folder === dataDir;
}
