import { applyPatch, type Operation } from 'rfc6902';
import { parse } from 'yaml';
import { failure } from '../failures.ts';
import { notRendered, type PatchEntry } from './kustomization.ts';
import { isWorkload } from './kustomize-transformers.ts';
import type { ManifestObject } from './manifest-objects.ts';
import { isObject } from './overlap.ts';

type Json = Record<string, unknown>;

/** A strategic merge patch (an object) or a JSON patch (a list of operations), applied to the objects it is meant for. */
export function applyPatchTo(
  objects: readonly ManifestObject[],
  { target }: PatchEntry,
  text: string,
  where: string,
): readonly ManifestObject[] {
  const patch = patchOf(text, where);
  const operations = Array.isArray(patch) ? (patch as readonly unknown[]) : null;
  if (operations === null && !isObject(patch))
    throw failure('Invalid', `${where} has a patch that is neither an object nor a list.`);
  if (operations !== null && target === undefined)
    throw failure('Invalid', `${where} has a JSON patch without a target.`);
  const meant = (object: ManifestObject) =>
    target === undefined ? isNamed(object, patch as Json) : isTarget(object, target);
  if (!objects.some(meant)) throw failure('Invalid', `${where} patches something that is not among its resources.`);
  return objects.map((object) => {
    if (!meant(object)) return object;
    const merge: Merge = { where, isWorkload: isWorkload(object) };
    return (
      operations === null
        ? merged(merge, object, withoutIdentity(patch as Json), '')
        : operations.reduce((sum: unknown, one) => operated(sum, one, where), object)
    ) as ManifestObject;
  });
}

function patchOf(text: string, where: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw failure('Invalid', `${where} has a patch that is not one YAML document: ${(error as Error).message}`);
  }
}

function isNamed({ kind, apiVersion, metadata }: ManifestObject, patch: Json): boolean {
  const named = isObject(patch.metadata) ? patch.metadata : {};
  return (
    kind === patch.kind &&
    apiVersion === patch.apiVersion &&
    metadata.name === named.name &&
    metadata.namespace === named.namespace
  );
}

function isTarget({ kind, apiVersion, metadata }: ManifestObject, target: NonNullable<PatchEntry['target']>): boolean {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const fits = (pattern: string | undefined, value: string) =>
    pattern === undefined || new RegExp(`^(?:${pattern})$`).test(value);
  return (
    fits(target.kind, kind) &&
    fits(target.name, metadata.name) &&
    fits(target.group, group) &&
    fits(target.version, version)
  );
}

/** With a target, a patch's own name is only there because a patch must have one. */
function withoutIdentity(patch: Json): Json {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = patch;
  if (!isObject(patch.metadata)) return rest;
  const { name: _name, namespace: _namespace, ...metadata } = patch.metadata;
  const { metadata: _metadata, ...others } = rest;
  return Object.keys(metadata).length === 0 ? others : { ...others, metadata };
}

interface Merge {
  readonly where: string;
  readonly isWorkload: boolean;
}

/** The lists of a pod template that are merged by a key, and those that are replaced; of any other list a patch is refused. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
};
const REPLACED: readonly string[] = ['args', 'command'];

function merged(merge: Merge, target: unknown, patch: unknown, field: string): unknown {
  if (Array.isArray(patch)) return mergedList(merge, target, patch as readonly unknown[], field);
  if (!isObject(patch)) {
    if (isObject(target) || Array.isArray(target)) throw notRendered(merge.where, `a patch of ${field} by a value`);
    return patch;
  }
  if (target !== undefined && !isObject(target)) throw notRendered(merge.where, `a patch of ${field} by an object`);
  if (Object.keys(patch).length === 0) throw notRendered(merge.where, `a patch with an empty ${field}`);
  const directive = Object.keys(patch).find((key) => key.startsWith('$'));
  if (directive !== undefined) throw notRendered(merge.where, `the directive ${directive} in a patch`);
  const sum: Json = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete sum[key];
    else sum[key] = merged(merge, sum[key], value, key);
  }
  if (Object.keys(sum).length === 0) throw notRendered(merge.where, `a patch that leaves ${field} empty`);
  return sum;
}

function mergedList(merge: Merge, target: unknown, patch: readonly unknown[], field: string): unknown {
  const { where } = merge;
  if (!merge.isWorkload || patch.length === 0) throw notRendered(where, `a patch of the list ${field}`);
  if (REPLACED.includes(field) && patch.every((one) => typeof one === 'string')) return patch;
  const key = MERGE_KEYS[field];
  const items = patch.flatMap((item) => (isObject(item) && key !== undefined && item[key] !== undefined ? [item] : []));
  if (key === undefined || items.length < patch.length || (target !== undefined && !Array.isArray(target)))
    throw notRendered(where, `a patch of the list ${field}`);
  if (new Set(items.map((item) => item[key])).size < items.length)
    throw notRendered(where, `a patch that names the same item of ${field} twice`);
  const rest = Array.isArray(target) ? [...(target as unknown[])] : [];
  // As kustomize does: what the patch names comes first, in its order.
  const first = items.map((item) => {
    const at = rest.findIndex((one) => isObject(one) && one[key] === item[key]);
    return merged(merge, at === -1 ? undefined : rest.splice(at, 1)[0], item, field);
  });
  return [...first, ...rest];
}

const OPERATIONS: readonly unknown[] = ['add', 'replace', 'remove', 'move', 'copy', 'test'];
const IDENTITY = /^\/(?:apiVersion|kind|metadata(?:\/name(?:space)?)?)?$/;

/** RFC 6902. What kustomize's library does otherwise (indices from the end, nothing for null) is refused. */
function operated(object: unknown, operation: unknown, where: string): unknown {
  const { op, path, from, value } = (isObject(operation) ? operation : {}) as Json;
  if (typeof path !== 'string' || !OPERATIONS.includes(op) || value === null)
    throw notRendered(where, `a JSON patch with the operation ${JSON.stringify(operation)}`);
  const needs = op === 'move' || op === 'copy' ? from : op === 'remove' ? path : value;
  if (needs === undefined) throw failure('Invalid', `${where} has a JSON patch that lacks what to ${String(op)}.`);
  const copy = structuredClone(object);
  for (const place of typeof from === 'string' ? [from, path] : [path]) {
    if (IDENTITY.test(place) || !place.startsWith('/')) throw notRendered(where, `a JSON patch of ${place}`);
    refuseOddIndices(copy, place, where, op === 'add' || (place === path && (op === 'move' || op === 'copy')));
  }
  const [error] = applyPatch(copy, [operation as Operation]);
  if (error !== null && error !== undefined)
    throw failure('Invalid', `${where}: a JSON patch cannot ${String(op)} ${path}: ${error.message}`);
  return copy;
}

function refuseOddIndices(object: unknown, path: string, where: string, mayAppend: boolean): void {
  const parts = path.slice(1).split('/');
  let at = object;
  for (const [index, part] of parts.entries()) {
    if (Array.isArray(at)) {
      const isLast = index === parts.length - 1;
      const isEnd = mayAppend && isLast && (part === '-' || part === String(at.length));
      if (!isEnd && !(/^(?:0|[1-9]\d*)$/.test(part) && Number(part) < at.length))
        throw failure('Invalid', `${where}: a JSON patch names ${path}, which is not there.`);
    }
    at = isObject(at) || Array.isArray(at) ? (at as Json)[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
}
