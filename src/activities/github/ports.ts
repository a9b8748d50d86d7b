import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createGitHubClient, type GitHubSettings } from './client.ts';
import { createPullRequestClient } from './pull-requests.ts';
import type { gitHub } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

export function ports(env: EnvOf<typeof gitHub>): SystemPorts {
  const settings = gitHubSettings(env);
  if (settings === null) return {};
  const client = createGitHubClient(settings);
  const { repository } = settings;
  return {
    commits: {
      name: 'GitHub',
      between: (window) => client.commits(window),
      command: ({ fromAt, untilAt }) => `gh api 'repos/${repository}/commits?since=${fromAt}&until=${untilAt}'`,
    },
    builds: {
      name: 'GitHub Actions',
      between: (window) => client.runs(window),
      command: ({ fromAt }) => `gh run list --repo ${repository} --created '>=${fromAt}'`,
    },
    reviews: createPullRequestClient(settings),
  };
}

/** Null: it is not configured. */
export function gitHubSettings(env: EnvOf<typeof gitHub>): GitHubSettings | null {
  const { GITHUB_API_URL: apiUrl, GITHUB_TOKEN: token, GITHUB_REPOSITORY: repository } = env;
  if (token === undefined || repository === undefined) return null;
  return { apiUrl, token, repository, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
}
