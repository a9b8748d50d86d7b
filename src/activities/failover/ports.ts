import type { Instant } from '../../domain/instant.ts';
import type { ServicePolicy } from '../../domain/policy.ts';
import type { RemedyPlan } from '../../domain/remedy.ts';

/**
 * What a failover needs of the systems it combines; worker.ts wires the real clients in. Every method makes one bounded
 * attempt. A port that is null is not configured.
 */
export interface FailoverPorts {
  readonly primary: PrimaryPort | null;
  readonly replica: ReplicaPort | null;
  readonly cluster: DatabaseClusterPort;
}

export interface PrimaryPort {
  state(): Promise<{
    readonly answers: boolean;
    readonly acceptsWrites: boolean | null;
    readonly writtenBytes: number | null;
    readonly error: string | null;
  }>;
}

export interface ReplicaFacts {
  readonly inRecovery: boolean;
  readonly timeline: number;
  readonly receivedBytes: number;
  readonly replayedBytes: number;
  readonly lastReplayAt: Instant | null;
  readonly isStreaming: boolean;
  readonly at: Instant;
}

export interface ReplicaPort {
  state(): Promise<ReplicaFacts>;
  promote(waitSeconds: number): Promise<'promoted' | 'not-yet' | 'was-not-in-recovery'>;
}

/** Where the database lives in the cluster, as policy names it. */
export interface DatabasePlace {
  readonly namespace: string;
  readonly primarySet: string;
  readonly primaryPod: string;
  readonly replicaSet: string;
  readonly replicaPod: string;
  /** The Service by which the application finds the primary. */
  readonly service: string;
}

export interface DatabaseObjects {
  readonly set: { readonly uid: string; readonly replicas: number; readonly firstOrdinal: number };
  /** Null when there is no such pod. */
  readonly primaryPod: DatabasePod | null;
  readonly replicaPod: DatabasePod | null;
  /** `pod` is the one that the Service's selector names; null when it names none. */
  readonly service: { readonly uid: string; readonly pod: string | null };
  /** Why this incident may not write; null when the way is free. */
  readonly claimedBy: string | null;
}

export interface DatabasePod {
  readonly uid: string;
  readonly isReady: boolean;
  readonly createdAt: Instant | null;
  /** Since when it has not been ready; null when it is. */
  readonly notReadySinceAt: Instant | null;
}

/** How the old primary is taken away for good: its StatefulSet is told not to run it any more. */
export interface Fence {
  readonly replicas: number;
  readonly firstOrdinal: number;
}

export type ChangeOutcome =
  | { readonly kind: 'changed' }
  | { readonly kind: 'was-so' }
  | { readonly kind: 'refused'; readonly words: string };

export interface DatabaseClusterPort {
  /** Null when the StatefulSet or the Service is missing; `missing` would be the place's own name for it. */
  read(
    place: DatabasePlace,
    plan: { readonly incidentId: string; readonly at: Instant },
  ): Promise<DatabaseObjects | string>;
  fence(place: DatabasePlace, fence: Fence, plan: RemedyPlan, dryRun: boolean): Promise<ChangeOutcome>;
  point(place: DatabasePlace, podName: string, plan: RemedyPlan, dryRun: boolean): Promise<ChangeOutcome>;
}

/** The place of a service's database and replica; a sentence when policy names none. */
export function placeOf(service: ServicePolicy): DatabasePlace | string {
  const { database, namespace } = service;
  if (database === null) return `Policy names no database of ${service.name}.`;
  if (database.replica === null)
    return `Policy names no replica of ${database.statefulSet} (service.database.replica).`;
  return {
    namespace,
    primarySet: database.statefulSet,
    primaryPod: database.pod,
    replicaSet: database.replica.statefulSet,
    replicaPod: database.replica.pod,
    service: database.replica.service,
  };
}
