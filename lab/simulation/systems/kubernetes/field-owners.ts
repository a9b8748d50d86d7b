import { keyedBy } from './patch.ts';

type Json = Record<string, unknown>;

/** The names on the way to a field, `[key=value]` for an entry of a keyed list; NUL between them, as keys may hold dots. */
export type FieldPath = string;

/** As the API server names a field in a conflict: `.spec.template.spec.containers[name="noa-mcp"].image`. */
export function pathWords(path: FieldPath): string {
  return partsOf(path)
    .map((part) => (part.startsWith('[') ? part : `.${part}`))
    .join('');
}

/** What nobody owns by applying it. */
const IDENTITY = new Set([
  '.apiVersion',
  '.kind',
  '.metadata.name',
  '.metadata.namespace',
  '.metadata.uid',
  '.metadata.resourceVersion',
  '.metadata.generation',
  '.metadata.creationTimestamp',
  '.metadata.managedFields',
]);

/** Every leaf of an object by its path. Lists that merge by a key are entered by it; all others are one leaf. */
export function leavesOf(value: unknown, path: FieldPath = '', field = ''): Map<FieldPath, unknown> {
  const leaves = new Map<FieldPath, unknown>();
  collect(value, path, field, leaves);
  for (const path of [...leaves.keys()])
    if (IDENTITY.has(pathWords(path)) || pathWords(path).startsWith('.status')) leaves.delete(path);
  return leaves;
}

/** Who set which field: the server's managedFields, kept by uid. Whoever changed a field last by a patch has it alone. */
export class FieldOwners {
  readonly #appliers = new Set<string>();
  readonly #byUid = new Map<string, Map<string, Set<FieldPath>>>();

  /** The other managers of a field, in the order in which they came. */
  othersOf(uid: string, manager: string, path: FieldPath): string[] {
    return [...(this.#byUid.get(uid) ?? [])].flatMap(([name, paths]) =>
      name !== manager && paths.has(path) ? [name] : [],
    );
  }

  /** Whether that manager has its fields by applying them; the server words conflicts with the two differently. */
  applies(uid: string, manager: string): boolean {
    return this.#appliers.has(`${uid} ${manager}`);
  }

  fieldsOf(uid: string, manager: string): ReadonlySet<FieldPath> {
    return this.#byUid.get(uid)?.get(manager) ?? new Set();
  }

  /** After an apply: these are the manager's fields now, and only `taken` are lost to the others. */
  applied(uid: string, manager: string, fields: ReadonlySet<FieldPath>, taken: ReadonlySet<FieldPath>): void {
    this.#appliers.add(`${uid} ${manager}`);
    const managers = this.#managersOf(uid);
    for (const [name, paths] of managers) if (name !== manager) for (const path of taken) paths.delete(path);
    managers.set(manager, new Set(fields));
  }

  /** After a patch or an update: what it changed is the manager's. */
  updated(uid: string, manager: string, before: unknown, after: unknown): void {
    const [old, now] = [leavesOf(before), leavesOf(after)];
    const changed = [...now].filter(([path, value]) => JSON.stringify(old.get(path)) !== JSON.stringify(value));
    const managers = this.#managersOf(uid);
    for (const paths of managers.values()) for (const [path] of changed) paths.delete(path);
    managers.set(manager, new Set([...(managers.get(manager) ?? []), ...changed.map(([path]) => path)]));
  }

  #managersOf(uid: string): Map<string, Set<FieldPath>> {
    const known = this.#byUid.get(uid) ?? new Map<string, Set<FieldPath>>();
    this.#byUid.set(uid, known);
    return known;
  }
}

/** `fieldsV1` as the server stores it: nested `f:` keys, `k:` for an entry of a keyed list. */
export function fieldsV1Of(paths: Iterable<FieldPath>): Json {
  const root: Json = {};
  for (const path of paths) {
    let at = root;
    for (const part of partsOf(path)) {
      const key = part.startsWith('[') ? keyPart(part) : `f:${part}`;
      const next = (at[key] as Json | undefined) ?? {};
      at[key] = next;
      at = next;
    }
  }
  return root;
}

/** Takes leaves away, with the objects and entries that are empty after it. */
export function withoutLeaves(value: unknown, paths: ReadonlySet<FieldPath>, path = '', field = ''): unknown {
  if (Array.isArray(value)) {
    const key = keyedBy(field);
    if (key === undefined || !value.every(isObject)) return paths.has(path) ? undefined : value;
    return value.flatMap((item) => {
      const left = withoutLeaves(item, paths, below(path, `[${key}=${JSON.stringify(item[key])}]`), '');
      return left === undefined ? [] : [left];
    });
  }
  if (!isObject(value)) return paths.has(path) ? undefined : value;
  const left = Object.entries(value).flatMap(([name, item]) => {
    const kept = withoutLeaves(item, paths, below(path, name), name);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return left.length === 0 && Object.keys(value).length > 0 ? undefined : Object.fromEntries(left);
}

function collect(value: unknown, path: FieldPath, field: string, leaves: Map<FieldPath, unknown>): void {
  const key = keyedBy(field);
  if (Array.isArray(value) && key !== undefined && value.every(isObject)) {
    for (const item of value) collect(item, below(path, `[${key}=${JSON.stringify(item[key])}]`), '', leaves);
  } else if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) collect(item, below(path, name), name, leaves);
  } else leaves.set(path, value);
}

function partsOf(path: FieldPath): string[] {
  return path.split('\0');
}

function below(path: FieldPath, part: string): FieldPath {
  return path === '' ? part : `${path}\0${part}`;
}

function keyPart(part: string): string {
  const [key = '', value = ''] = part.slice(1, -1).split('=');
  return `k:{"${key}":${value}}`;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
