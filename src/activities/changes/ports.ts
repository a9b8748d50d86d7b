import type { Instant } from '../../domain/instant.ts';

/** The repository that fixes are pushed to; throws the failures of failures.ts. */
export interface BranchPort {
  pushBranch(commit: {
    readonly branch: string;
    readonly base: string;
    readonly files: readonly { readonly path: string; readonly text: string }[];
    readonly message: string;
    readonly key: string;
    readonly at: Instant;
  }): Promise<{ readonly branch: string; readonly sha: string; readonly found: boolean }>;
  /** The text of a file on a branch; null when there is none. */
  read(branch: string, path: string): Promise<string | null>;
}

/** Texts by their SHA-256 (hex). */
export interface TextsPort {
  get(digest: string): Promise<string | null>;
}

/** Where changes are reviewed and merged. */
export interface ReviewPort {
  open(text: {
    readonly branch: string;
    readonly base: string;
    readonly title: string;
    readonly body: string;
  }): Promise<PullRequestState & { readonly found: boolean }>;
  requestReviewers(number: number, reviewers: readonly string[]): Promise<void>;
  reviews(number: number): Promise<{
    readonly approvedBy: readonly string[];
    readonly changesRequestedBy: readonly string[];
    readonly pull: PullRequestState;
  }>;
  merge(number: number, headSha: string): Promise<{ readonly mergeSha: string; readonly found: boolean }>;
}

export interface PullRequestState {
  readonly number: number;
  readonly url: string;
  readonly headSha: string;
  readonly state: 'open' | 'merged' | 'closed';
}
