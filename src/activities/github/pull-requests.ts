import { z } from 'zod';
import { failure } from '../failures.ts';
import { parseJson } from '../http.ts';
import { type GitHubSettings, gitHubCaller } from './client.ts';

export interface PullRequestText {
  readonly branch: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
}

export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly headSha: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly mergeSha: string | null;
}

export interface Reviews {
  /** Who has approved the present head, and not taken it back since. */
  readonly approvedBy: readonly string[];
  readonly changesRequestedBy: readonly string[];
  readonly pull: PullRequest;
}

export interface PullRequestClient {
  /** Opens one for the branch, or finds the one that is open or was merged. */
  open(text: PullRequestText): Promise<PullRequest & { readonly found: boolean }>;
  /** People by login, teams by `team:` and their slug; asking again changes nothing. */
  requestReviewers(number: number, reviewers: readonly string[]): Promise<void>;
  reviews(number: number): Promise<Reviews>;
  /** Merges that very head; `Conflict` when the branch has moved since. One that is merged already is found. */
  merge(number: number, headSha: string): Promise<{ readonly mergeSha: string; readonly found: boolean }>;
}

export function createPullRequestClient(settings: GitHubSettings): PullRequestClient {
  const call = gitHubCaller(settings);
  const owner = settings.repository.split('/')[0] ?? '';
  const one = async (number: number) => pullRequest(await call({ path: `/pulls/${number}` }, PULL));
  const find = async ({ branch, base }: PullRequestText): Promise<PullRequest | null> => {
    const query = { head: `${owner}:${branch}`, base, state: 'all', per_page: 20 };
    const all = (await call({ path: '/pulls', query }, z.array(PULL))).map(pullRequest);
    return all.find(({ state }) => state === 'open') ?? all.find(({ state }) => state === 'merged') ?? null;
  };
  return {
    async open(text) {
      const existing = await find(text);
      if (existing !== null) return { ...existing, found: true };
      const json = {
        title: text.title.slice(0, TITLE_CHARACTERS),
        head: text.branch,
        base: text.base,
        body: text.body.slice(0, BODY_CHARACTERS),
      };
      const answer = await call.answer({ method: 'POST', path: '/pulls', json });
      if (answer.status === 201) return { ...pullRequest(parseJson(NAME, answer, PULL)), found: false };
      // 422 also says that another worker was quicker: then it is there.
      const quicker = answer.status === 422 ? await find(text) : null;
      if (quicker !== null) return { ...quicker, found: true };
      throw answer.status === 422 ? failure('Invalid', call.redact(unprocessable(answer.text))) : call.failed(answer);
    },
    async requestReviewers(number, reviewers) {
      if (reviewers.length === 0) return;
      const teams = reviewers.filter((name) => name.startsWith(TEAM)).map((name) => name.slice(TEAM.length));
      const people = reviewers.filter((name) => !name.startsWith(TEAM));
      const json = { reviewers: people, team_reviewers: teams };
      const answer = await call.answer({ method: 'POST', path: `/pulls/${number}/requested_reviewers`, json });
      if (answer.status === 422) throw failure('Invalid', call.redact(unprocessable(answer.text)));
      if (answer.status < 200 || answer.status > 299) throw call.failed(answer);
    },
    async reviews(number) {
      const [pull, reviews] = await Promise.all([
        one(number),
        call({ path: `/pulls/${number}/reviews`, query: { per_page: 100 } }, z.array(REVIEW)),
      ]);
      return { pull, ...verdicts(reviews, pull.headSha) };
    },
    async merge(number, headSha) {
      const before = await one(number);
      if (before.state === 'merged') return { mergeSha: before.mergeSha ?? headSha, found: true };
      const json = { sha: headSha, merge_method: 'squash' };
      const answer = await call.answer({ method: 'PUT', path: `/pulls/${number}/merge`, json });
      if (answer.status === 200) return { mergeSha: parseJson(NAME, answer, MERGED).sha, found: false };
      const after = await one(number);
      if (after.state === 'merged') return { mergeSha: after.mergeSha ?? headSha, found: true };
      // Another worker's merge is under way, or somebody else's moved the base: a moment later it can be told.
      if (answer.status === 405 && /in progress|base branch was modified/iu.test(answer.text))
        throw failure('Unavailable', `${NAME} is merging something else.`, { retryAfterSeconds: AGAIN_SECONDS });
      if (answer.status === 405)
        throw failure(
          'Conflict',
          `${NAME} cannot merge #${number}: it conflicts with its base, or a rule of the branch is not met.`,
        );
      throw call.failed(answer);
    },
  };
}

const NAME = 'GitHub';
const TEAM = 'team:';
const AGAIN_SECONDS = 2;
const TITLE_CHARACTERS = 256;
const BODY_CHARACTERS = 65_536;

const PULL = z.object({
  number: z.number(),
  html_url: z.string(),
  state: z.string(),
  merged_at: z.string().nullish(),
  merge_commit_sha: z.string().nullish(),
  head: z.object({ sha: z.string().nullable() }),
});
const REVIEW = z.object({
  user: z.object({ login: z.string() }).nullish(),
  state: z.string(),
  commit_id: z.string().nullish(),
});
const MERGED = z.object({ sha: z.string() });

function pullRequest(pull: z.infer<typeof PULL>): PullRequest {
  const merged = pull.merged_at != null;
  return {
    number: pull.number,
    url: pull.html_url,
    headSha: pull.head.sha ?? '',
    state: merged ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    mergeSha: merged ? (pull.merge_commit_sha ?? null) : null,
  };
}

/** The last word of each person counts; an approval of an older head is none of what would be merged. */
function verdicts(reviews: readonly z.infer<typeof REVIEW>[], headSha: string) {
  const last = new Map<string, z.infer<typeof REVIEW>>();
  for (const review of reviews) {
    if (review.user != null && review.state !== 'COMMENTED' && review.state !== 'PENDING')
      last.set(review.user.login, review);
  }
  const said = (state: string) => [...last].filter(([, review]) => review.state === state);
  return {
    approvedBy: said('APPROVED')
      .filter(([, review]) => review.commit_id === headSha)
      .map(([login]) => login),
    changesRequestedBy: said('CHANGES_REQUESTED').map(([login]) => login),
  };
}

/** GitHub puts the reason of a 422 into a list beside a message that says nothing. */
function unprocessable(text: string): string {
  const shape = z.object({
    message: z.string().optional(),
    errors: z
      .array(
        z.union([
          z.string(),
          z.object({ message: z.string().optional(), field: z.string().optional(), code: z.string().optional() }),
        ]),
      )
      .optional(),
  });
  const parsed = shape.safeParse(jsonOrNull(text));
  const errors = (parsed.data?.errors ?? []).map((error) =>
    typeof error === 'string' ? error : (error.message ?? `${error.field ?? 'a field'} is ${error.code ?? 'wrong'}`),
  );
  return `${NAME} refused: ${[parsed.data?.message, ...errors].filter(Boolean).join('; ').slice(0, 300) || 'it did not say why'}.`;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
