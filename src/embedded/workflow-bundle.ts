import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import type { Log } from './processes.ts';
import { endStale, known, type RunState } from './run-state.ts';

/** How many bundles the cache keeps: enough for a few branches. */
const BUNDLES_KEPT = 8;
const LOCK_RETRY_MS = 50;
/** A build takes about two seconds; whoever waited this long builds for itself. */
const LOCK_TIMEOUT_MS = 60_000;

/**
 * The path of a bundle of the workflows at `entry`, built once for each state of the sources (`sources`, by default
 * the folder of `entry` and its sibling `domain`) and of the SDK, and then shared by workers and tests: each saves
 * the 1.3 to 2.2 s of building it. Processes that ask at once build it once. Throws the bundler's own message when
 * the workflows do not build.
 */
export async function workflowBundle(options: {
  entry: string;
  cacheDir: string;
  sources?: readonly string[];
  log?: Log;
}): Promise<string> {
  const entry = resolve(options.entry);
  const sources = options.sources ?? [dirname(entry), join(dirname(entry), '../domain')];
  const folder = join(options.cacheDir, 'workflow-bundle');
  await mkdir(folder, { recursive: true });
  const target = join(folder, `${await sourceHash(entry, sources)}.cjs`);
  if (await refresh(target)) return target;
  return withLock(`${target}.lock`, async () => {
    if (await refresh(target)) return target;
    await build(entry, target, options.log ?? (() => {}));
    await prune(folder);
    return target;
  });
}

async function build(entry: string, target: string, log: Log): Promise<void> {
  const startedAtMs = performance.now();
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: bundlerSays(log), error: bundlerSays(log) };
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, logger: quiet });
  const draft = `${target}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, target);
  log(`Bundled the workflows in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s.`);
}

function bundlerSays(log: Log): (message: string) => void {
  return (message) => log(`Workflow bundler: ${message}`);
}

async function sourceHash(entry: string, sources: readonly string[]): Promise<string> {
  const require = createRequire(import.meta.url);
  const hash = createHash('sha256').update((require('@temporalio/worker/package.json') as { version: string }).version);
  const root = dirname(entry);
  hash.update(relative(dirname(root), entry));
  for (const folder of sources) {
    const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    for (const file of files.sort()) {
      hash.update(`\0${relative(root, file)}\0`).update(await readFile(file));
    }
  }
  return hash.digest('hex').slice(0, 32);
}

/** True when the bundle is there; its time is renewed so that bundles in use are not the ones pruned. */
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

async function prune(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.cjs'));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, changedMs: (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0 })),
  );
  const old = dated.sort((one, other) => other.changedMs - one.changedMs).slice(BUNDLES_KEPT);
  for (const { name } of old) await rm(join(folder, name), { force: true });
}

/** One holder at a time among processes; the lock of a holder that has ended is taken away. */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const owner = known(process.pid);
  const holder: RunState | null = owner && {
    name: 'the workflow bundler',
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
