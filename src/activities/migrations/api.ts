import type { Instant } from '../../domain/instant.ts';
import type { ServicePolicy } from '../../domain/policy.ts';
import type { RemedyOutcome, RemedyPlan, RemedyPreview } from '../../domain/remedy.ts';

/** One change of the database's schema, as its file says it (R5.6). */
export interface Migration {
  /** File name below the policy's folder: `20241023_add_requests_status_created_at_index.sql`. */
  readonly fileName: string;
  /** One statement, checked by PostgreSQL's own parser; with a comment that says why. */
  readonly sql: string;
  readonly table: string;
  readonly index: string;
  /** The statement that it makes fast, as pg_stat_statements knows it. */
  readonly statement: string;
  /** One sentence for people: what was found, and what this changes. */
  readonly words: string;
}

export interface ProposeMigrationInput {
  readonly incidentId: string;
  readonly service: ServicePolicy;
  /** The day of the file's name. */
  readonly at: Instant;
}

export type MigrationProposal =
  | { readonly kind: 'proposed'; readonly migration: Migration }
  | { readonly kind: 'none'; readonly reason: string };

/** What staging showed (R5.7): times and plans before and after, compared. */
export interface MigrationTrial {
  /** False when it did not make the statement faster, or could not be tried: `words` say which. */
  readonly better: boolean;
  readonly tried: boolean;
  readonly beforeMilliseconds: number | null;
  readonly afterMilliseconds: number | null;
  readonly planBefore: string | null;
  readonly planAfter: string | null;
  readonly words: string;
}

export interface PreviewMigrationInput {
  readonly incidentId: string;
  /** Incident + step: the plan's key begins with it. */
  readonly keyPrefix: string;
  readonly service: ServicePolicy;
  readonly migration: Migration;
  readonly at: Instant;
}

export interface MigrationActivities {
  /** From the slow statements and their real plan: the index that is missing, or why none can be proposed. Reads only. */
  proposeMigration(input: ProposeMigrationInput): Promise<MigrationProposal>;
  tryMigrationInStaging(input: {
    readonly service: ServicePolicy;
    readonly migration: Migration;
  }): Promise<MigrationTrial>;
  /** The plan of the action `migrate` with every choice fixed; `impossible` when it is there already or must not be. */
  previewMigration(input: PreviewMigrationInput): Promise<RemedyPreview>;
  /**
   * Carries the plan out: an invalid leftover is dropped first, CREATE INDEX CONCURRENTLY, then read back (valid, and the
   * plan uses it). A second call after a lost answer finds what the first one did (R5.8).
   */
  migrateDatabase(plan: RemedyPlan): Promise<RemedyOutcome>;
}
