import type { ChangePorts } from '../activities/changes/activities.ts';
import type { DocumentsClient } from '../activities/documents/client.ts';
import { createElasticsearchClient } from '../activities/elasticsearch/client.ts';
import type { ChangeSource, LogSearchPort } from '../activities/evidence/ports.ts';
import { createGitClient, createLocalHistory, type GitClient } from '../activities/git/client.ts';
import { createGitHubClient, type GitHubSettings } from '../activities/github/client.ts';
import { createPullRequestClient } from '../activities/github/pull-requests.ts';
import { createGrafanaClient, type GrafanaClient } from '../activities/grafana/client.ts';
import type { WorkerEnv } from '../config/env.ts';
import type { BuildFact, CommitFact } from '../domain/evidence.ts';
import type { Instant } from '../domain/instant.ts';

const TIMEOUT_MILLISECONDS = 5_000;

/** What the environment does not name is left out: evidence then says that nothing is configured. */
export function commitSources(env: WorkerEnv): readonly ChangeSource<CommitFact>[] {
  const github = gitHub(env);
  const local = gitSources(env);
  if (github === null) return local;
  return [
    ...local,
    {
      name: 'GitHub',
      between: (window) => github.commits(window),
      command: ({ fromAt, untilAt }) =>
        `gh api 'repos/${env.GITHUB_REPOSITORY}/commits?since=${fromAt}&until=${untilAt}'`,
    },
  ];
}

/** The team's repository on this machine, read beside GitHub; the remote one only where there is no GitHub. */
function gitSources(env: WorkerEnv): readonly ChangeSource<CommitFact>[] {
  const command: ChangeSource<CommitFact>['command'] = ({ fromAt, untilAt }) =>
    `git log --oneline --since=${fromAt} --until=${untilAt}`;
  const local =
    env.GIT_REPOSITORY_DIR === undefined ? null : createLocalHistory(env.GIT_REPOSITORY_DIR, TIMEOUT_MILLISECONDS);
  const remote = local === null && gitHub(env) === null ? gitRepository(env, env.GIT_REPOSITORY_URL) : null;
  return [local, remote].flatMap((source) =>
    source === null ? [] : [{ name: 'git', command, between: (window) => source.commits(window) }],
  );
}

/** A push takes longer than a question. */
const PUSH_MILLISECONDS = 20_000;

export function gitRepository(env: WorkerEnv, url: string | undefined): GitClient | null {
  if (url === undefined) return null;
  return createGitClient({
    url,
    username: env.GIT_USERNAME,
    token: env.GIT_TOKEN ?? null,
    timeoutMilliseconds: PUSH_MILLISECONDS,
    committer: { name: env.GIT_COMMITTER_NAME, email: env.GIT_COMMITTER_EMAIL },
  });
}

/** What changes to the code go through (R5.9). */
export function changePorts(env: WorkerEnv, texts: ChangePorts['texts']): ChangePorts {
  const settings = gitHubSettings(env);
  return {
    branches: gitRepository(env, env.GIT_REPOSITORY_URL),
    reviews: settings === null ? null : createPullRequestClient(settings),
    texts,
    baseBranch: env.GIT_BASE_BRANCH,
  };
}

/** Documents as commits on a branch: whoever reads the repository sees them, and git keeps what they said before (R6.3). */
export function repositoryDocuments(git: GitClient, branch: string, clock: () => Instant): DocumentsClient {
  return {
    read: (path) => git.read(branch, path),
    async write(path, text) {
      const { sha } = await git.pushOnto({
        branch,
        files: [{ path, text }],
        message: `docs: ${path.split('/').at(-1)}`,
        key: path,
        at: clock(),
      });
      return { location: `${path} at ${sha.slice(0, 12)}` };
    },
  };
}

export function buildSources(env: WorkerEnv): readonly ChangeSource<BuildFact>[] {
  const github = gitHub(env);
  const actions: ChangeSource<BuildFact> | null = github && {
    name: 'GitHub Actions',
    between: (window) => github.runs(window),
    command: ({ fromAt }) => `gh run list --repo ${env.GITHUB_REPOSITORY} --created '>=${fromAt}'`,
  };
  return actions === null ? [] : [actions];
}

export function logSearchPort(env: WorkerEnv): LogSearchPort | null {
  if (env.ELASTICSEARCH_URL === undefined) return null;
  return createElasticsearchClient({
    url: env.ELASTICSEARCH_URL,
    apiKey: env.ELASTICSEARCH_API_KEY ?? null,
    index: env.ELASTICSEARCH_INDEX,
    kibana: env.KIBANA_URL === undefined ? null : { url: env.KIBANA_URL, dataViewId: env.KIBANA_DATA_VIEW },
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
}

export function grafana(env: WorkerEnv): GrafanaClient | null {
  if (env.GRAFANA_URL === undefined || env.GRAFANA_TOKEN === undefined) return null;
  const { GRAFANA_URL: url, GRAFANA_TOKEN: token } = env;
  return createGrafanaClient({ url, token, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
}

function gitHub(env: WorkerEnv) {
  const settings = gitHubSettings(env);
  return settings === null ? null : createGitHubClient(settings);
}

function gitHubSettings(env: WorkerEnv): GitHubSettings | null {
  const { GITHUB_API_URL: apiUrl, GITHUB_TOKEN: token, GITHUB_REPOSITORY: repository } = env;
  if (token === undefined || repository === undefined) return null;
  return { apiUrl, token, repository, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
}
