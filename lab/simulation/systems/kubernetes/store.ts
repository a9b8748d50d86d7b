import type { ClusterObject, Kind, ObjectMeta, ObjectOf } from './objects.ts';
import { kubernetesTime } from './objects.ts';
import { canonicalJson, seededUid } from './seeded.ts';

/** What a new object says of itself; the store adds uid, resourceVersion and creation time as the API server does. */
export type NewMeta = Omit<ObjectMeta, 'uid' | 'resourceVersion' | 'creationTimestamp'>;

/**
 * The objects of the cluster. An object is never changed in place: a reader may keep what it was given. Every change
 * takes the next resourceVersion; an update that changes nothing takes none.
 */
export class ObjectStore {
  readonly #seed: number;
  readonly #byKind = new Map<Kind, Map<string, ClusterObject>>();
  readonly #timesCreated = new Map<string, number>();
  #version = 1000;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Moves with every change: whoever caches a view compares it. */
  get version(): number {
    return this.#version;
  }

  list<K extends Kind>(kind: K, namespace: string | null = null): ObjectOf[K][] {
    const all = [...(this.#byKind.get(kind)?.values() ?? [])] as ObjectOf[K][];
    return namespace === null ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  get<K extends Kind>(kind: K, namespace: string | null, name: string): ObjectOf[K] | null {
    return (this.#byKind.get(kind)?.get(keyOf(namespace, name)) as ObjectOf[K] | undefined) ?? null;
  }

  create<K extends Kind>(
    object: Omit<ObjectOf[K], 'metadata'> & { kind: K; metadata: NewMeta },
    atMs: number,
  ): ObjectOf[K] {
    const { namespace = null, name } = object.metadata;
    const id = `${object.kind}/${keyOf(namespace, name)}`;
    const count = this.#timesCreated.get(id) ?? 0;
    this.#timesCreated.set(id, count + 1);
    const created = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: seededUid(this.#seed, id, count),
        resourceVersion: this.#nextVersion(),
        creationTimestamp: kubernetesTime(atMs),
      },
    } as unknown as ObjectOf[K];
    this.#kindMap(object.kind).set(keyOf(namespace, name), created);
    return created;
  }

  /** Applies a change to a copy. A changed spec takes the next generation where the kind has one. */
  update<K extends Kind>(object: ObjectOf[K], change: (copy: ObjectOf[K]) => void): ObjectOf[K] {
    const copy = structuredClone(object);
    change(copy);
    return this.replace(object, copy);
  }

  replace<K extends Kind>(old: ObjectOf[K], next: ObjectOf[K]): ObjectOf[K] {
    if (canonicalJson(old) === canonicalJson(next)) return old;
    const specChanged = canonicalJson(specOf(old)) !== canonicalJson(specOf(next));
    const { generation } = old.metadata;
    const replaced = {
      ...next,
      metadata: {
        ...next.metadata,
        resourceVersion: this.#nextVersion(),
        ...(generation === undefined ? {} : { generation: specChanged ? generation + 1 : generation }),
      },
    };
    this.#kindMap(old.kind).set(keyOf(old.metadata.namespace ?? null, old.metadata.name), replaced);
    return replaced;
  }

  remove(object: ClusterObject): void {
    this.#nextVersion();
    this.#kindMap(object.kind).delete(keyOf(object.metadata.namespace ?? null, object.metadata.name));
  }

  #nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }

  #kindMap(kind: Kind): Map<string, ClusterObject> {
    const existing = this.#byKind.get(kind);
    if (existing !== undefined) return existing;
    const created = new Map<string, ClusterObject>();
    this.#byKind.set(kind, created);
    return created;
  }
}

function keyOf(namespace: string | null, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function specOf(object: ClusterObject): unknown {
  return 'spec' in object ? object.spec : null;
}
