import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../../lab/embedded/ports.ts';

const ROOT = '/usr/lib/postgresql';
const BIN = existsSync(ROOT) ? join(ROOT, readdirSync(ROOT).sort().at(-1) ?? '', 'bin') : null;
const AS_ROOT = process.getuid?.() === 0;

/** What is missing for a real PostgreSQL with a replica; null when nothing is. */
export const MISSING_POSTGRES = BIN === null || !existsSync(join(BIN, 'pg_basebackup')) ? 'postgresql (Debian)' : null;

/** A real primary and its streaming replica, each in a folder of its own, without fsync. */
export interface RealPair {
  readonly primaryUrl: string;
  readonly replicaUrl: string;
  /** What the kubelet does when the primary's pod is deleted. */
  stopPrimary(): void;
  /** Nothing more arrives at the replica, or it streams again: received and not applied would not be lost. */
  cutReplicaOff(cut: boolean): Promise<void>;
  stop(): void;
}

const ADMIN = 'admin';
const DATABASE = 'shop';

/** PostgreSQL refuses to run as root, so root borrows the user that Debian's package made. */
function run(program: string, args: readonly string[]): void {
  const path = join(BIN ?? '', program);
  const options = { stdio: 'ignore', cwd: '/', timeout: 60_000 } as const;
  if (AS_ROOT) execFileSync('runuser', ['-u', 'postgres', '--', path, ...args], options);
  else execFileSync(path, [...args], options);
}

export async function startRealPair(): Promise<RealPair> {
  const folder = mkdtempSync(join(tmpdir(), 'contract-postgres-'));
  if (AS_ROOT) execFileSync('chown', ['postgres', folder]);
  const [primary, replica] = [join(folder, 'primary'), join(folder, 'replica')];
  const [primaryPort, replicaPort] = [await freePort(), await freePort()];
  const start = (directory: string, port: number) =>
    run('pg_ctl', [
      '-D',
      directory,
      '-w',
      '-l',
      `${directory}.log`,
      '-o',
      `-p ${port} -h 127.0.0.1 -k ${folder} -F -c shared_preload_libraries=pg_stat_statements -c max_connections=60 -c hot_standby_feedback=off`,
      'start',
    ]);
  run('initdb', ['-D', primary, '-U', ADMIN, '--auth=trust', '--no-sync']);
  start(primary, primaryPort);
  const url = (port: number, database = DATABASE) => `postgres://${ADMIN}@127.0.0.1:${port}/${database}`;
  await once(url(primaryPort, 'postgres'), `CREATE DATABASE ${DATABASE}`);
  await once(url(primaryPort), 'CREATE EXTENSION pg_stat_statements');
  run('pg_basebackup', [
    '-h',
    '127.0.0.1',
    '-p',
    String(primaryPort),
    '-U',
    ADMIN,
    '-D',
    replica,
    '-R',
    '-X',
    'stream',
    '--checkpoint=fast',
    '--no-sync',
  ]);
  start(replica, replicaPort);
  const stopServer = (directory: string) => {
    try {
      run('pg_ctl', ['-D', directory, '-w', '-m', 'immediate', 'stop']);
    } catch {
      // It has been stopped before.
    }
  };
  return {
    primaryUrl: url(primaryPort),
    replicaUrl: url(replicaPort),
    stopPrimary: () => stopServer(primary),
    async cutReplicaOff(cut) {
      const conninfo = cut ? '' : `host=127.0.0.1 port=${primaryPort} user=${ADMIN}`;
      await once(url(replicaPort), `ALTER SYSTEM SET primary_conninfo = '${conninfo}'`);
      await once(url(replicaPort), 'SELECT pg_reload_conf()');
    },
    stop() {
      stopServer(replica);
      stopServer(primary);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One statement on a connection of its own. */
export async function once(url: string, sql: string): Promise<void> {
  await rows(url, sql);
}

export async function rows<R extends object>(url: string, sql: string): Promise<readonly R[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
