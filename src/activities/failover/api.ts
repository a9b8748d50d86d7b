import type { ServicePolicy } from '../../domain/policy.ts';
import type { RemedyOutcome, RemedyPlan, RemedyPreview } from '../../domain/remedy.ts';
import type { PreviewInput } from '../kubernetes/api.ts';

export interface FailoverPreviewInput extends PreviewInput {
  readonly service: ServicePolicy;
  /** The most seconds of writes that may be lost; beyond it a failover is refused. */
  readonly maximumLagSeconds: number;
  /** Shown to whoever decides; null when the team has none. */
  readonly document: string | null;
}

export interface FailoverInput {
  readonly plan: RemedyPlan;
  readonly service: ServicePolicy;
}

export interface AwaitFenceInput extends FailoverInput {
  readonly pollSeconds: number;
}

/** How far a failover has come, by reading every system it touches. */
export interface FailoverProgress {
  readonly isFenced: boolean;
  readonly isPromoted: boolean;
  readonly isPointed: boolean;
  readonly words: string;
}

/**
 * Failover of the database to its replica (R3.1.5), in three acts that are each read back: the old primary fenced, the
 * replica promoted, the application pointed at it. Each reads first and does nothing twice; waiting writes nothing.
 */
export interface FailoverActivities {
  previewDatabaseFailover(input: FailoverPreviewInput): Promise<readonly RemedyPreview[]>;
  fenceOldPrimary(input: FailoverInput): Promise<RemedyOutcome>;
  /** Until the old primary is gone and nothing at its address takes writes. */
  awaitOldPrimaryFenced(input: AwaitFenceInput): Promise<RemedyOutcome>;
  promoteReplica(input: FailoverInput): Promise<RemedyOutcome>;
  pointApplicationAtReplica(input: FailoverInput): Promise<RemedyOutcome>;
  /** After an answer was lost: what is in effect, so that nobody has to guess. */
  readDatabaseFailover(input: FailoverInput): Promise<FailoverProgress>;
}
