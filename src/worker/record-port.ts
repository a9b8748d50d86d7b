import type { RecordPort } from '../activities/evidence/ports.ts';
import type { Store } from '../store/store.ts';

/** "Seen before?", answered by the store's record of incidents that are over. */
export function recordPort(store: Store): RecordPort {
  return {
    async similar(incidentId, limit) {
      const found = await store.measures.similar(incidentId, limit);
      return found.map(({ incidentId: id, causeWords, resolveSeconds, openedAt: _openedAt, ...rest }) => ({
        ...rest,
        id,
        cause: causeWords,
        resolveMinutes: resolveSeconds === null ? null : resolveSeconds / 60,
      }));
    },
  };
}
