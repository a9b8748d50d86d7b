import { parse } from 'yaml';
import { failure } from '../failures.ts';
import type { ManifestObject } from './manifest-objects.ts';
import { isObject } from './overlap.ts';

type Json = Record<string, unknown>;

/** A strategic merge patch (an object) or a JSON patch (a list of operations), applied to the objects it is meant for. */
export function applyPatchTo(
  objects: readonly ManifestObject[],
  entry: PatchEntry,
  text: string,
  where: string,
): readonly ManifestObject[] {
  const patch = parse(text) as unknown;
  const operations = Array.isArray(patch) ? (patch as readonly unknown[]) : null;
  if (operations === null && !isObject(patch))
    throw failure('Invalid', `${where} has a patch that is neither an object nor a list.`);
  if (operations !== null && entry.target === undefined)
    throw failure('Invalid', `${where} has a JSON patch without a target.`);
  const meant = (object: ManifestObject) =>
    entry.target === undefined ? isNamed(object, patch as Json) : isTarget(object, entry.target);
  if (!objects.some(meant)) throw failure('Invalid', `${where} patches something that is not among its resources.`);
  return objects.map((object) => {
    if (!meant(object)) return object;
    return (
      operations === null
        ? merged(object, withoutIdentity(patch as Json), '')
        : operations.reduce((sum: unknown, one) => operated(sum, one, where), object)
    ) as ManifestObject;
  });
}

/** The lists that the types merge by a key; a list of anything else is replaced, as the API's own merge does. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
};

function isNamed(object: ManifestObject, patch: Json): boolean {
  const metadata = isObject(patch.metadata) ? patch.metadata : {};
  return object.kind === patch.kind && object.metadata.name === metadata.name;
}

function isTarget({ kind, apiVersion, metadata }: ManifestObject, target: NonNullable<PatchEntry['target']>): boolean {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return (
    (target.kind === undefined || new RegExp(`^(?:${target.kind})$`).test(kind)) &&
    (target.name === undefined || new RegExp(`^(?:${target.name})$`).test(metadata.name)) &&
    (target.group === undefined || target.group === group) &&
    (target.version === undefined || apiVersion.endsWith(target.version))
  );
}

/** With a target, a patch's own name is only there because a patch must have one. */
function withoutIdentity(patch: Json): Json {
  const metadata = isObject(patch.metadata) ? { ...patch.metadata } : {};
  delete metadata.name;
  delete metadata.namespace;
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = patch;
  return { ...rest, metadata };
}

function merged(target: unknown, patch: unknown, field: string): unknown {
  if (Array.isArray(patch)) return mergedList(target, patch as readonly unknown[], field);
  if (!isObject(patch)) return patch;
  if (Object.keys(patch).some((key) => key.startsWith('$')))
    throw failure('Invalid', `a patch uses ${Object.keys(patch).join(', ')}: directives are not rendered here`);
  const sum: Json = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete sum[key];
    else sum[key] = merged(sum[key], value, key);
  }
  return sum;
}

function mergedList(target: unknown, patch: readonly unknown[], field: string): unknown {
  const key = MERGE_KEYS[field];
  if (key === undefined || !Array.isArray(target)) return patch;
  const rest = [...(target as unknown[])];
  // As kustomize does: what the patch names comes first, in its order.
  const first = patch.map((item) => {
    const at = rest.findIndex((one) => isObject(one) && isObject(item) && one[key] === item[key]);
    return at === -1 ? item : merged(rest.splice(at, 1)[0], item, '');
  });
  return [...first, ...rest];
}

/** RFC 6902: add, replace and remove, which is what overlays use. */
function operated(object: unknown, operation: unknown, where: string): unknown {
  const { op, path, value } = (isObject(operation) ? operation : {}) as {
    op?: unknown;
    path?: unknown;
    value?: unknown;
  };
  if (typeof path !== 'string' || (op !== 'add' && op !== 'replace' && op !== 'remove'))
    throw failure('Invalid', `${where} has a JSON patch with an operation that is not rendered here (${String(op)}).`);
  const copy = structuredClone(object);
  const parts = path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.pop() ?? '';
  const parent = parts.reduce<unknown>(
    (at, part) => (isObject(at) || Array.isArray(at) ? (at as Json)[part] : undefined),
    copy,
  );
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    parent.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value]));
  } else if (isObject(parent)) {
    if (op === 'remove') delete parent[last];
    else parent[last] = value;
  } else throw failure('Invalid', `${where} patches ${path}, which is not there.`);
  return copy;
}

export interface PatchEntry {
  readonly path?: string;
  readonly patch?: string;
  readonly target?: {
    readonly kind?: string;
    readonly name?: string;
    readonly group?: string;
    readonly version?: string;
  };
}
