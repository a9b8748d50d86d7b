import type { FindingOf } from './findings.ts';

type CacheFacts = Pick<
  FindingOf<'cache-statistics'>,
  'evictedKeys' | 'usedMemoryMiB' | 'memoryLimitMiB' | 'idleClients' | 'connectedClients'
>;

/** Above this share of its memory a cache throws keys out to take new ones in. */
const MEMORY_FULL_RATIO = 0.95;
/** So many silent connections, and most of them: nobody is at the other end any more. */
const MANY_IDLE_CLIENTS = 20;

/** Too small for what it is asked to keep: a restart would only empty it (R3.3.3). */
export function isEvicting({ evictedKeys, usedMemoryMiB, memoryLimitMiB }: CacheFacts): boolean {
  return evictedKeys > 0 && memoryLimitMiB !== null && usedMemoryMiB >= memoryLimitMiB * MEMORY_FULL_RATIO;
}

/** Held by connections that nobody uses any more: what a restart clears (R3.3.3). */
export function hasStaleConnections({ idleClients, connectedClients }: CacheFacts): boolean {
  return idleClients !== null && idleClients >= MANY_IDLE_CLIENTS && idleClients > connectedClients / 2;
}
