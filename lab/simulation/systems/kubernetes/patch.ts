/** A patch that cannot be applied; `reason` is the API server's word for it. */
export class PatchRefused extends Error {
  readonly reason: 'BadRequest' | 'Invalid';

  constructor(reason: 'BadRequest' | 'Invalid', message: string) {
    super(message);
    this.reason = reason;
  }
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** The kind of patch that a Content-Type means; null when the API server would answer 415. */
export function patchTypeOf(contentType: string | undefined): PatchType | null {
  switch (contentType?.split(';')[0]?.trim()) {
    case 'application/json-patch+json':
      return 'json';
    case 'application/merge-patch+json':
      return 'merge';
    case 'application/strategic-merge-patch+json':
      return 'strategic';
    case 'application/apply-patch+yaml':
      return 'apply';
    default:
      return null;
  }
}

export function applyPatch(type: Exclude<PatchType, 'apply'>, target: unknown, patch: unknown): unknown {
  if (type === 'json') return applyJsonPatch(target, patch);
  if (!isRecord(patch)) throw new PatchRefused('BadRequest', 'the patch must be a JSON object');
  return type === 'merge' ? mergePatch(target, patch) : strategicMerge(target, patch, '');
}

/** Lists are merged by their keys, everything else is taken from `patch`. */
export function mergeApplied(target: unknown, patch: unknown): unknown {
  return strategicMerge(target, patch, '');
}

type JsonRecord = Record<string, unknown>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// RFC 7396.
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return structuredClone(patch);
  const merged: JsonRecord = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/** The lists that the Kubernetes types merge by a key; all others are replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
  conditions: 'type',
  ownerReferences: 'uid',
};

/** The key by which a list of that name is merged; undefined when it is replaced as a whole. */
export function keyedBy(field: string): string | undefined {
  return Object.hasOwn(MERGE_KEYS, field) ? MERGE_KEYS[field] : undefined;
}

function strategicMerge(target: unknown, patch: unknown, field: string): unknown {
  if (Array.isArray(patch)) return strategicMergeList(target, patch, field);
  if (!isRecord(patch)) return structuredClone(patch);
  const { $patch: directive, ...rest } = patch;
  if (directive === 'replace') return structuredClone(rest);
  const merged: JsonRecord = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(rest)) {
    // Ordering and retained-key directives only matter to clients that send whole lists.
    if (key.startsWith('$')) continue;
    if (value === null) delete merged[key];
    else merged[key] = strategicMerge(merged[key], value, key);
  }
  return merged;
}

function strategicMergeList(target: unknown, patch: readonly unknown[], field: string): unknown {
  const mergeKey = MERGE_KEYS[field];
  if (mergeKey === undefined || !patch.every(isRecord)) return structuredClone(patch);
  const merged = Array.isArray(target) ? [...(target as unknown[])] : [];
  for (const item of patch) {
    if (item.$patch === 'replace') return patch.filter((other) => other !== item).map((one) => structuredClone(one));
    const key = item[mergeKey];
    if (key === undefined)
      throw new PatchRefused(
        'BadRequest',
        `map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`,
      );
    const index = merged.findIndex((one) => isRecord(one) && one[mergeKey] === key);
    if (item.$patch === 'delete') {
      if (index >= 0) merged.splice(index, 1);
    } else if (index >= 0) merged[index] = strategicMerge(merged[index], item, '');
    else merged.push(strategicMerge({}, item, ''));
  }
  return merged;
}

// RFC 6902.
function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw new PatchRefused('BadRequest', 'json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  }
  const root = { value: structuredClone(target) };
  for (const operation of patch as unknown[]) {
    if (!isRecord(operation) || typeof operation.op !== 'string' || typeof operation.path !== 'string') {
      throw new PatchRefused('BadRequest', 'a JSON patch operation needs "op" and "path"');
    }
    applyOperation(root, operation.op, operation.path, operation);
  }
  return root.value;
}

function applyOperation(root: { value: unknown }, op: string, path: string, operation: JsonRecord): void {
  switch (op) {
    case 'test':
      if (!deepEqual(readPath(root, path), operation.value)) {
        throw new PatchRefused('Invalid', `testing value ${path} failed: test failed`);
      }
      return;
    case 'add':
      writePath(root, path, structuredClone(operation.value), 'add');
      return;
    case 'replace':
      readPath(root, path);
      writePath(root, path, structuredClone(operation.value), 'replace');
      return;
    case 'remove':
      readPath(root, path);
      writePath(root, path, undefined, 'remove');
      return;
    case 'move':
    case 'copy': {
      const from = String(operation.from);
      const value = structuredClone(readPath(root, from));
      if (op === 'move') writePath(root, from, undefined, 'remove');
      writePath(root, path, value, 'add');
      return;
    }
    default:
      throw new PatchRefused('BadRequest', `Unexpected kind: ${op}`);
  }
}

function readPath(root: { value: unknown }, path: string): unknown {
  let value = root.value;
  for (const part of partsOf(path)) {
    if (Array.isArray(value) && /^\d+$/.test(part) && Number(part) < value.length) value = value[Number(part)];
    else if (isRecord(value) && Object.hasOwn(value, part)) value = value[part];
    else throw new PatchRefused('Invalid', `the server rejected our request: path not found: ${path}`);
  }
  return value;
}

function writePath(root: { value: unknown }, path: string, value: unknown, how: 'add' | 'replace' | 'remove'): void {
  const parts = partsOf(path);
  const last = parts.pop();
  if (last === undefined) {
    root.value = value;
    return;
  }
  const parent = readPath(root, parts.map((part) => `/${encode(part)}`).join(''));
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) {
      throw new PatchRefused('Invalid', `Unable to access invalid index: ${path}`);
    }
    if (how === 'remove') parent.splice(index, 1);
    else parent.splice(index, how === 'replace' ? 1 : 0, value);
  } else if (isRecord(parent)) {
    if (how === 'remove') delete parent[last];
    else parent[last] = value;
  } else throw new PatchRefused('Invalid', `the path ${path} leads into a value that is no object or list`);
}

function partsOf(path: string): string[] {
  if (path === '') return [];
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function encode(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && deepEqual(a[key], b[key]))
  );
}
