import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin, version } from 'esbuild';
import { builtOnce, sourceHash } from './build-cache.ts';

/**
 * A process's own code as one JavaScript file, built once for each state of `sources`: started from it, a worker or
 * gateway saves the second in which a hundred TypeScript files are found, read and translated. Packages stay outside.
 */
export async function processBundle(options: {
  readonly entry: string;
  readonly sources: string;
  readonly cacheDir: string;
}): Promise<string> {
  const entry = resolve(options.entry);
  const name = relative(options.sources, entry).replace(/\.ts$/, '').replaceAll('/', '-');
  const hash = await sourceHash(options.sources, [options.sources], [version, entry]);
  return builtOnce(join(options.cacheDir, 'process-bundle'), `${hash}-${name}.mjs`, async (draft) => {
    await build({
      entryPoints: [entry],
      outfile: draft,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'silent',
      plugins: [ownPlaces(options.sources)],
    });
  });
}

/** Files that look for others beside themselves still find them: each keeps the place it was written in. */
function ownPlaces(sources: string): Plugin {
  return {
    name: 'own-places',
    setup(bundler) {
      bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (relative(sources, path).startsWith('..')) return null;
        const text = await readFile(path, 'utf8');
        const contents = text
          .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
          .replaceAll('import.meta.filename', JSON.stringify(join(dirname(path), basename(path))))
          .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
        return { contents, loader: 'ts' };
      });
    },
  };
}
