import type { Instant } from '../../domain/instant.ts';
import type { RemedyOutcome, RemedyPlan, RemedyPreview, Target } from '../../domain/remedy.ts';
import type { MigrationKind } from '../../domain/resolution-policy.ts';

export interface MigrationPreviewInput {
  /** Stable prefix of the plan's key: incident + step. */
  readonly keyPrefix: string;
  readonly at: Instant;
  readonly target: Target;
  /** The migration as it stands in its file; null: it is derived from `statement`. */
  readonly sql: string | null;
  /** The slow statement that it is for, as pg_stat_statements shows it; null when there is none. */
  readonly statement: string | null;
  /** Where it is written, e.g. `migrations/20241023_add_index.sql`; shown to whoever approves. */
  readonly file: string | null;
  readonly allowed: readonly MigrationKind[];
}

export interface StagingTrial {
  readonly result: 'helped' | 'no-difference' | 'refused';
  readonly words: string;
  readonly before: PlanSummary | null;
  readonly after: PlanSummary | null;
}

export interface PlanSummary {
  readonly cost: number;
  /** Null when the statement has placeholders and could only be planned. */
  readonly milliseconds: number | null;
  readonly usesIndex: boolean;
  readonly scansTable: boolean;
}

/** The permanent fix of a slow statement (R5.6–R5.8): checked, tried in staging, carried out once, read back. */
export interface MigrationActivities {
  previewMigration(input: MigrationPreviewInput): Promise<RemedyPreview>;
  tryMigrationInStaging(plan: RemedyPlan): Promise<StagingTrial>;
  migrateDatabase(plan: RemedyPlan): Promise<RemedyOutcome>;
}
