import { failure } from '../activities/failures.ts';
import type { StatusPagePort } from '../activities/publication/ports.ts';
import type { Clock } from '../config/clock.ts';
import { StoreUnavailable } from '../store/database.ts';
import type { BoardEntry } from '../store/status-board.ts';
import type { Store } from '../store/store.ts';

/** The status page of our own, behind the same port as Atlassian's: it stands in the store. */
export function ownStatusPage(store: Store, clock: Clock): StatusPagePort {
  const shown = ({ id, status, latestKey }: BoardEntry) => ({ ref: id, status, latestKey });
  return {
    async find(incidentId, ref) {
      const found = await available(store.statusBoard.find(incidentId, ref));
      return found === null ? null : shown(found);
    },
    create: async ({ title, ...post }) =>
      shown(await available(store.statusBoard.create({ ...post, name: title, at: clock() }))),
    update: async (ref, { title, ...post }) =>
      shown(await available(store.statusBoard.update(ref, { ...post, name: title, at: clock() }))),
  };
}

/**
 * Two pages that say the same: ours first, because its posts are known by their key and posting one again changes
 * nothing, so that a retry for the other's sake is harmless. What people see elsewhere, and its reference, lead.
 */
export function mirrored(leading: StatusPagePort, own: StatusPagePort): StatusPagePort {
  const onOurs = async (post: Parameters<StatusPagePort['create']>[0]): Promise<void> => {
    const known = await own.find(post.incidentId, null);
    await (known === null ? own.create(post) : own.update(known.ref, post));
  };
  return {
    find: (incidentId, ref) => leading.find(incidentId, ref),
    async create(post) {
      await onOurs(post);
      return leading.create(post);
    },
    async update(ref, post) {
      await onOurs(post);
      return leading.update(ref, post);
    },
  };
}

function available<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof StoreUnavailable ? failure('Unavailable', error.message) : error;
  });
}
