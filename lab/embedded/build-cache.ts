import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { endStale, known, type RunState } from './run-state.ts';

/** How many builds of a kind the cache keeps: enough for a few branches. */
const BUILDS_KEPT = 8;
const LOCK_RETRY_MS = 50;
/** A build takes about two seconds; whoever waited this long builds for itself. */
const LOCK_TIMEOUT_MS = 60_000;

/**
 * The path of a file that is built once for each state of its sources (`name` carries their hash) and then shared;
 * processes that ask at once build it once. `build` writes a draft, which becomes the file when it is whole.
 */
export async function builtOnce(
  folder: string,
  name: string,
  build: (draft: string) => Promise<void>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const target = join(folder, name);
  if (await refresh(target)) return target;
  return withLock(`${target}.lock`, async () => {
    if (await refresh(target)) return target;
    const draft = `${target}.${randomUUID()}`;
    await build(draft);
    await rename(draft, target);
    await prune(folder, extname(name));
    return target;
  });
}

/** One hash over every file of these folders, their names included, and over what else the build depends on. */
export async function sourceHash(root: string, folders: readonly string[], more: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const word of more) hash.update(`${word}\0`);
  for (const folder of folders) {
    const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    for (const file of files.sort()) {
      hash.update(`\0${relative(root, file)}\0`).update(await readFile(file));
    }
  }
  return hash.digest('hex').slice(0, 32);
}

/** True when it is there; its time is renewed so that builds in use are not the ones pruned. */
async function refresh(target: string): Promise<boolean> {
  try {
    if ((await stat(target)).size === 0) return false;
    const now = new Date();
    await utimes(target, now, now).catch(() => {});
    return true;
  } catch {
    return false;
  }
}

async function prune(folder: string, ending: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, changedMs: (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0 })),
  );
  const old = dated.sort((one, other) => other.changedMs - one.changedMs).slice(BUILDS_KEPT);
  for (const { name } of old) await rm(join(folder, name), { force: true });
}

/** One holder at a time among processes; the lock of a holder that has ended is taken away. */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const owner = known(process.pid);
  const holder: RunState | null = owner && {
    name: 'a build',
    command: '',
    owner,
    processes: [owner],
    stopSignal: 'SIGTERM',
  };
  while (!(await taken(file, holder))) {
    if (performance.now() - startedAtMs > LOCK_TIMEOUT_MS) return work();
    await new Promise((done) => setTimeout(done, LOCK_RETRY_MS));
    await endStale(file);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function taken(file: string, holder: RunState | null): Promise<boolean> {
  return writeFile(file, JSON.stringify(holder), { flag: 'wx' }).then(
    () => true,
    () => false,
  );
}
