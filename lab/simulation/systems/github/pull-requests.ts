import type { WireRequest, WireResponse } from '../../wire/exchange.ts';
import type { GitHost } from '../git/git-host.ts';
import type { Answers } from './rules.ts';
import { GITHUB_LIMITS, GITHUB_RULES } from './rules.ts';

export interface Review {
  readonly login: string;
  readonly state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED';
  readonly body: string;
  readonly atMs: number;
  /** The head that was reviewed. */
  readonly commit: string;
}

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly head: string;
  readonly base: string;
  readonly openedAtMs: number;
  state: 'open' | 'closed';
  mergedAtMs: number | null;
  mergeCommit: string | null;
  askedAtMs: number | null;
  readonly reviewers: Set<string>;
  readonly teams: Set<string>;
  readonly reviews: Review[];
}

interface Parts {
  readonly repository: string;
  readonly git: GitHost;
  readonly clock: () => number;
  readonly collaborators: readonly string[];
  readonly teams: readonly string[];
  readonly answers: Answers;
  readonly mayWrite: boolean;
  /** Somebody who was asked approves after this long; null: nobody reviews by themselves. */
  readonly reviewAfterMs: number | null;
}

const AUTHOR = 'incident-bot';

export class PullRequests {
  readonly all: PullRequest[] = [];
  readonly #merging = new Set<number>();
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `head=owner:branch`, `base`, `state`. */
  list(request: WireRequest): readonly unknown[] {
    const state = request.query.get('state') ?? 'open';
    const head = request.query.get('head');
    const base = request.query.get('base');
    const owner = this.#parts.repository.split('/')[0];
    return (
      [...this.all]
        .reverse()
        .filter((pull) => state === 'all' || pull.state === state)
        // Without `owner:` GitHub ignores the filter.
        .filter((pull) => head === null || !head.includes(':') || head === `${owner}:${pull.head}`)
        .filter((pull) => base === null || base === pull.base)
        .map((pull) => this.json(pull))
    );
  }

