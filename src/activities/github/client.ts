import { z } from 'zod';
import type { BuildFact, CommitFact } from '../../domain/evidence.ts';
import { type Instant, instant } from '../../domain/instant.ts';
import { failure } from '../failures.ts';
import { createHttpClient, failureOfAnswer, type HttpRequest, parseJson, type WholeAnswer } from '../http.ts';
import { redactSecrets } from '../redaction.ts';

export interface GitHubSettings {
  /** `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server. */
  readonly apiUrl: string;
  readonly token: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly timeoutMilliseconds: number;
}

export interface Window {
  readonly fromAt: Instant;
  readonly untilAt: Instant;
}

/** What was found in a window; `complete` is false when there was more than is read. */
export interface Found<T> {
  readonly found: readonly T[];
  readonly complete: boolean;
}

export interface GitHubClient {
  /** Commits of the default branch, newest first (R2.12, R5.3). */
  commits(window: Window): Promise<Found<CommitFact>>;
  /** Runs of GitHub Actions that were created in the window, newest first (R2.13). */
  runs(window: Window): Promise<Found<BuildFact>>;
}

export function createGitHubClient(settings: GitHubSettings): GitHubClient {
  const call = gitHubCaller(settings);
  return {
    async commits({ fromAt, untilAt }) {
      const query = { since: seconds(fromAt), until: seconds(untilAt) };
      const { found, complete } = await pages(call, '/commits', query, z.array(COMMIT));
      return { found: found.map(commitFact), complete };
    },
    async runs({ fromAt, untilAt }) {
      const query = { created: `${seconds(fromAt)}..${seconds(untilAt)}` };
      const shape = z.object({ workflow_runs: z.array(RUN) }).transform((body) => body.workflow_runs);
      const { found, complete } = await pages(call, '/actions/runs', query, shape);
      return { found: found.map(runFact), complete };
    },
  };
}

const NAME = 'GitHub';
const PER_PAGE = 100;
/** Three hundred commits in a window are more than anybody reads; the rest is said to be missing. */
const MOST_PAGES = 3;
const MESSAGE_CHARACTERS = 200;

/** One call for a path under `/repos/{owner}/{name}`. */
export interface GitHubCall {
  <T>(request: HttpRequest, shape: z.ZodType<T>): Promise<T>;
  /** Any status answered. */
  answer(request: HttpRequest): Promise<WholeAnswer>;
  /** The failure that an answer means, without the token should GitHub have repeated it. */
  failed(answer: WholeAnswer): Error;
  redact(words: string): string;
}

export function gitHubCaller({ apiUrl, token, repository, timeoutMilliseconds }: GitHubSettings): GitHubCall {
  const http = createHttpClient({
    name: NAME,
    baseUrl: apiUrl,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'incident-runbook',
    },
    secrets: [token],
    timeoutMilliseconds,
  });
  const repo = `/repos/${repository.split('/').map(encodeURIComponent).join('/')}`;
  const answer: GitHubCall['answer'] = (request) => http.send({ ...request, path: `${repo}${request.path}` });
  const failed = (got: WholeAnswer) => failureOfAnswer(NAME, got, [token]);
  const call = async <T>(request: HttpRequest, shape: z.ZodType<T>): Promise<T> => {
    const got = await answer(request);
    if (got.status < 200 || got.status > 299) throw failed(got);
    return parseJson(NAME, got, shape);
  };
  return Object.assign(call, { answer, failed, redact: (words: string) => redactSecrets(words, [token]) });
}

/**
 * Pages are asked for by number and only whether there is a next one is taken from the Link header: an address in an
 * answer is never followed, since our token would go with it.
 */
async function pages<T>(
  call: GitHubCall,
  path: string,
  query: Readonly<Record<string, string>>,
  shape: z.ZodType<readonly T[]>,
): Promise<Found<T>> {
  const found: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const answer = await call.answer({ path, query: { ...query, per_page: PER_PAGE, page } });
    if (answer.status < 200 || answer.status > 299) throw call.failed(answer);
    const part = parseJson(NAME, answer, shape);
    found.push(...part);
    if (part.length === 0 || !/;\s*rel="next"/.test(answer.headers.get('link') ?? '')) return { found, complete: true };
  }
  return { found, complete: false };
}

const COMMIT = z.object({
  sha: z.string(),
  html_url: z.string().nullish(),
  commit: z.object({
    message: z.string(),
    author: z.object({ name: z.string().nullish() }).nullish(),
    committer: z.object({ date: z.string() }).nullish(),
  }),
});

function commitFact({ sha, html_url, commit }: z.infer<typeof COMMIT>): CommitFact {
  return {
    sha,
    committedAt: instantOf(commit.committer?.date),
    author: commit.author?.name ?? 'unknown',
    message: firstLine(commit.message),
    link: html_url ?? null,
  };
}

const RUN = z.object({
  name: z.string().nullish(),
  run_number: z.number(),
  head_branch: z.string().nullish(),
  display_title: z.string().nullish(),
  status: z.string().nullish(),
  conclusion: z.string().nullish(),
  created_at: z.string(),
  run_started_at: z.string().nullish(),
  updated_at: z.string(),
  html_url: z.string().nullish(),
});

function runFact(run: z.infer<typeof RUN>): BuildFact {
  const result = resultOf(run.status ?? null, run.conclusion ?? null);
  return {
    system: 'GitHub Actions',
    name: run.name ?? 'workflow',
    number: run.run_number,
    result,
    startedAt: instantOf(run.run_started_at ?? run.created_at),
    finishedAt: result === 'running' ? null : instantOf(run.updated_at),
    branch: run.head_branch ?? null,
    changes: run.display_title == null ? [] : [firstLine(run.display_title)],
    link: run.html_url ?? null,
  };
}

function resultOf(status: string | null, conclusion: string | null): BuildFact['result'] {
  if (status !== 'completed') return 'running';
  switch (conclusion) {
    case 'success':
    case 'neutral':
    case 'skipped':
      return 'succeeded';
    case 'failure':
    case 'timed_out':
    case 'startup_failure':
      return 'failed';
    case 'cancelled':
    case 'stale':
      return 'cancelled';
    default:
      return 'unknown';
  }
}

export function firstLine(message: string): string {
  return (message.split(/\r?\n/, 1)[0] ?? '').slice(0, MESSAGE_CHARACTERS);
}

function instantOf(text: string | undefined): Instant {
  const ms = Date.parse(text ?? '');
  if (Number.isNaN(ms)) throw failure('Unavailable', `${NAME} answered in a shape we do not know: a date is missing.`);
  return instant(ms);
}

/** GitHub takes whole seconds. */
function seconds(at: Instant): string {
  return `${at.slice(0, 19)}Z`;
}
