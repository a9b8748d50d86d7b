import { z } from 'zod';
import { failure } from '../failures.ts';
import type { Kustomization } from './kustomization.ts';
import type { ManifestObject } from './manifest-objects.ts';
import { isObject } from './overlap.ts';

const WORKLOADS: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  Job: 'batch/v1',
};
const OTHERS: Readonly<Record<string, string>> = {
  ConfigMap: 'v1',
  Secret: 'v1',
  Service: 'v1',
  ServiceAccount: 'v1',
  PersistentVolumeClaim: 'v1',
  Ingress: 'networking.k8s.io/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  PodDisruptionBudget: 'policy/v1',
};

export function isWorkload({ kind, apiVersion }: ManifestObject): boolean {
  return WORKLOADS[kind] === apiVersion;
}

/** Kinds whose namespace, images, replicas and annotations are where this render looks for them; all are namespaced. */
export function isRenderedKind(object: ManifestObject): boolean {
  return isWorkload(object) || OTHERS[object.kind] === object.apiVersion;
}

const anObject = z.looseObject({});
const container = z.looseObject({
  image: z.string().nullish(),
  env: z.array(anObject).nullish(),
  envFrom: z.array(anObject).nullish(),
});
/** What kustomize looks into, of each object that may have pods: it refuses what is not of this shape. */
const workload = z.looseObject({
  spec: z
    .looseObject({
      template: z
        .looseObject({
          spec: z
            .looseObject({
              containers: z.array(container).nullish(),
              initContainers: z.array(container).nullish(),
              volumes: z.array(anObject).nullish(),
            })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

function refuseMalformed(object: ManifestObject, where: string): void {
  const [issue] = workload.safeParse(object).error?.issues ?? [];
  if (issue === undefined) return;
  const { kind, metadata } = object;
  throw failure(
    'Invalid',
    `${where} makes ${kind} ${metadata.name} malformed at ${issue.path.join('.')}: ${issue.message}.`,
  );
}

export function transformed(object: ManifestObject, content: Kustomization, where: string): ManifestObject {
  if (isWorkload(object)) refuseMalformed(object, where);
  const { namespace, namePrefix = '', nameSuffix = '', commonAnnotations = {}, images = [], replicas = [] } = content;
  const copy = structuredClone(object) as Mutable;
  const template = isWorkload(object) ? copy.spec?.template : undefined;
  const count = replicas.find((one) => one.name === object.metadata.name)?.count;
  if (count !== undefined && copy.spec !== undefined && ['Deployment', 'StatefulSet'].includes(copy.kind))
    copy.spec.replicas = count;
  for (const container of [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])])
    if (container.image !== undefined)
      container.image = images.reduce((image, change) => imageAfter(image, change, where), container.image);
  if (Object.keys(commonAnnotations).length > 0) {
    copy.metadata.annotations = { ...copy.metadata.annotations, ...commonAnnotations };
    // Kustomize writes common annotations into the pod template as well.
    if (template !== undefined)
      template.metadata = {
        ...template.metadata,
        annotations: { ...template.metadata?.annotations, ...commonAnnotations },
      };
  }
  copy.metadata.name = `${namePrefix}${copy.metadata.name}${nameSuffix}`;
  if (namespace !== undefined) copy.metadata.namespace = namespace;
  return copy as unknown as ManifestObject;
}

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

/** As kustomize matches it: the name, then a tag, then a digest; a new tag drops the digest. */
function imageAfter(image: string, change: NonNullable<Kustomization['images']>[number], where: string): string {
  const { name, newName, newTag } = change;
  if (!/^[\w.:/-]+$/.test(name) || /[:@]/.test(name.split('/').at(-1) ?? ''))
    throw failure('Invalid', `${where} names the image ${name}, which must be a name without tag and digest.`);
  const [whole, found, rest = ''] =
    new RegExp(`^(${name})((?::[a-zA-Z0-9_.{}-]*)?(?:@sha256:[a-zA-Z0-9_.{}-]*)?)$`).exec(image) ?? [];
  if (whole === undefined) return image;
  return `${newName ?? found}${newTag === undefined ? rest : `:${newTag}`}`;
}

/** Where a name in these objects may be a reference to one of them, which kustomize would rename too; null: nowhere. */
export function referenceTo(objects: readonly ManifestObject[]): string | null {
  const names = new Set(objects.map(({ metadata }) => metadata.name));
  for (const object of objects) {
    const place = placeOf(object, names, []);
    if (place !== null) return `${place} of ${object.kind} ${object.metadata.name}`;
  }
  return null;
}

function placeOf(value: unknown, names: ReadonlySet<string>, path: readonly string[]): string | null {
  if (typeof value === 'string') return names.has(value) && !isNoReference(path) ? path.join('.') : null;
  const entries = Array.isArray(value)
    ? (value as readonly unknown[]).map((one) => ['[]', one] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  for (const [key, one] of entries) {
    const place = placeOf(one, names, [...path, key]);
    if (place !== null) return place;
  }
  return null;
}

/** Names of an object's own parts, labels, and texts. */
function isNoReference(path: readonly string[]): boolean {
  const [last, list] = [path.at(-1) ?? '', path.at(-3) ?? ''];
  return (
    path.join('.') === 'metadata.name' ||
    ['data', 'stringData'].includes(path[0] ?? '') ||
    path.some((key) => ['labels', 'matchLabels'].includes(key)) ||
    (path[0] === 'spec' && path[1] === 'selector') ||
    ['image', 'value', 'mountPath'].includes(last) ||
    path.some((key) => ['command', 'args'].includes(key)) ||
    (last === 'name' && ['containers', 'initContainers', 'env', 'ports', 'volumes', 'volumeMounts'].includes(list))
  );
}
