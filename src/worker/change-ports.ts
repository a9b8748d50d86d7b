import { createElasticsearchClient } from '../activities/elasticsearch/client.ts';
import type { ChangeSource, LogSearchPort } from '../activities/evidence/ports.ts';
import { createGitHubClient } from '../activities/github/client.ts';
import { createGrafanaClient, type GrafanaClient } from '../activities/grafana/client.ts';
import { createJenkinsClient } from '../activities/jenkins/client.ts';
import type { WorkerEnv } from '../config/env.ts';
import type { BuildFact, CommitFact } from '../domain/evidence.ts';

const TIMEOUT_MILLISECONDS = 5_000;

/** What the environment does not name is left out: evidence then says that nothing is configured. */
export function commitSources(env: WorkerEnv): readonly ChangeSource<CommitFact>[] {
  const github = gitHub(env);
  if (github === null) return [];
  return [
    {
      name: 'GitHub',
      between: (window) => github.commits(window),
      command: ({ fromAt, untilAt }) =>
        `gh api 'repos/${env.GITHUB_REPOSITORY}/commits?since=${fromAt}&until=${untilAt}'`,
    },
  ];
}

export function buildSources(env: WorkerEnv): readonly ChangeSource<BuildFact>[] {
  const github = gitHub(env);
  const actions: ChangeSource<BuildFact> | null = github && {
    name: 'GitHub Actions',
    between: (window) => github.runs(window),
    command: ({ fromAt }) => `gh run list --repo ${env.GITHUB_REPOSITORY} --created '>=${fromAt}'`,
  };
  return [actions, jenkins(env)].flatMap((source) => source ?? []);
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
  if (env.GITHUB_TOKEN === undefined || env.GITHUB_REPOSITORY === undefined) return null;
  return createGitHubClient({
    apiUrl: env.GITHUB_API_URL,
    token: env.GITHUB_TOKEN,
    repository: env.GITHUB_REPOSITORY,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
}

function jenkins(env: WorkerEnv): ChangeSource<BuildFact> | null {
  const { JENKINS_URL: url, JENKINS_USER_ID: userId, JENKINS_API_TOKEN: apiToken, JENKINS_JOBS: jobs = [] } = env;
  if (url === undefined || userId === undefined || apiToken === undefined || jobs.length === 0) return null;
  const client = createJenkinsClient({ url, userId, apiToken, jobs, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
  return {
    name: 'Jenkins',
    between: (window) => client.builds(window),
    command: () =>
      jobs
        .map((job) => `curl -s -u $JENKINS_USER_ID "$JENKINS_URL/job/${job.replaceAll('/', '/job/')}/api/json"`)
        .join('; '),
  };
}
