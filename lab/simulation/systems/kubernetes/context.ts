import type { ClusterObject, KubernetesEvent, ObjectMeta, OwnerReference } from './objects.ts';
import { kubernetesTime } from './objects.ts';
import { draw, seededSuffix } from './seeded.ts';
import type { ObjectStore } from './store.ts';

/** The API server forgets events after an hour. */
const EVENT_LIFE_MS = 3_600_000;
const READY_AFTER_MIN_MS = 8_000;
const READY_AFTER_SPREAD_MS = 7_000;

/** What the controllers share: the objects, the events and the seeded chances. */
export class ClusterContext {
  readonly store: ObjectStore;
  readonly seed: number;
  readonly #counts = new Map<string, number>();

  constructor(store: ObjectStore, seed: number) {
    this.store = store;
    this.seed = seed;
  }

  /** 0, 1, 2, … for each name. */
  count(name: string): number {
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    return count;
  }

  /** Whole milliseconds from a container's start request until its pod is ready. */
  readyDelayMs(owner: string): number {
    const chance = draw(this.seed, `ready/${owner}`, this.count(`ready/${owner}`));
    return READY_AFTER_MIN_MS + Math.floor(chance * READY_AFTER_SPREAD_MS);
  }

  suffix(name: string, length: number): string {
    return seededSuffix(`${this.seed}/${name}/${this.count(`suffix/${name}`)}`, length);
  }

  /** Records an event; the same one about the same object is counted up instead. */
  event(
    about: ClusterObject,
    event: {
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
      readonly component: string;
    },
    atMs: number,
  ): void {
    const namespace = about.metadata.namespace ?? 'default';
    const known = this.store
      .list('Event', namespace)
      .find(
        (one) =>
          one.involvedObject.uid === about.metadata.uid && one.reason === event.reason && one.message === event.message,
      );
    if (known !== undefined) {
      this.store.update<'Event'>(known, (copy) => {
        copy.count += 1;
        copy.lastTimestamp = kubernetesTime(atMs);
      });
      return;
    }
    this.store.create<'Event'>(
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${about.metadata.name}.${this.suffix(`event/${about.metadata.name}`, 16)}`, namespace },
        involvedObject: {
          apiVersion: about.apiVersion,
          kind: about.kind,
          ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
          name: about.metadata.name,
          uid: about.metadata.uid,
        },
        reason: event.reason,
        message: event.message,
        type: event.type,
        source: { component: event.component },
        firstTimestamp: kubernetesTime(atMs),
        lastTimestamp: kubernetesTime(atMs),
        count: 1,
      },
      atMs,
    );
  }

  forgetOldEvents(atMs: number): void {
    for (const event of this.store.list('Event') as KubernetesEvent[]) {
      if (Date.parse(event.lastTimestamp) + EVENT_LIFE_MS < atMs) this.store.remove(event);
    }
  }
}

export function ownedBy(owner: ClusterObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function isOwnedBy(metadata: ObjectMeta, ownerUid: string): boolean {
  return metadata.ownerReferences?.some((reference) => reference.uid === ownerUid) ?? false;
}
