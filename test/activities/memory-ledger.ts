import type { IdempotencyLedger } from '../../src/activities/once.ts';

/** What the store's ledger promises, without the store: one begins, others see that somebody did. */
export function memoryLedger(): IdempotencyLedger {
  const known = new Map<string, { begunAt: string; putDown: boolean; isDone: boolean; ref: string | null }>();
  const held = (key: string, begunAt: string) => {
    const entry = known.get(key);
    return entry !== undefined && !entry.isDone && entry.begunAt === begunAt ? entry : null;
  };
  return {
    async begin({ key, at }) {
      const entry = known.get(key);
      if (entry === undefined) {
        known.set(key, { begunAt: at, putDown: false, isDone: false, ref: null });
        return { kind: 'first' };
      }
      if (entry.isDone) return { kind: 'done', ref: entry.ref };
      return { kind: 'in-doubt', begunAt: entry.begunAt, underWay: !entry.putDown };
    },
    async takeOver({ key, begunAt, at }) {
      const entry = held(key, begunAt);
      if (entry === null || (!entry.putDown && at <= begunAt)) return false;
      Object.assign(entry, { begunAt: at, putDown: false });
      return true;
    },
    async done({ key, at, ref = null }) {
      const entry = known.get(key) ?? { begunAt: at, putDown: false, isDone: false, ref: null };
      known.set(key, { ...entry, isDone: true, ref: entry.ref ?? ref });
    },
    async putDown({ key, begunAt }) {
      const entry = held(key, begunAt);
      if (entry !== null) entry.putDown = true;
    },
    async forget({ key, begunAt }) {
      if (held(key, begunAt) !== null) known.delete(key);
    },
    doneOf: async (keys) => keys.filter((key) => known.get(key)?.isDone === true),
  };
}
