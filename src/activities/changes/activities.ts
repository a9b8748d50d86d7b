import { failure, notYet } from '../failures.ts';
import type { ChangeActivities } from './api.ts';
import type { BranchPort, ReviewPort, TextsPort } from './ports.ts';
import { openRunbookBranch } from './runbook-branch.ts';

export interface ChangePorts {
  /** Null: no repository is configured. */
  readonly branches: BranchPort | null;
  readonly reviews: ReviewPort | null;
  readonly texts: TextsPort;
  /** The branch that production is built from. */
  readonly baseBranch: string;
}

export function createChangeActivities({ branches, reviews, texts, baseBranch }: ChangePorts): ChangeActivities {
  return {
    async openFixBranch(input) {
      const branch = fixBranchName(input.prefix, input.about, input.incidentId);
      const { files, message, key, at } = input;
      const commit = { branch, base: baseBranch, files, message, key, at };
      const pushed = await configured(branches, REPOSITORY).pushBranch(commit);
      return { branch: pushed.branch, sha: pushed.sha, alreadyThere: pushed.found };
    },
    openRunbookBranch(input) {
      const branch = fixBranchName(input.prefix, input.about, input.incidentId);
      return openRunbookBranch(configured(branches, REPOSITORY), texts, { ...input, branch, base: baseBranch });
    },
    async openPullRequest(input) {
      const pull = await configured(reviews, GITHUB).open({ ...input, base: baseBranch });
      const { number, url, headSha, found, state } = pull;
      return { number, url, headSha, alreadyThere: found, open: state === 'open' };
    },
    requestReviewers: ({ number, reviewers }) => configured(reviews, GITHUB).requestReviewers(number, reviewers),
    async awaitReview({ number, pollSeconds }) {
      const { pull, approvedBy, changesRequestedBy } = await configured(reviews, GITHUB).reviews(number);
      const done = pull.state !== 'open' || (approvedBy.length > 0 && changesRequestedBy.length === 0);
      if (!done) throw notYet(`#${number} waits for a review`, pollSeconds);
      return { state: pull.state, headSha: pull.headSha, approvedBy, changesRequestedBy };
    },
    async readReviews({ number }) {
      const { pull, approvedBy, changesRequestedBy } = await configured(reviews, GITHUB).reviews(number);
      return { state: pull.state, headSha: pull.headSha, approvedBy, changesRequestedBy };
    },
    async mergePullRequest({ number, headSha }) {
      const { mergeSha, found } = await configured(reviews, GITHUB).merge(number, headSha);
      return { sha: mergeSha, alreadyThere: found };
    },
  };
}

const REPOSITORY = 'No repository is configured. Set GIT_REPOSITORY_URL (and GIT_TOKEN) for the worker.';
const GITHUB = 'GitHub is not configured. Set GITHUB_TOKEN and GITHUB_REPOSITORY for the worker.';
const ABOUT_CHARACTERS = 40;

/** `fix/slow-query-incident-20241023-1430`: the same incident and words give the same name (R5.9). */
export function fixBranchName(prefix: string, about: string, incidentId: string): string {
  const slug = (text: string) =>
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/gu, '-')
      .replace(/^-+|-+$/gu, '');
  const words = slug(about).slice(0, ABOUT_CHARACTERS).replace(/-+$/u, '') || 'change';
  return `${prefix}${words}-${slug(incidentId)}`;
}

function configured<T>(port: T | null, otherwise: string): T {
  if (port === null) throw failure('Invalid', otherwise);
  return port;
}
