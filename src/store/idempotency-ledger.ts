import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';

/** What is known about a operation before it is done. `in-doubt`: it was begun and nobody wrote down what came of it. */
export type LedgerEntry =
  | { readonly kind: 'first' }
  /** `underWay`: whoever began it has not put it down; it may still be at it, or have been killed. */
  | { readonly kind: 'in-doubt'; readonly begunAt: Instant; readonly underWay: boolean }
  | { readonly kind: 'done'; readonly ref: string | null };

/** The intent is written down before and the outcome after, where a system knows no key of ours (ADR 0010). */
export interface IdempotencyLedger {
  begin(entry: { readonly key: string; readonly at: Instant }): Promise<LedgerEntry>;
  /** Of several that find the same doubt one gets it. */
  takeOver(entry: { readonly key: string; readonly begunAt: Instant; readonly at: Instant }): Promise<boolean>;
  /** Also for a operation that was not begun here: it is known as done from then on. */
  done(entry: { readonly key: string; readonly at: Instant; readonly ref?: string | null }): Promise<void>;
  /** By whoever began it then: it may or may not have been done, and nobody is at it any more. */
  putDown(entry: { readonly key: string; readonly begunAt: Instant; readonly at: Instant }): Promise<void>;
  /** By whoever began it then: it was certainly not done, so that a later try is a first one. */
  forget(entry: { readonly key: string; readonly begunAt: Instant }): Promise<void>;
  /** Those of the keys that are known as done. */
  doneOf(keys: readonly string[]): Promise<readonly string[]>;
}

/** Whoever was slow must not put down what another has taken over since. */
const HELD = 'key = $1 AND begun_at = $2 AND sent_at IS NULL';

export function createIdempotencyLedger({ rows }: Database): IdempotencyLedger {
  const begin: IdempotencyLedger['begin'] = async ({ key, at }) => {
    const inserted = await rows(
      `INSERT INTO mail_ledger (key, message_id, begun_at) VALUES ($1, '', $2) ON CONFLICT DO NOTHING RETURNING key`,
      [key, at],
    );
    if (inserted.length === 1) return { kind: 'first' };
    const [known] = await rows<{ begunAt: Instant; isDone: boolean; underWay: boolean; ref: string | null }>(
      `SELECT begun_at AS "begunAt", sent_at IS NOT NULL AS "isDone", put_down_at IS NULL AS "underWay", ref
       FROM mail_ledger WHERE key = $1`,
      [key],
    );
    // Between the two statements another process may have found out that it was refused.
    if (known === undefined) return begin({ key, at });
    if (known.isDone) return { kind: 'done', ref: known.ref };
    return { kind: 'in-doubt', begunAt: known.begunAt, underWay: known.underWay };
  };
  return {
    begin,
    async takeOver({ key, begunAt, at }) {
      const taken = await rows(
        `UPDATE mail_ledger SET begun_at = $3, put_down_at = NULL
         WHERE key = $1 AND sent_at IS NULL AND begun_at = $2 AND (put_down_at IS NOT NULL OR $3::timestamptz > begun_at)
         RETURNING key`,
        [key, begunAt, at],
      );
      return taken.length === 1;
    },
    async done({ key, at, ref = null }) {
      await rows(
        `INSERT INTO mail_ledger AS known (key, message_id, begun_at, sent_at, ref) VALUES ($1, '', $2, $2, $3)
         ON CONFLICT (key) DO UPDATE SET sent_at = coalesce(known.sent_at, $2), ref = coalesce(known.ref, $3)`,
        [key, at, ref],
      );
    },
    async putDown({ key, begunAt, at }) {
      await rows(`UPDATE mail_ledger SET put_down_at = $3 WHERE ${HELD}`, [key, begunAt, at]);
    },
    async forget({ key, begunAt }) {
      await rows(`DELETE FROM mail_ledger WHERE ${HELD}`, [key, begunAt]);
    },
    async doneOf(keys) {
      const found = await rows<{ key: string }>(
        'SELECT key FROM mail_ledger WHERE key = ANY($1::text[]) AND sent_at IS NOT NULL',
        [keys],
      );
      return found.map(({ key }) => key);
    },
  };
}
