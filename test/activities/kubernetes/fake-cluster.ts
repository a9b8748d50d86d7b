import { openWire, type Wire, type WireAnswer, type WireRequest } from '../wire.ts';

type Json = Record<string, unknown>;

export interface FakeObject extends Json {
  kind: string;
  metadata: Json & { name: string; uid: string; resourceVersion: string; annotations: Record<string, string> };
}

/** What a test may do to one request: let it through, lose its answer after it was done, or answer something else. */
export type Fault = (request: WireRequest) => 'pass' | 'lose-answer' | 'silence' | WireAnswer;

/** A tiny API server: versions, conditional patches, dry runs and deletes with preconditions, over real HTTP. */
export class FakeCluster {
  readonly objects = new Map<string, FakeObject>();
  /** Writes that changed something, in order. */
  readonly writes: string[] = [];
  fault: Fault = () => 'pass';
  onRead: (path: string) => void = () => undefined;
  readonly logs = new Map<string, string>();
  #version = 100;

  open(): Promise<Wire> {
    return openWire((request) => {
      const fault = this.fault(request);
      if (fault === 'silence') return 'silence';
      if (fault !== 'pass' && fault !== 'lose-answer') return fault;
      const answer = this.#answer(request);
      return fault === 'lose-answer' ? 'cut' : answer;
    });
  }

  put(path: string, object: FakeObject): FakeObject {
    this.objects.set(path, object);
    return object;
  }

  touch(object: FakeObject): void {
    this.#version += 1;
    object.metadata.resourceVersion = String(this.#version);
  }

  #answer(request: WireRequest): WireAnswer {
    const path = request.url.pathname;
    const log = /\/pods\/([^/]+)\/log$/.exec(path);
    if (log !== null) return { headers: { 'content-type': 'text/plain' }, body: this.logs.get(log[1] ?? '') ?? '' };
    if (request.method === 'GET') return this.#read(path);
    const object = this.objects.get(path);
    if (object === undefined) return status(404, `${path} not found`);
    const dryRun = request.url.searchParams.get('dryRun') === 'All';
    return request.method === 'PATCH'
      ? this.#patch(path, object, request, dryRun)
      : this.#delete(path, object, request, dryRun);
  }

  #read(path: string): WireAnswer {
    this.onRead(path);
    const one = this.objects.get(path);
    if (one !== undefined) return { body: one };
    if (!/\/[a-z]+s$/.test(path)) return status(404, `${path} not found`);
    const items = [...this.objects].filter(([at]) => at.startsWith(`${path}/`)).map(([, object]) => object);
    return { body: { kind: 'List', metadata: {}, items } };
  }

  #patch(path: string, object: FakeObject, request: WireRequest, dryRun: boolean): WireAnswer {
    const patched = structuredClone(object);
    const body: unknown = JSON.parse(request.body);
    const version = object.metadata.resourceVersion;
    if (request.headers['content-type'] === 'application/json-patch+json') {
      const refusal = applyJsonPatch(patched, body as { op: string; path: string; value: unknown }[]);
      if (refusal !== null) return status(422, refusal);
    } else {
      mergeInto(patched, body as Json);
      if (patched.metadata.resourceVersion !== version)
        return status(409, 'the object has been modified; please apply your changes to the latest version');
    }
    if (dryRun) return { body: patched };
    patched.metadata.generation = Number(patched.metadata.generation ?? 1) + 1;
    this.touch(patched);
    this.objects.set(path, patched);
    this.writes.push(`PATCH ${path}`);
    return { body: patched };
  }

  #delete(path: string, object: FakeObject, request: WireRequest, dryRun: boolean): WireAnswer {
    const { preconditions } = JSON.parse(request.body) as { preconditions?: { uid?: string } };
    if (preconditions?.uid !== object.metadata.uid) return status(409, 'the UID in the precondition does not match');
    if (dryRun) return { body: object };
    this.objects.delete(path);
    this.writes.push(`DELETE ${path}`);
    return { body: object };
  }
}

export function status(code: number, message: string): WireAnswer {
  return { status: code, body: { kind: 'Status', status: 'Failure', message, code } };
}

function mergeInto(target: Json, patch: Json): void {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete target[key];
    else if (typeof value !== 'object' || Array.isArray(value)) target[key] = value;
    else {
      if (typeof target[key] !== 'object' || target[key] === null) target[key] = {};
      mergeInto(target[key] as Json, value as Json);
    }
  }
}

function applyJsonPatch(
  target: Json,
  operations: readonly { op: string; path: string; value: unknown }[],
): string | null {
  for (const { op, path, value } of operations) {
    const parts = path.slice(1).split('/');
    const last = parts.pop() ?? '';
    const parent = parts.reduce<Json>((at, part) => at[part] as Json, target);
    if (op === 'test' && JSON.stringify(parent[last]) !== JSON.stringify(value)) return `testing value ${path} failed`;
    if (op !== 'test') parent[last] = value;
  }
  return null;
}
