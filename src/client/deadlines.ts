import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;
export const UNAVAILABLE = 14;
/** gRPC codes that pass by themselves: RESOURCE_EXHAUSTED (ten updates are in flight), ABORTED, UNAVAILABLE. */
const PASSING: ReadonlySet<number> = new Set([8, 10, UNAVAILABLE]);
/** Those that say that this very request never works: INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE. */
export const HOPELESS: ReadonlySet<number> = new Set([3, 9, 11]);
/** So that the server's own word about a deadline comes first. */
const DEADLINE_GRACE_MS = 200;

/** Asks again while the server is busy or away, until the time is up; every message carries an id that makes it one. */
export async function untilAnswered<T>(milliseconds: number, call: (milliseconds: number) => Promise<T>): Promise<T> {
  const endMs = performance.now() + milliseconds;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await inTime(Math.max(1, endMs - performance.now()), call);
    } catch (error) {
      if (!PASSING.has(grpcCodeOf(error) ?? -1) || performance.now() + pauseMs >= endMs) throw error;
    }
    await new Promise((done) => setTimeout(done, pauseMs));
  }
}

export function grpcCodeOf(error: unknown): number | null {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : null;
}

export function messageOf(error: unknown): string {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'no answer in time';
  const cause = error instanceof ServiceError && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');
}

/** The deadline of a call does not count while the connection is still being made, so it is kept here once more. */
async function inTime<T>(milliseconds: number, call: (milliseconds: number) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), milliseconds + DEADLINE_GRACE_MS);
  });
  try {
    return await Promise.race([call(milliseconds), late]);
  } finally {
    clearTimeout(timer);
  }
}
