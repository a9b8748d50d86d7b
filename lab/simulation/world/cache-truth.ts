import type { CacheTruth } from './api.ts';
import type { Conditions } from './conditions.ts';

const MEMORY_LIMIT_MIB = 768;
const ORDINARY_CLIENTS = 36;
const ORDINARY_IDLE_CLIENTS = 2;
/** Connections that lead nowhere any more and are held all the same. */
const STALE_CLIENTS = 90;
const LOOKUPS_A_REQUEST = 1;
const UP_BEFORE_HISTORY_SECONDS = 60 * 86_400;
const KEYS = 182_340;

/** What the cache has counted since its process started. */
export class CacheCounters {
  #hits = 0;
  #misses = 0;
  #evicted = 0;
  #identity: string | null = null;
  #sinceMs: number | null = null;

  /** One step of the world: so many requests at this hit rate. Another process begins to count anew. */
  step(requests: number, hitRate: number, conditions: Conditions, identity: string | null, atMs: number): void {
    if (identity !== this.#identity) this.#beginAnew(identity, atMs);
    const lookups = requests * LOOKUPS_A_REQUEST;
    this.#hits += lookups * hitRate;
    this.#misses += lookups * (1 - hitRate);
    // Each miss writes what it fetched, and with the memory full something else has to go for it.
    if (conditions.cacheCause === 'evictions') this.#evicted += lookups * (1 - hitRate);
  }

  truth(answers: boolean, conditions: Conditions, nowMs: number): CacheTruth {
    const stale = conditions.cacheCause === 'stale-connections';
    const sinceMs = this.#sinceMs ?? nowMs - UP_BEFORE_HISTORY_SECONDS * 1000;
    return {
      answers,
      hits: Math.floor(this.#hits),
      misses: Math.floor(this.#misses),
      evictedKeys: Math.floor(this.#evicted),
      connectedClients: ORDINARY_CLIENTS + (stale ? STALE_CLIENTS : 0),
      idleClients: ORDINARY_IDLE_CLIENTS + (stale ? STALE_CLIENTS : 0),
      usedMemoryMiB: conditions.cacheCause === 'evictions' ? MEMORY_LIMIT_MIB * 0.998 : MEMORY_LIMIT_MIB * 0.42,
      memoryLimitMiB: MEMORY_LIMIT_MIB,
      keys: KEYS,
      uptimeSeconds: Math.max(0, Math.floor((nowMs - sinceMs) / 1000)),
    };
  }

  #beginAnew(identity: string | null, atMs: number): void {
    // The first process that is seen has been there for long.
    if (this.#identity !== null) {
      this.#hits = 0;
      this.#misses = 0;
      this.#evicted = 0;
      this.#sinceMs = atMs;
    }
    this.#identity = identity;
  }
}
