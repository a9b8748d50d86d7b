import type { EvidenceBundle, EvidenceRequest } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import type { EvidencePolicy, ReportsPolicy, ServicePolicy, VerificationPolicy } from '../../domain/policy.ts';
import type { CanaryComparison, ResolutionPolicy } from '../../domain/resolution-policy.ts';

export interface CollectEvidenceInput {
  readonly request: EvidenceRequest;
  readonly service: ServicePolicy;
  readonly evidence: EvidencePolicy;
  /** How far back the root cause looks for commits (R5.3); the hours of `evidence` when it is left out. */
  readonly resolution?: Pick<ResolutionPolicy, 'commitsFromHoursBefore' | 'commitsToMinutesBefore'>;
  /** How many of the most frequent errors are listed, of how many log lines of each pod (R3.2.1); none when left out. */
  readonly topErrors?: { readonly count: number; readonly ofLines: number };
  /** What people write when they mean us (R2.17). */
  readonly reports?: Pick<ReportsPolicy, 'socialHandle'>;
}

/** What "is it well again?" compares with (R3.2.5). Ratios 0..1. */
export interface RecoveryInput {
  readonly incidentId: string;
  /** Only the two questions that recovery is about: histories carry no more than a call needs. */
  readonly service: { readonly queries: Pick<ServicePolicy['queries'], 'errorRatio' | 'p95Seconds'> };
  readonly verification: VerificationPolicy;
  /** Seconds between two looks, of wall time (already divided by a drill's speed). */
  readonly pollSeconds: number;
  /** So much failing is worse than before: there is nothing to wait for any more. */
  readonly worseFrom?: number;
}

export interface Recovery {
  readonly recovered: boolean;
  readonly errorRatio: number | null;
  readonly p95Seconds: number | null;
  readonly words: string;
  readonly measuredAt: Instant;
}

export interface WatchCanaryInput {
  readonly comparison: CanaryComparison;
  /** It is promoted when it is well until then. */
  readonly untilAt: Instant;
  readonly pollSeconds: number;
}

export interface CanaryVerdict {
  readonly well: boolean;
  readonly words: string;
  readonly figures: string;
  /** What was asked, for the record. */
  readonly queries: readonly string[];
}

export interface EvidenceActivities {
  /** Asks every probe at once, each with its own deadline; what cannot be had is a named gap (R2). */
  collectEvidence(input: CollectEvidenceInput): Promise<EvidenceBundle>;
  /** Looks once. */
  measureRecovery(input: RecoveryInput): Promise<Recovery>;
  /** Waits (NotYet) until error ratio and p95 are below policy's limits or it is worse; the caller sets the deadline. */
  awaitRecovery(input: RecoveryInput): Promise<Recovery>;
  /** Waits (NotYet) until the canary is worse than the stable version, or has been well until `untilAt` (R5.11). */
  watchCanary(input: WatchCanaryInput): Promise<CanaryVerdict>;
}
