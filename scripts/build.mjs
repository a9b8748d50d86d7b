// `npm run build`: the product as JavaScript, in dist/. A clone's `bin/incident`, its drills and its demo run the same code
// from a cache that is built again whenever a source has changed. Plain JavaScript: it runs where nothing is built yet.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Each process that a production runs, and where its code begins. */
export const ENTRIES = {
  worker: 'src/worker.ts',
  gateway: 'src/gateway/main.ts',
  'status-page': 'src/gateway/status-page.ts',
  incident: 'src/cli/main.ts',
};
/** What the code reads beside itself. */
const ASSETS = ['store/migrations', 'console/public', 'console/status/status.css'];
/** How many builds a clone keeps: enough for a few branches, and for processes that still run from an older one. */
const BUILDS_KEPT = 8;

/**
 * The folder of a build of the sources as they are now, without the workflows' bundle: worker.js, gateway.js,
 * status-page.js and incident.js. It is built when there is none yet, in about half a second. Throws the bundler's
 * message when the sources do not build.
 */
export async function builtCode(root = ROOT) {
  const builds = join(root, '.cache', 'builds');
  const folder = join(builds, digestOf(root));
  if (existsSync(folder)) {
    const now = new Date();
    utimesSync(folder, now, now);
    return folder;
  }
  const draft = `${folder}.${randomUUID()}`;
  mkdirSync(draft, { recursive: true });
  try {
    await buildCode(root, draft);
    renameSync(draft, folder);
  } catch (error) {
    // Whoever built the same at once has won.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  prune(builds);
  return folder;
}

/** Everything that an image needs of the product's own code: as `builtCode`, and workflows.cjs. */
export async function buildDist(root = ROOT) {
  const folder = join(root, 'dist');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await Promise.all([
    buildCode(root, folder),
    bundleWorkflows(join(root, 'src/workflows/index.ts'), join(folder, 'workflows.cjs')),
  ]);
  return folder;
}

async function buildCode(root, folder) {
  const { build } = await import('esbuild');
  const src = join(root, 'src');
  await build({
    entryPoints: Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [name, join(root, entry)])),
    outdir: folder,
    chunkNames: 'part-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    plugins: [{ name: 'own-places', setup: (bundler) => ownPlaces(bundler, src) }],
  });
  await Promise.all(ASSETS.map((asset) => cp(join(src, asset), join(folder, asset), { recursive: true })));
}

/** A file that looks for others beside itself finds them where the build has put them: dist/ mirrors src/. */
function ownPlaces(bundler, src) {
  bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
    const own = relative(src, path);
    if (own.startsWith('..')) return null;
    const place = JSON.stringify(`/${dirname(own)}`);
    const contents = (await readFile(path, 'utf8'))
      .replaceAll(/\bimport\.meta\.dirname\b/g, `(import.meta.dirname + ${place})`)
      .replaceAll(/\bimport\.meta\.url\b/g, `new URL(${JSON.stringify(`./${own}`)}, import.meta.url).href`);
    return { contents, loader: 'ts' };
  });
}

/** Bundles the workflows at `entry`, with the interceptors.ts beside it where there is one, into `file`. */
export async function bundleWorkflows(entry, file, warn = console.warn) {
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const interceptors = join(dirname(entry), 'interceptors.ts');
  const quiet = () => {};
  const { code } = await bundleWorkflowCode({
    workflowsPath: entry,
    workflowInterceptorModules: existsSync(interceptors) ? [interceptors] : [],
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn, error: warn },
  });
  await writeFile(file, code);
}

/** One digest over every source, its name included, and over the tool that builds. */
function digestOf(root) {
  const hash = createHash('sha256').update(createRequire(join(root, 'package.json'))('esbuild/package.json').version);
  const src = join(root, 'src');
  const files = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath ?? one.path, one.name));
  for (const file of [...files.sort(), fileURLToPath(import.meta.url)]) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 32);
}

function prune(builds) {
  const dated = readdirSync(builds).map((name) => {
    const folder = join(builds, name);
    return { folder, usedAtMs: statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
  });
  const old = dated.sort((one, other) => other.usedAtMs - one.usedAtMs).slice(BUILDS_KEPT);
  for (const { folder } of old) rmSync(folder, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildDist().then(
    (folder) => console.log(`Built the product into ${relative(process.cwd(), folder) || folder}.`),
    (error) => {
      console.error(`The product could not be built: ${error.message}`);
      process.exitCode = 1;
    },
  );
}
