import type { Instant } from '../../domain/instant.ts';

/** A fix as files on a branch (R5.9). */
export interface OpenFixBranchInput {
  readonly incidentId: string;
  /** Incident + step: the same key finds the same branch again. */
  readonly key: string;
  /** Policy's prefix, e.g. `fix/`. */
  readonly prefix: string;
  /** A few words for the name of the branch: `slow query` becomes `fix/slow-query-incident-…`. */
  readonly about: string;
  readonly message: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly at: Instant;
}

/** One incident's addition to a runbook, on a branch of its own (R6.5). */
export interface OpenRunbookBranchInput {
  readonly incidentId: string;
  readonly key: string;
  readonly prefix: string;
  readonly about: string;
  readonly message: string;
  /** The runbook's path in the repository. */
  readonly file: string;
  /** Of the addition, in the evidence store. */
  readonly digest: string;
  readonly at: Instant;
}

export interface FixBranch {
  readonly branch: string;
  readonly sha: string;
  readonly alreadyThere: boolean;
}

export interface OpenPullRequestInput {
  readonly branch: string;
  readonly title: string;
  readonly body: string;
}

export interface OpenedPullRequest {
  readonly number: number;
  readonly url: string;
  readonly headSha: string;
  readonly alreadyThere: boolean;
  /** False when it was merged before we looked. */
  readonly open: boolean;
}

export interface ReviewState {
  readonly state: 'open' | 'merged' | 'closed';
  readonly headSha: string;
  readonly approvedBy: readonly string[];
  readonly changesRequestedBy: readonly string[];
}

export interface MergePullRequestInput {
  readonly number: number;
  /** What was reviewed: another head is not merged. */
  readonly headSha: string;
}

/** Changes to the team's code, each safe to ask for again: what is there already is found. */
export interface ChangeActivities {
  openFixBranch(input: OpenFixBranchInput): Promise<FixBranch>;
  openRunbookBranch(input: OpenRunbookBranchInput): Promise<FixBranch>;
  openPullRequest(input: OpenPullRequestInput): Promise<OpenedPullRequest>;
  /** People by login, teams as `team:<slug>`. */
  requestReviewers(input: { readonly number: number; readonly reviewers: readonly string[] }): Promise<void>;
  /** Waits (NotYet) until somebody approved it and nobody asks for changes, or until it is no longer open. */
  awaitReview(input: { readonly number: number; readonly pollSeconds: number }): Promise<ReviewState>;
  readReviews(input: { readonly number: number }): Promise<ReviewState>;
  mergePullRequest(input: MergePullRequestInput): Promise<{ readonly sha: string; readonly alreadyThere: boolean }>;
}
