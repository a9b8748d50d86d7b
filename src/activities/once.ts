import type { Instant } from '../domain/instant.ts';
import { secondsBetween } from '../domain/instant.ts';
import { REAL_DEADLINES } from './deadlines.ts';
import { failure } from './failures.ts';

/** Remembers what was begun and what came of it, across workers (the store's idempotency ledger). */
export interface IdempotencyLedger {
  begin(entry: {
    readonly key: string;
    readonly at: Instant;
  }): Promise<
    | { readonly kind: 'first' }
    | { readonly kind: 'in-doubt'; readonly begunAt: Instant; readonly underWay: boolean }
    | { readonly kind: 'done'; readonly ref: string | null }
  >;
  /** Of several that find the same doubt one gets it. */
  takeOver(entry: { readonly key: string; readonly begunAt: Instant; readonly at: Instant }): Promise<boolean>;
  done(entry: { readonly key: string; readonly at: Instant; readonly ref?: string | null }): Promise<void>;
  putDown(entry: { readonly key: string; readonly begunAt: Instant; readonly at: Instant }): Promise<void>;
  forget(entry: { readonly key: string; readonly begunAt: Instant }): Promise<void>;
  doneOf(keys: readonly string[]): Promise<readonly string[]>;
}

export interface OncePorts {
  readonly ledger: IdempotencyLedger;
  readonly clock: () => Instant;
}

/** What the other side calls what was made; null where it gives no name that we keep. */
export interface OperationResult {
  readonly ref: string | null;
}

export interface IdempotentOperation<T extends OperationResult> {
  /** One key is done once; it names the system too. */
  readonly key: string;
  /** What an earlier try has left there; absent where the system cannot be asked, or where `act` looks by itself. */
  readonly find?: () => Promise<OperationResult | null>;
  /** `inDoubt`: an earlier try may have done it after all, and nothing was found. */
  readonly act: (inDoubt: boolean) => Promise<T>;
  /** Looked for even where the ledger knows nothing of an earlier try, since it may have been away then. */
  readonly mayBeThere?: boolean;
}

export type Once<T> =
  | { readonly already: false; readonly done: T; readonly remembered: boolean }
  | { readonly already: true; readonly done: OperationResult };

/**
 * Does what a system has no key of ours for: of two workers at once one acts, and the other waits for what came of it.
 * What is in doubt is looked for before it is done again. With the ledger away it is looked for and done all the same:
 * during an incident a message twice is better than none.
 */
export async function once<T extends OperationResult>(
  { ledger, clock }: OncePorts,
  operation: IdempotentOperation<T>,
): Promise<Once<T>> {
  const { key } = operation;
  const turn = await turnOf(ledger, clock, key);
  if (turn.kind === 'done') return { already: true, done: { ref: turn.ref } };
  const remember = (ref: string | null) => written(ledger.done({ key, at: clock(), ref }));
  try {
    const look = turn.kind !== 'first' || operation.mayBeThere === true;
    const found = look ? ((await operation.find?.()) ?? null) : null;
    if (found !== null) {
      await remember(found.ref);
      return { already: true, done: found };
    }
    const done = await operation.act(turn.kind === 'in-doubt');
    return { already: false, done, remembered: await remember(done.ref) };
  } catch (error) {
    const { begunAt } = turn;
    await written(isCertain(error) ? ledger.forget({ key, begunAt }) : ledger.putDown({ key, begunAt, at: clock() }));
    throw error;
  }
}

/** A failure after which it is certain that nothing was done, although it may be tried again. */
export const NOTHING_DONE = { nothingDone: true } as const;

/** Longer than any request of ours is waited for: whoever began it this long ago has been killed. */
const ABANDONED_SECONDS = 20;
const LOOK_EVERY_MS = 100;
const MOST_LOOKS = 30;
const AGAIN_SECONDS = 3;
/** The ledger is a help: people are told also when it does not answer. */
const LEDGER_MS = 2_000;

type Turn =
  | { readonly kind: 'first' | 'in-doubt' | 'unknown'; readonly begunAt: Instant }
  | { readonly kind: 'done'; readonly ref: string | null };

async function turnOf(ledger: IdempotencyLedger, clock: () => Instant, key: string): Promise<Turn> {
  for (let look = 1; look <= MOST_LOOKS; look += 1) {
    const at = clock();
    const entry = await answered(ledger.begin({ key, at }));
    if (entry === null) return { kind: 'unknown', begunAt: at };
    if (entry.kind === 'first') return { kind: 'first', begunAt: at };
    if (entry.kind === 'done') return entry;
    const { begunAt, underWay } = entry;
    if (!underWay || secondsBetween(begunAt, at) >= ABANDONED_SECONDS) {
      const taken = await answered(ledger.takeOver({ key, begunAt, at }));
      if (taken === null) return { kind: 'unknown', begunAt: at };
      if (taken) return { kind: 'in-doubt', begunAt: at };
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw failure('Unavailable', 'Another worker is doing this very thing; what came of it is looked for.', {
    retryAfterSeconds: AGAIN_SECONDS,
  });
}

/** Refused for good, or put off before anything was done. */
function isCertain(error: unknown): boolean {
  const { nonRetryable, type, details } = error as {
    nonRetryable?: boolean | null;
    type?: string | null;
    details?: readonly unknown[] | null;
  };
  const said = details?.[0] as { readonly nothingDone?: boolean } | undefined;
  return nonRetryable === true || type === 'RateLimited' || said?.nothingDone === true;
}

/** Null when the ledger is away, or does not answer in time. */
async function answered<A>(asked: Promise<A>): Promise<A | null> {
  let giveUp = () => {};
  const late = new Promise<null>((resolve) => {
    giveUp = REAL_DEADLINES.after(LEDGER_MS, () => resolve(null));
  });
  try {
    return await Promise.race([asked.catch(() => null), late]);
  } finally {
    giveUp();
  }
}

async function written(writing: Promise<void>): Promise<boolean> {
  return (await answered(writing.then(() => true as const))) === true;
}
