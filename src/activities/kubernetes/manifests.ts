import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { failure } from '../failures.ts';
import type { BuildWithKustomize } from './installed-kustomize.ts';
import { inApplyOrder, type ManifestFiles, refuseWhatIsElsewhere, renderKustomization } from './kustomize.ts';
import { type ManifestObject, parseManifest } from './manifest-objects.ts';

/** The team's own manifests (MANIFESTS_DIR): a checkout of the repository that the policy's paths are in. Read only. */
export interface Manifests {
  /** The objects of a file, or of a folder with a kustomization; paths are the policy's. Throws Invalid with why not. */
  objects(path: string): Promise<readonly ManifestObject[]>;
  /** The ConfigMap of that name as the manifests have it, from the first file in alphabetical order. */
  configMap(
    namespace: string,
    name: string,
  ): Promise<{ readonly path: string; readonly data: Readonly<Record<string, string>> } | null>;
}

const FILES_LIMIT = 500;
const LARGEST_FILE_BYTES = 512 * 1024;

interface ManifestsOptions {
  readonly directory: string;
  /** The real kustomize where there is one; without it what is not rendered here is refused by name. */
  readonly kustomize?: () => Promise<BuildWithKustomize | null>;
}

export function createManifests({ directory, kustomize = async () => null }: ManifestsOptions): Manifests {
  const root = resolve(directory);
  const read = (path: string): Promise<readonly ManifestObject[]> => readManifest(root, path);
  const files: ManifestFiles = { text: (one) => textOf(root, one), isFolder: (one) => isFolder(root, one) };
  let build: BuildWithKustomize | null = null;
  const rendered = async (path: string, folder: string) => {
    build ??= await kustomize();
    if (build === null) return renderKustomization(path, files);
    await refuseWhatIsElsewhere(path, files);
    return parseManifest(path, await build(folder));
  };
  return {
    async objects(path) {
      const file = await containedPath(root, path);
      const objects = (await stat(file)).isDirectory() ? inApplyOrder(await rendered(path, file)) : await read(path);
      if (objects.length === 0) throw failure('Invalid', `${path} holds no object.`);
      return objects;
    },
    async configMap(namespace, name) {
      for (const path of await yamlFiles(root)) {
        // A file that is no manifest, or is broken, is not where a ConfigMap is looked for.
        const objects = await read(path).catch(() => []);
        const found = objects.find(
          ({ kind, metadata }) =>
            kind === 'ConfigMap' && metadata.name === name && (metadata.namespace ?? namespace) === namespace,
        );
        if (found !== undefined) return { path, data: stringsOf(found.data) };
      }
      return null;
    },
  };
}

async function readManifest(root: string, path: string): Promise<readonly ManifestObject[]> {
  return parseManifest(path, await textOf(root, path));
}

async function textOf(root: string, path: string): Promise<string> {
  const file = await containedPath(root, path);
  if ((await stat(file)).size > LARGEST_FILE_BYTES) throw failure('Invalid', `${path} is too large for a manifest.`);
  return readFile(file, 'utf8');
}

async function isFolder(root: string, path: string): Promise<boolean> {
  return (await stat(await containedPath(root, path))).isDirectory();
}

/** Links are followed before it is checked: nothing outside the folder is ever read. */
async function containedPath(root: string, path: string): Promise<string> {
  const [home, file] = await Promise.all([
    realpath(root).catch(() => null),
    realpath(join(root, path)).catch(() => null),
  ]);
  if (home === null) throw failure('Invalid', `MANIFESTS_DIR names ${root}, which is not there.`);
  if (file === null) throw failure('Invalid', `There is no ${path} among the manifests (MANIFESTS_DIR).`);
  if (file !== home && !file.startsWith(home + sep))
    throw failure('Invalid', `${path} leads out of the folder of the manifests.`);
  return file;
}

async function yamlFiles(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((part) => part === 'node_modules' || part.startsWith('.')))
    .sort()
    .slice(0, FILES_LIMIT);
}

function stringsOf(data: unknown): Readonly<Record<string, string>> {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, String(value)]));
}