  open(request: WireRequest): WireResponse {
    if (!this.#parts.mayWrite) return this.#parts.answers.refuse(GITHUB_RULES.rights);
    const { title, head, base, body = '' } = request.json() as Record<string, unknown>;
    if (typeof title !== 'string' || title === '') return this.#invalid({ code: 'missing_field', field: 'title' });
    if (title.length > GITHUB_LIMITS.titleCharacters)
      return this.#invalid({
        code: 'custom',
        field: 'title',
        message: 'title is too long (maximum is 256 characters)',
      });
    if (typeof body !== 'string' || body.length > GITHUB_LIMITS.bodyCharacters)
      return this.#invalid({
        code: 'custom',
        field: 'body',
        message: 'body is too long (maximum is 65536 characters)',
      });
    const [headSha, baseSha] = [head, base].map((name) =>
      typeof name === 'string' ? this.#parts.git.head(name.split(':').at(-1) ?? '') : null,
    );
    if (typeof head !== 'string' || headSha === null) return this.#invalid({ code: 'invalid', field: 'head' });
    if (typeof base !== 'string' || baseSha === null) return this.#invalid({ code: 'invalid', field: 'base' });
    const branch = head.split(':').at(-1) ?? '';
    if (headSha === baseSha)
      return this.#invalid({ code: 'custom', message: `No commits between ${base} and ${branch}` });
    if (this.all.some((pull) => pull.state === 'open' && pull.head === branch && pull.base === base)) {
      const owner = this.#parts.repository.split('/')[0];
      return this.#invalid({ code: 'custom', message: `A pull request already exists for ${owner}:${branch}.` });
    }
    const pull: PullRequest = {
      number: this.all.length + 1,
      title,
      body,
      head: branch,
      base,
      openedAtMs: this.#parts.clock(),
      state: 'open',
      mergedAtMs: null,
      mergeCommit: null,
      askedAtMs: null,
      reviewers: new Set(),
      teams: new Set(),
      reviews: [],
    };
    this.all.push(pull);
    return { status: 201, body: this.json(pull), note: `#${pull.number} ${branch}` };
  }

  requestReviewers(request: WireRequest): WireResponse {
    return this.withOne(request, (pull) => {
      const { reviewers = [], team_reviewers: teams = [] } = request.json() as {
        reviewers?: readonly string[];
        team_reviewers?: readonly string[];
      };
      const stranger = [
        ...reviewers.filter((one) => !this.#parts.collaborators.includes(one)),
        ...teams.filter((one) => !this.#parts.teams.includes(one)),
      ];
      if (reviewers.includes(AUTHOR)) return this.#refused('Review cannot be requested from pull request author.');
      if (stranger.length > 0)
        return this.#refused(
          'Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the repository.',
        );
      for (const one of reviewers) pull.reviewers.add(one);
      for (const one of teams) pull.teams.add(one);
      pull.askedAtMs ??= this.#parts.clock();
      return { status: 201, body: this.json(pull), note: `#${pull.number} ${[...reviewers, ...teams].join(', ')}` };
    });
  }

  review(number: number, review: Omit<Review, 'commit'>): void {
    const pull = this.all.find((one) => one.number === number);
    if (pull === undefined) throw new Error(`There is no pull request #${number}.`);
    // Whoever has reviewed is no longer asked to.
    pull.reviewers.delete(review.login);
    pull.reviews.push({ ...review, commit: this.#parts.git.head(pull.head) ?? '' });
  }

  #reviewWhenDue(pull: PullRequest): void {
    const { reviewAfterMs, clock, collaborators } = this.#parts;
    if (reviewAfterMs === null || pull.askedAtMs === null || pull.reviews.length > 0 || pull.state !== 'open') return;
    const login = [...pull.reviewers][0] ?? collaborators.find((one) => one !== AUTHOR);
    if (login !== undefined && clock() >= pull.askedAtMs + reviewAfterMs)
      this.review(pull.number, { login, state: 'APPROVED', body: 'Looks right.', atMs: clock() });
  }

  async merge(request: WireRequest): Promise<WireResponse> {
    const pull = this.#find(request);
    const { answers, git, clock } = this.#parts;
    if (pull === undefined) return answers.refuse(GITHUB_RULES.resource);
    if (!this.#parts.mayWrite) return answers.refuse(GITHUB_RULES.rights);
    if (pull.state === 'closed') return answers.refuse(GITHUB_RULES.notMergeable);
    const { sha, merge_method: method = 'merge' } = request.json() as { sha?: string; merge_method?: string };
    if (!['merge', 'squash', 'rebase'].includes(method)) return this.#refused('Invalid merge_method');
    if (sha !== undefined && sha !== git.head(pull.head)) return answers.refuse(GITHUB_RULES.mergeSha);
    // Two merges of one pull request are not done at once; the second is told so.
    if (this.#merging.has(pull.number)) return answers.refuse(GITHUB_RULES.mergeInProgress);
    this.#merging.add(pull.number);
    const merged = await git.merge(pull.head, `${pull.title} (#${pull.number})`, AUTHOR);
    this.#merging.delete(pull.number);
    if (merged === null) return answers.refuse(GITHUB_RULES.notMergeable);
    pull.state = 'closed';
    pull.mergedAtMs = clock();
    pull.mergeCommit = merged;
    return {
      status: 200,
      body: { sha: merged, merged: true, message: 'Pull Request successfully merged' },
      note: `#${pull.number} merged`,
    };
  }

  withOne(request: WireRequest, answer: (pull: PullRequest) => WireResponse): WireResponse {
    const pull = this.#find(request);
    return pull === undefined ? this.#parts.answers.refuse(GITHUB_RULES.resource) : answer(pull);
  }

  json(pull: PullRequest) {
    const { answers, git, repository } = this.#parts;
    return {
      number: pull.number,
      state: pull.state,
      title: pull.title,
      body: pull.body,
      merged: pull.mergedAtMs !== null,
      merged_at: pull.mergedAtMs === null ? null : answers.iso(pull.mergedAtMs),
      merge_commit_sha: pull.mergeCommit,
      html_url: `https://github.com/${repository}/pull/${pull.number}`,
      head: { ref: pull.head, sha: git.head(pull.head) },
      base: { ref: pull.base, sha: git.head(pull.base) },
      requested_reviewers: [...pull.reviewers].map((login) => ({ login })),
      requested_teams: [...pull.teams].map((slug) => ({ slug })),
      created_at: answers.iso(pull.openedAtMs),
    };
  }

  reviewsJson(pull: PullRequest) {
    this.#reviewWhenDue(pull);
    return pull.reviews.map((review, index) => ({
      id: pull.number * 1000 + index,
      user: { login: review.login },
      state: review.state,
      body: review.body,
      commit_id: review.commit,
      submitted_at: this.#parts.answers.iso(review.atMs),
    }));
  }

  #find(request: WireRequest): PullRequest | undefined {
    return this.all.find((one) => String(one.number) === request.params.number);
  }

  #invalid(error: Readonly<Record<string, unknown>>): WireResponse {
    return this.#parts.answers.refuse(GITHUB_RULES.validation, { errors: [{ resource: 'PullRequest', ...error }] });
  }

  #refused(message: string): WireResponse {
    return this.#parts.answers.refuse(GITHUB_RULES.validation, { message });
  }
}
