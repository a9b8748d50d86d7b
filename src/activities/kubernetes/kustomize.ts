import { posix } from 'node:path';
import { parse } from 'yaml';
import { failure } from '../failures.ts';
import { applyPatchTo, type PatchEntry } from './kustomize-patches.ts';
import { type ManifestObject, parseManifest } from './manifest-objects.ts';

/** Where files come from; paths are relative to the folder of the manifests. */
export interface ManifestFiles {
  text(path: string): Promise<string>;
  isFolder(path: string): Promise<boolean>;
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly namespace?: string;
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly commonAnnotations?: Readonly<Record<string, string>>;
  readonly images?: readonly { readonly name: string; readonly newName?: string; readonly newTag?: string }[];
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  readonly patches?: readonly PatchEntry[];
}

const KNOWN: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'resources',
  'namespace',
  'namePrefix',
  'nameSuffix',
  'commonAnnotations',
  'images',
  'replicas',
  'patches',
]);
const DEPTH_LIMIT = 8;
const OBJECTS_LIMIT = 100;

/**
 * What `kubectl kustomize` would print, for the part of kustomize that overlays of a deployment use: resources, patches,
 * images, replicas, namespace, name prefix and suffix, annotations. Anything else is refused by name instead of being
 * left out (docs/decisions/0030): a production that was applied half is worse than one that was not.
 */
export async function renderKustomization(folder: string, files: ManifestFiles): Promise<readonly ManifestObject[]> {
  return render(posix.normalize(folder), files, 0);
}

async function render(folder: string, files: ManifestFiles, depth: number): Promise<readonly ManifestObject[]> {
  if (depth > DEPTH_LIMIT)
    throw failure('Invalid', `${folder}: the kustomizations are nested deeper than ${DEPTH_LIMIT}.`);
  const { path, content } = await kustomizationOf(folder, files);
  const unknown = Object.keys(content).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0)
    throw failure(
      'Invalid',
      `${path} uses ${unknown.join(', ')}, which is not rendered here. Apply it by hand: kubectl apply -k ${folder}`,
    );
  const objects: ManifestObject[] = [];
  for (const resource of content.resources ?? []) objects.push(...(await resourceOf(folder, resource, files, depth)));
  if (objects.length > OBJECTS_LIMIT) throw failure('Invalid', `${path} makes more than ${OBJECTS_LIMIT} objects.`);
  let rendered: readonly ManifestObject[] = objects;
  for (const entry of content.patches ?? []) {
    const text = entry.patch ?? (entry.path === undefined ? '' : await files.text(posix.join(folder, entry.path)));
    rendered = applyPatchTo(rendered, entry, text, path);
  }
  return rendered.map((object) => transformed(object, content));
}

async function kustomizationOf(
  folder: string,
  files: ManifestFiles,
): Promise<{ readonly path: string; readonly content: Kustomization }> {
  for (const name of ['kustomization.yaml', 'kustomization.yml', 'Kustomization']) {
    const path = posix.join(folder, name);
    const text = await files.text(path).catch(() => null);
    if (text !== null) return { path, content: (parse(text) as Kustomization | null) ?? {} };
  }
  throw failure('Invalid', `${folder} has no kustomization.yaml.`);
}

async function resourceOf(
  folder: string,
  resource: string,
  files: ManifestFiles,
  depth: number,
): Promise<readonly ManifestObject[]> {
  if (/^[a-z]+:\/\/|^git@|^github\.com\//.test(resource))
    throw failure('Invalid', `${folder} takes ${resource} from elsewhere, which is not fetched during an incident.`);
  const path = posix.join(folder, resource);
  return (await files.isFolder(path)) ? render(path, files, depth + 1) : parseManifest(path, await files.text(path));
}

function transformed(object: ManifestObject, content: Kustomization): ManifestObject {
  const { namespace, namePrefix = '', nameSuffix = '', commonAnnotations, images = [], replicas = [] } = content;
  const copy = structuredClone(object) as Mutable;
  const count = replicas.find((one) => one.name === object.metadata.name)?.count;
  if (count !== undefined && copy.spec !== undefined && ['Deployment', 'StatefulSet', 'ReplicaSet'].includes(copy.kind))
    copy.spec.replicas = count;
  for (const container of containersOf(copy)) container.image = imageAfter(container.image, images);
  if (commonAnnotations !== undefined) annotate(copy, commonAnnotations);
  if (namePrefix !== '' || nameSuffix !== '') copy.metadata.name = `${namePrefix}${copy.metadata.name}${nameSuffix}`;
  if (namespace !== undefined && !CLUSTER_WIDE.has(copy.kind)) copy.metadata.namespace = namespace;
  return copy as unknown as ManifestObject;
}

const CLUSTER_WIDE: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'StorageClass',
  'PriorityClass',
]);

interface Container {
  image?: string;
}

interface PodTemplate {
  metadata?: { annotations?: Record<string, string> };
  spec?: { containers?: Container[]; initContainers?: Container[] };
}

interface Mutable {
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  spec?: { replicas?: number; template?: PodTemplate };
}

function containersOf({ spec }: Mutable): readonly Container[] {
  return [...(spec?.template?.spec?.containers ?? []), ...(spec?.template?.spec?.initContainers ?? [])];
}

/** Kustomize writes common annotations into the pod template as well. */
function annotate(object: Mutable, annotations: Readonly<Record<string, string>>): void {
  object.metadata.annotations = { ...object.metadata.annotations, ...annotations };
  const template = object.spec?.template;
  if (template === undefined) return;
  template.metadata = { ...template.metadata, annotations: { ...template.metadata?.annotations, ...annotations } };
}

function imageAfter(image: string | undefined, images: NonNullable<Kustomization['images']>): string | undefined {
  if (image === undefined) return image;
  const [, name = image, rest = ''] = /^([^@]*?)((?::[^:/@]+)?(?:@.+)?)$/.exec(image) ?? [];
  const change = images.find((one) => one.name === name);
  if (change === undefined) return image;
  return `${change.newName ?? name}${change.newTag === undefined ? rest : `:${change.newTag}`}`;
}
