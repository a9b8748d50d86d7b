import type { SlowLoad } from './conditions.ts';

/**
 * The database's connections. Slow statements hold theirs; the more of them run at once the longer each takes, because
 * they push each other's pages out of memory. Callers gather (each session that opens the page keeps asking), so load
 * grows for as long as a process runs that code, and starts from nothing in a new process: that is why a restart helps
 * for about a quarter of an hour and a rollback for good.
 */
export interface PoolState {
  readonly active: number;
  readonly idle: number;
  readonly idleInTransaction: number;
  readonly waiting: number;
  /** Connections held by each slow statement, and how long one execution takes now. */
  readonly slow: readonly { readonly load: SlowLoad; readonly held: number; readonly seconds: number }[];
  /** Share of the requests that get no connection before they give up. */
  readonly refusedShare: number;
  readonly used: number;
  readonly size: number;
}

/** Slow statements that run at the same time make each other slower by one part in this many hundredths of the pool. */
const CROWDING = 0.1;
/** The pool keeps some connections open for nothing. */
const IDLE_CONNECTIONS = 14;
/** Time in which the callers of a slow statement gather, in minutes: its `perMinute` is reached then. */
export const GATHERING_MINUTES = 15;

/** `callers` are the connections that each slow load would need if it ran alone. */
export function poolState(
  size: number,
  ordinary: number,
  leaked: number,
  loads: readonly { readonly load: SlowLoad; readonly callers: number }[],
): PoolState {
  const callers = loads.reduce((sum, one) => sum + one.callers, 0);
  const free = Math.max(0.5, size - ordinary - leaked);
  const held = Math.min(crowded(callers, size), free);
  const leakedHeld = Math.min(leaked, size - 1);
  const refused = Math.max(shortfall(callers, size, free, loads), leakShortfall(size - leakedHeld, ordinary));
  const active = Math.min(size - leakedHeld, ordinary + held);
  const used = active + leakedHeld;
  return {
    active,
    idle: Math.max(0, Math.min(IDLE_CONNECTIONS, size - used)),
    idleInTransaction: leakedHeld,
    waiting: refused > 0 ? 20 + 180 * refused : 0,
    slow: loads.map(({ load, callers: own }) => ({
      load,
      held: callers === 0 ? 0 : (held * own) / callers,
      seconds: load.seconds * (1 + (0.6 * held) / size),
    })),
    refusedShare: refused,
    used,
    size,
  };
}

/** The callers at which connections are used up; more only wait, give up and ask again. */
export function callersWhenFull(size: number, ordinary: number, leaked: number, failing: number): number {
  const free = Math.max(0.5, size - ordinary - leaked);
  return fullAt(free, size) * overloadFor(failing);
}

function crowded(callers: number, size: number): number {
  const crowd = size * CROWDING;
  return callers >= crowd ? Number.POSITIVE_INFINITY : callers / (1 - callers / crowd);
}

function fullAt(free: number, size: number): number {
  return free / (1 + free / (size * CROWDING));
}

/**
 * Each failed try is made again up to three times, so a share f of failures multiplies the load by 1 + f + f² + f³:
 * with a load of A connections for each one there is, f = (1 - 1/A)^¼. A full pool therefore collapses at once.
 */
function shortfall(
  callers: number,
  size: number,
  free: number,
  loads: readonly { readonly load: SlowLoad; readonly callers: number }[],
): number {
  const overload = callers / fullAt(free, size);
  if (overload <= 1) return 0;
  const most = Math.max(...loads.map((one) => one.load.failing));
  return Math.min(most, (1 - 1 / overload) ** 0.25);
}

function overloadFor(failing: number): number {
  return 1 / (1 - Math.min(failing, 0.98) ** 4);
}

function leakShortfall(left: number, ordinary: number): number {
  return left >= ordinary ? 0 : 1 - left / ordinary;
}
