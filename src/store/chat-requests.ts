import type { Instant } from '../domain/instant.ts';
import { wellFormedJson } from '../domain/well-formed.ts';
import type { Database } from './database.ts';

/** Something that a person said in chat and that decides something. `request` is the gateway's own, plain JSON. */
export interface ChatRequest<R = unknown> {
  readonly id: string;
  readonly request: R;
  readonly receivedAt: Instant;
  /** How often it was begun; 1 at the first try. */
  readonly tries: number;
}

/** Between chat's three seconds and Temporal: kept first, answered at once, carried out at least once (issue 7, 1). */
export interface ChatRequests {
  /** False when this very request was kept before: a retry of the chat. Held for the caller when it is new. */
  keep(wanted: { readonly id: string; readonly request: unknown; readonly at: Instant }): Promise<boolean>;
  /** Requests that nobody works on, oldest first, held for the caller from now on. */
  take(limit: number): Promise<readonly ChatRequest[]>;
  /** Not now: free for the next try after so many seconds. */
  putBack(id: string, seconds: number): Promise<void>;
  finish(id: string, outcome: string): Promise<void>;
  pending(): Promise<number>;
}

/** Longer than one try takes at most; after a crash another gateway takes over when it has passed. */
const HELD_SECONDS = 30;
const OUTCOME_CHARACTERS = 1_000;

export function createChatRequests({ rows }: Database): ChatRequests {
  return {
    async keep({ id, request, at }) {
      const inserted = await rows(
        `INSERT INTO chat_request (id, request, received_at, held_until, tries)
         VALUES ($1, $2::jsonb, $3, now() + make_interval(secs => $4), 1) ON CONFLICT (id) DO NOTHING RETURNING id`,
        [id, wellFormedJson(request), at, HELD_SECONDS],
      );
      return inserted.length === 1;
    },
    take: (limit) =>
      rows<{ id: string; request: unknown; receivedAt: Instant; tries: number }>(
        `UPDATE chat_request SET held_until = now() + make_interval(secs => $2), tries = tries + 1
         WHERE id IN (
           SELECT id FROM chat_request WHERE state = 'pending' AND (held_until IS NULL OR held_until <= now())
           ORDER BY received_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING id, request, received_at AS "receivedAt", tries`,
        [limit, HELD_SECONDS],
      ),
    async putBack(id, seconds) {
      await rows(`UPDATE chat_request SET held_until = now() + make_interval(secs => $2) WHERE id = $1`, [id, seconds]);
    },
    async finish(id, outcome) {
      await rows(`UPDATE chat_request SET state = 'done', outcome = $2, held_until = NULL WHERE id = $1`, [
        id,
        outcome.slice(0, OUTCOME_CHARACTERS),
      ]);
    },
    async pending() {
      const [found] = await rows<{ count: number }>(
        `SELECT count(*) AS count FROM chat_request WHERE state = 'pending'`,
      );
      return found?.count ?? 0;
    },
  };
}
