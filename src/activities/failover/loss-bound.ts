import { epochMs, type Instant } from '../../domain/instant.ts';
import type { DatabasePod, PrimaryPort, ReplicaFacts } from './ports.ts';

/** What a failover would lose, at most, and why it is known to be no more. */
export interface LossBound {
  readonly seconds: number;
  /** Since when the primary has taken no writes; null while it answers or when that is not known. */
  readonly stoppedAt: Instant | null;
  readonly words: string;
}

/** A pod that was never ready shows its own start, not the end of the one before it. */
const NEVER_READY_WITHIN_MS = 5_000;

/**
 * While the primary answers, the write-ahead logs are compared: nothing is lost when the replica has received all of it.
 * Afterwards the bound is the time between the last transaction that arrived and the instant the primary stopped; when
 * that instant is not known, now stands for it, which can only make the bound larger.
 */
export function lossBound(input: {
  readonly primary: Awaited<ReturnType<PrimaryPort['state']>>;
  readonly replica: ReplicaFacts;
  readonly primaryPod: DatabasePod | null;
  /** Seen by an earlier preview of this incident, before the pod was recreated. */
  readonly rememberedStopAt: Instant | null;
}): LossBound {
  const { primary, replica } = input;
  if (primary.answers && primary.writtenBytes !== null) {
    const missingBytes = Math.max(0, primary.writtenBytes - replica.receivedBytes);
    const seconds = missingBytes === 0 ? 0 : secondsSince(replica.lastReplayAt, replica.at);
    const words =
      missingBytes === 0 ? 'it has received everything' : `${missingBytes} bytes of the log have not arrived`;
    return { seconds, stoppedAt: null, words };
  }
  const stoppedAt = stopOf(input);
  const until = stoppedAt ?? replica.at;
  const words =
    stoppedAt === null
      ? 'when the primary stopped is not known, so everything since the last arrival may be lost'
      : `the primary stopped at ${stoppedAt}`;
  return { seconds: secondsSince(replica.lastReplayAt, until), stoppedAt, words };
}

function stopOf({ primaryPod, rememberedStopAt, replica }: Parameters<typeof lossBound>[0]): Instant | null {
  const since = primaryPod?.notReadySinceAt ?? null;
  const wasReady =
    primaryPod !== null &&
    since !== null &&
    (primaryPod.createdAt === null || epochMs(since) - epochMs(primaryPod.createdAt) > NEVER_READY_WITHIN_MS);
  const candidates = wasReady ? [since] : [rememberedStopAt, since];
  const lastMs = replica.lastReplayAt === null ? null : epochMs(replica.lastReplayAt);
  // An instant before the last arrival is no end: the primary was still sending afterwards.
  const possible = candidates
    .filter((at) => at !== null)
    .filter((at) => lastMs === null || epochMs(at) >= lastMs - CLOCKS_APART_MS);
  return possible.sort((a, b) => epochMs(a) - epochMs(b))[0] ?? null;
}

/** Kubernetes tells whole seconds, and the clocks of two machines differ a little. */
const CLOCKS_APART_MS = 2_000;

/** Rounded up: a bound must not be less than the loss. */
function secondsSince(from: Instant | null, until: Instant): number {
  if (from === null) return Number.MAX_SAFE_INTEGER;
  return Math.max(0, Math.ceil((epochMs(until) - epochMs(from)) / 1000));
}
