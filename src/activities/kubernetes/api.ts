import type { Instant } from '../../domain/instant.ts';
import type { RemedyOutcome, RemedyPlan, RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';

export interface PreviewInput {
  readonly incidentId: string;
  /** Stable prefix of the plans' keys: incident + step. */
  readonly keyPrefix: string;
  readonly requests: readonly RemedyRequest[];
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
 * safe to retry; waiting is an activity of its own that never writes (ADR 0014).
 */
export interface ClusterActivities {
  previewClusterRemedies(input: PreviewInput): Promise<readonly RemedyPreview[]>;
  restartDeployment(plan: RemedyPlan): Promise<RemedyOutcome>;
  rollBackDeployment(plan: RemedyPlan): Promise<RemedyOutcome>;
  scaleDeployment(plan: RemedyPlan): Promise<RemedyOutcome>;
  deletePod(plan: RemedyPlan): Promise<RemedyOutcome>;
  /** Raises one container's memory limit, or takes that back when the plan says `revert: 1` (R3.4.3). */
  raiseMemoryLimit(plan: RemedyPlan): Promise<RemedyOutcome>;
  /** One pod a call; `observed.left` is how many are still to come. Wait with `awaitRollout` in between (R3.4.4). */
  replaceNextPod(plan: RemedyPlan): Promise<RemedyOutcome>;
  /** Puts a ConfigMap back to what it said before its last edit, and restarts whoever reads it only at start. */
  restoreConfig(plan: RemedyPlan): Promise<RemedyOutcome>;
  /** Applies the strict rate limit (R3.3.5); with `revert: 1` what it changed goes back, what it made is deleted. */
  limitRequests(plan: RemedyPlan): Promise<RemedyOutcome>;
  /** Applies the canary's overlay (R5.10); the way back is a plan of the same action with `revert: 1` and `before`. */
  applyCanary(plan: RemedyPlan): Promise<RemedyOutcome>;
  /** Applies production's overlay (R5.12); as the canary, to be awaited with `awaitRollout`. */
  promoteRelease(plan: RemedyPlan): Promise<RemedyOutcome>;
  awaitRollout(input: AwaitRolloutInput): Promise<RolloutState>;
}
