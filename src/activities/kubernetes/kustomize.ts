import { posix } from 'node:path';
import { parse } from 'yaml';
import { failure } from '../failures.ts';
import { type Kustomization, notRendered, readKustomization } from './kustomization.ts';
import { applyPatchTo } from './kustomize-patches.ts';
import { isRenderedKind, isWorkload, referenceTo, transformed } from './kustomize-transformers.ts';
import { type ManifestObject, parseManifest } from './manifest-objects.ts';

/** Where files come from; paths are relative to the folder of the manifests. */
export interface ManifestFiles {
  text(path: string): Promise<string>;
  isFolder(path: string): Promise<boolean>;
}

const FILE_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const DEPTH_LIMIT = 8;
const OBJECTS_LIMIT = 100;

/**
 * What `kubectl kustomize` would print, for the part of kustomize that overlays of a deployment use: resources, patches,
 * images, replicas, and at the top namespace, name prefix and suffix, annotations (docs/decisions/0030).
 */
export async function renderKustomization(folder: string, files: ManifestFiles): Promise<readonly ManifestObject[]> {
  return render(posix.normalize(folder), files, 0);
}

async function render(folder: string, files: ManifestFiles, depth: number): Promise<readonly ManifestObject[]> {
  const { path, json } = await kustomizationOf(folder, files);
  const content = readKustomization(path, json);
  const objects: ManifestObject[] = [];
  for (const resource of content.resources) {
    const from = await resourceOf(folder, resource, files, depth);
    objects.push(...(from.folder === null ? from.objects : await render(from.folder, files, depth + 1)));
  }
  if (objects.length > OBJECTS_LIMIT) throw failure('Invalid', `${path} makes more than ${OBJECTS_LIMIT} objects.`);
  refuseWhatIsNotRendered(path, content, objects, depth);
  let rendered: readonly ManifestObject[] = objects;
  for (const entry of content.patches ?? []) {
    const [file, inline] = [entry.path, entry.patch];
    if ((file === undefined) === (inline === undefined))
      throw failure('Invalid', `${path} has a patch that needs one of path and patch.`);
    const text = file === undefined ? (inline ?? '') : await files.text(posix.join(folder, inside(path, file)));
    rendered = applyPatchTo(rendered, entry, text, path);
  }
  return rendered.map((object) => transformed(object, content, path));
}

/**
 * Refuses what comes from elsewhere or leads in circles, in every kustomization below a folder: the real kustomize is only
 * asked about what is all at hand.
 */
export async function refuseWhatIsElsewhere(folder: string, files: ManifestFiles, depth = 0): Promise<void> {
  const { json } = await kustomizationOf(folder, files);
  const lists = [
    'resources',
    'bases',
    'components',
    'crds',
    'configurations',
    'generators',
    'transformers',
    'validators',
  ];
  for (const one of lists.flatMap((list) => listOf(json[list]))) {
    if (typeof one !== 'string' || one.includes('\n')) continue;
    const path = posix.join(folder, atHand(folder, one, depth));
    if (await files.isFolder(path)) await refuseWhatIsElsewhere(path, files, depth + 1);
  }
}

/** What pods read comes before the pods; kustomize's own order differs between its programs. */
export function inApplyOrder(objects: readonly ManifestObject[]): readonly ManifestObject[] {
  const place = (object: ManifestObject) =>
    `${isWorkload(object) ? 2 : 1} ${object.kind} ${object.metadata.namespace ?? ''} ${object.metadata.name}`;
  return [...objects].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

async function kustomizationOf(folder: string, files: ManifestFiles) {
  const texts = await Promise.all(
    FILE_NAMES.map(async (name) => ({ name, text: await files.text(posix.join(folder, name)).catch(() => null) })),
  );
  const found = texts.flatMap(({ name, text }) => (text === null ? [] : [{ path: posix.join(folder, name), text }]));
  const [only] = found;
  if (only === undefined) throw failure('Invalid', `${folder} has no kustomization.yaml.`);
  if (found.length > 1) throw failure('Invalid', `${folder} has more than one kustomization file.`);
  return { path: only.path, json: (readYaml(only.path, only.text) ?? {}) as Readonly<Record<string, unknown>> };
}

function readYaml(path: string, text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw failure('Invalid', `${path} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
}

async function resourceOf(folder: string, resource: string, files: ManifestFiles, depth: number) {
  const path = posix.join(folder, atHand(folder, resource, depth));
  return (await files.isFolder(path))
    ? { folder: path, objects: [] }
    : { folder: null, objects: parseManifest(path, await files.text(posix.join(folder, inside(folder, resource)))) };
}

function atHand(folder: string, resource: string, depth: number): string {
  if (depth >= DEPTH_LIMIT)
    throw failure('Invalid', `${folder}: the kustomizations are nested deeper than ${DEPTH_LIMIT}.`);
  if (/^[a-z]+:\/\/|^git@|^git::|^github\.com|\?/.test(resource))
    throw failure('Invalid', `${folder} takes ${resource} from elsewhere, which is not fetched during an incident.`);
  return resource;
}

/** A file of another folder is not loaded by kustomize either. */
function inside(where: string, file: string): string {
  if (posix.isAbsolute(file) || posix.normalize(file).startsWith('..'))
    throw failure('Invalid', `${where} takes the file ${file} from outside its folder, which kustomize does not load.`);
  return file;
}

function refuseWhatIsNotRendered(
  path: string,
  content: Kustomization,
  objects: readonly ManifestObject[],
  depth: number,
): void {
  const other = objects.find((object) => !isRenderedKind(object));
  if (other !== undefined) throw notRendered(path, `${other.kind} ${other.metadata.name} (${other.apiVersion})`);
  const ids = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) throw failure('Invalid', `${path} has ${twice.replace(/ +/, ' ')} twice.`);
  const renames = (content.namePrefix ?? '') !== '' || (content.nameSuffix ?? '') !== '';
  if (depth > 0 && (renames || content.namespace !== undefined))
    throw notRendered(path, 'namePrefix, nameSuffix or namespace below the top');
  const reference = renames ? referenceTo(objects) : null;
  if (reference !== null) throw notRendered(path, `namePrefix or nameSuffix where ${reference} names a renamed object`);
  const annotated = [...objects.map(({ metadata }) => metadata.annotations), content.commonAnnotations]
    .flatMap((annotations) => Object.keys(annotations ?? {}))
    .find((key) => /(^|\.)config\.(kubernetes|k8s)\.io\//.test(key));
  if (annotated !== undefined) throw notRendered(path, `the annotation ${annotated}`);
  for (const { name } of content.replicas ?? [])
    if (!objects.some(({ kind, metadata }) => metadata.name === name && /^(Deployment|StatefulSet)$/.test(kind)))
      throw failure('Invalid', `${path} counts replicas of ${name}, which is not among its resources.`);
}
