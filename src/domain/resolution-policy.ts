export interface ResolutionPolicy {
  readonly statementsListed: number;
  readonly commitsFromHoursBefore: number;
  readonly commitsToMinutesBefore: number;
  readonly snapshotBeforeHours: number;
  readonly snapshotAfterHours: number;
  readonly migrationsFolder: string | null;
  /** What a migration may do (R5.6); anything else is a person's. */
  readonly allowedMigrations: readonly MigrationKind[];
  readonly fixBranchPrefix: string;
  readonly reviewers: readonly string[];
  /** A review that nobody has given after so long is asked for again, in the on-call channel (R5.9). */
  readonly reviewReminderMinutes: number;
  /** Approvals of the fix are no emergency: how long each waits for an answer before somebody is reminded. */
  readonly fixApprovalMinutes: number;
  readonly canaryManifest: string | null;
  readonly canaryWatchMinutes: number;
  /** What the canary is compared by, against the version beside it (R5.11). */
  readonly canaryComparison: CanaryComparison;
  readonly promoteManifest: string | null;
  readonly postMortemsFolder: string;
}

/** Queries that answer one number each, and how much worse than the stable version a canary may be. */
export interface CanaryComparison {
  readonly errorRatio: string;
  readonly stableErrorRatio: string;
  readonly p95Seconds: string;
  readonly stableP95Seconds: string;
  /** Ratio, e.g. 0.01: one percent of the requests. */
  readonly errorRatioMargin: number;
  readonly p95SecondsMargin: number;
}

/** Both CONCURRENTLY, so that reads and writes go on. */
export const MIGRATION_KINDS = ['create-index', 'drop-index'] as const;
export type MigrationKind = (typeof MIGRATION_KINDS)[number];
