import type { Instant } from '../../domain/instant.ts';
import type { RemedyOutcome, RemedyPlan, RemedyPreview, RemedyWish } from '../../domain/remedy.ts';

export interface PreviewInput {
  readonly incidentId: string;
  /** Stable prefix of the plans' keys: incident + step. */
  readonly keyPrefix: string;
  readonly wishes: readonly RemedyWish[];
  readonly at: Instant;
}

export interface AwaitRolloutInput {
  readonly plan: RemedyPlan;
  readonly pollSeconds: number;
}

export interface RolloutState {
  readonly complete: boolean;
  readonly failed: boolean;
  readonly words: string;
}

/**
 * Remedies on the cluster. Previews read and fix every choice; remedies act once, marked by the plan's key, and are
 * safe to retry; waiting is an activity of its own that never writes (decision 8).
 */
export interface ClusterActivities {
  previewClusterRemedies(input: PreviewInput): Promise<readonly RemedyPreview[]>;
  restartDeployment(plan: RemedyPlan): Promise<RemedyOutcome>;
  rollBackDeployment(plan: RemedyPlan): Promise<RemedyOutcome>;
  scaleDeployment(plan: RemedyPlan): Promise<RemedyOutcome>;
  deletePod(plan: RemedyPlan): Promise<RemedyOutcome>;
  awaitRollout(input: AwaitRolloutInput): Promise<RolloutState>;
}
