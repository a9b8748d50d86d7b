import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { bundleWorkflows } from '../../scripts/build.mjs';
import { builtOnce, sourceHash } from './build-cache.ts';
import type { Log } from './processes.ts';

/**
 * The path of a bundle of the workflows at `entry`, with the `interceptors.ts` beside it where there is one, built once for each state of the sources (`sources`, by default
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
  const { version } = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  const root = dirname(entry);
  const hash = await sourceHash(root, sources, [version, relative(dirname(root), entry)]);
  return builtOnce(join(options.cacheDir, 'workflow-bundle'), `${hash}.cjs`, (draft) =>
    build(entry, draft, options.log ?? (() => {})),
  );
}

async function build(entry: string, draft: string, log: Log): Promise<void> {
  const startedAtMs = performance.now();
  await bundleWorkflows(entry, draft, (message) => log(`Workflow bundler: ${message}`));
  log(`Bundled the workflows in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s.`);
}
