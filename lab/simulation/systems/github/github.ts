import { GITHUB_REQUEST_RULES } from '../../vendor-rules/github.ts';
import type { WireHandler, WireRequest, WireResponse } from '../../wire/exchange.ts';
import type { WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import { createWireServer } from '../../wire/server.ts';
import type { GitHost, HostedCommit } from '../git/git-host.ts';
import { runsOf } from './actions-runs.ts';
import { type PullRequest, PullRequests, type Review } from './pull-requests.ts';
import { ANSWERS, GITHUB_LIMITS, GITHUB_RULES } from './rules.ts';

export interface GitHub {
  readonly repository: string;
  readonly pullRequests: readonly PullRequest[];
  /** A person reviews; throws when there is no such pull request. */
  review(number: number, review: Omit<Review, 'commit'>): void;
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

export interface GitHubOptions {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  /** `owner/name`. */
  readonly repository: string;
  readonly token: string;
  readonly git: GitHost;
  /** Logins that may be asked for a review, and team slugs. */
  readonly collaborators: readonly string[];
  readonly teams: readonly string[];
  /** Somebody who was asked approves after this long; absent: only `review` does. */
  readonly reviewAfterMs?: number;
  /** What the token may do; everything when left out. */
  readonly rights?: { readonly push: boolean; readonly actions: boolean; readonly pulls: boolean };
}

/** GitHub's REST API for one repository whose branches are really there, in the git host beside it. */
export function createGitHub(options: GitHubOptions): GitHub {
  const { git, repository, clock } = options;
  const rights = options.rights ?? { push: true, actions: true, pulls: true };
  const { reviewAfterMs = null } = options;
  const pulls = new PullRequests({ ...options, reviewAfterMs, answers: ANSWERS, mayWrite: rights.pulls });
  const server = createWireServer({
    system: 'github',
    clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      unauthorised: () => ANSWERS.refuse(GITHUB_RULES.credentials),
      // The primary limit is a 403 without Retry-After: only the reset says when to come back.
      'rate-limited': (fault) => ({
        ...ANSWERS.refuse(GITHUB_RULES.rateLimit),
        headers: limitHeaders(0, clock() + (fault.kind === 'rate-limited' ? fault.retryAfterSeconds : 60) * 1000),
      }),
    },
    rules: {
      all: GITHUB_REQUEST_RULES,
      admits: ({ headers }) => headers.authorization === `Bearer ${options.token}`,
      refuse: ({ at, call, must }) =>
        ANSWERS.refuse(GITHUB_RULES.validation, {
          errors: [
            {
              resource: call.includes('pulls') ? 'PullRequest' : 'Repository',
              field: at.split(' ')[1],
              code: must.kind === 'present' ? 'missing_field' : 'invalid',
            },
          ],
        }),
    },
    notFound: () => ANSWERS.refuse(GITHUB_RULES.resource),
  });
  let used = 0;

  const guarded =
    (handler: WireHandler): WireHandler =>
    async (request) => {
      used += 1;
      const answer = await refusedOr(request, handler);
      const reset = (Math.floor(clock() / 3_600_000) + 1) * 3_600_000;
      return { ...answer, headers: { ...limitHeaders(GITHUB_LIMITS.requestsAnHour - used, reset), ...answer.headers } };
    };

  function refusedOr(request: WireRequest, handler: WireHandler): WireResponse | Promise<WireResponse> {
    if (!request.headers['user-agent']) return ANSWERS.refuse(GITHUB_RULES.userAgent);
    const version = request.headers['x-github-api-version'];
    if (version !== undefined && !GITHUB_LIMITS.versions.some((one) => one === version))
      return ANSWERS.refuse(GITHUB_RULES.apiVersion);
    if (request.headers.authorization !== `Bearer ${options.token}`) return ANSWERS.refuse(GITHUB_RULES.credentials);
    if (`${request.params.owner}/${request.params.name}`.toLowerCase() !== repository.toLowerCase())
      return ANSWERS.refuse(GITHUB_RULES.resource);
    return handler(request);
  }

  const route = (method: string, path: string, handler: WireHandler) =>
    server.route(method, `/repos/:owner/:name${path}`, guarded(handler));

  route('GET', '', () => ({
    status: 200,
    body: {
      full_name: repository,
      default_branch: 'main',
      private: true,
      permissions: { admin: false, maintain: false, push: rights.push, triage: rights.push, pull: true },
    },
  }));
  route('GET', '/commits', (request) => {
    const bad = ['since', 'until'].find((name) => isBadDate(request.query.get(name)));
    if (bad !== undefined) return ANSWERS.refuse(GITHUB_RULES.validation, { errors: [`${bad} is not a timestamp`] });
    const since = Date.parse(request.query.get('since') ?? '1970-01-01T00:00:00Z');
    const until = Date.parse(request.query.get('until') ?? '9999-01-01T00:00:00Z');
    const found = git.main().filter(({ atMs }) => atMs >= since && atMs <= until);
    return paged(request, [...found].reverse().map(commitJson));
  });
  route('GET', '/actions/runs', (request) => {
    if (!rights.actions) return ANSWERS.refuse(GITHUB_RULES.rights);
    const [from, until] = createdRange(request.query.get('created'));
    const all = runsOf(git.main(), repository, clock()).filter((run) => {
      const created = Date.parse(run.created_at);
      return created >= from && created <= until;
    });
    const answer = paged(request, all);
    return { ...answer, body: { total_count: all.length, workflow_runs: answer.body } };
  });
  route('GET', '/pulls', (request) =>
    rights.pulls ? paged(request, pulls.list(request)) : ANSWERS.refuse(GITHUB_RULES.rights),
  );
  route('POST', '/pulls', (request) => pulls.open(request));
  route('GET', '/pulls/:number', (request) =>
    pulls.withOne(request, (pull) => ({ status: 200, body: pulls.json(pull) })),
  );
  route('POST', '/pulls/:number/requested_reviewers', (request) => pulls.requestReviewers(request));
  route('GET', '/pulls/:number/reviews', (request) =>
    pulls.withOne(request, (pull) => paged(request, pulls.reviewsJson(pull))),
  );
  route('PUT', '/pulls/:number/merge', (request) => pulls.merge(request));

  function commitJson(commit: HostedCommit) {
    const who = { name: commit.author, email: 'someone@noaserver.example', date: ANSWERS.iso(commit.atMs) };
    return {
      sha: commit.sha,
      html_url: `https://github.com/${repository}/commit/${commit.sha}`,
      commit: { message: commit.message, author: who, committer: who, comment_count: 0 },
      parents: commit.parent === null ? [] : [{ sha: commit.parent }],
    };
  }

  return {
    repository,
    pullRequests: pulls.all,
    review: (number, review) => pulls.review(number, review),
    listen: (port) => server.listen(port),
    close: () => server.close(),
  };
}

function paged(request: WireRequest, all: readonly unknown[]): WireResponse {
  const wanted = Number(request.query.get('per_page') ?? GITHUB_LIMITS.perPageDefault);
  const perPage = Math.min(Math.max(1, wanted || GITHUB_LIMITS.perPageDefault), GITHUB_LIMITS.perPage);
  const page = Math.max(1, Number(request.query.get('page') ?? 1) || 1);
  const body = all.slice((page - 1) * perPage, page * perPage);
  if (all.length <= page * perPage) return { status: 200, body };
  const next = new URLSearchParams(request.query);
  next.set('page', String(page + 1));
  return {
    status: 200,
    body,
    headers: { link: `<http://${request.headers.host}${request.path}?${next}>; rel="next"` },
  };
}

function limitHeaders(remaining: number, resetMs: number): Record<string, string> {
  return {
    'x-ratelimit-limit': String(GITHUB_LIMITS.requestsAnHour),
    'x-ratelimit-remaining': String(Math.max(0, remaining)),
    'x-ratelimit-reset': String(Math.ceil(resetMs / 1000)),
  };
}

function isBadDate(text: string | null): boolean {
  return text !== null && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
}

/** `A..B`, `>=A`, `<=B` as in the search for issues. */
function createdRange(text: string | null): readonly [number, number] {
  if (text === null) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (text.includes('..')) {
    const [from = '', until = ''] = text.split('..');
    return [Date.parse(from), Date.parse(until)];
  }
  const at = Date.parse(text.replace(/^[<>]=?/, ''));
  return text.startsWith('<') ? [Number.NEGATIVE_INFINITY, at] : [at, Number.POSITIVE_INFINITY];
}
