import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createJenkinsClient, type JenkinsSettings } from './client.ts';
import type { jenkins } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

export function ports(env: EnvOf<typeof jenkins>): SystemPorts {
  const settings = jenkinsSettings(env);
  if (settings === null) return {};
  const client = createJenkinsClient(settings);
  return {
    builds: {
      name: 'Jenkins',
      between: (window) => client.builds(window),
      command: () =>
        settings.jobs
          .map((job) => `curl -s -u $JENKINS_USER_ID "$JENKINS_URL/job/${job.replaceAll('/', '/job/')}/api/json"`)
          .join('; '),
    },
  };
}

/** Null: it is not configured. */
export function jenkinsSettings(env: EnvOf<typeof jenkins>): JenkinsSettings | null {
  const { JENKINS_URL: url, JENKINS_USER_ID: userId, JENKINS_API_TOKEN: apiToken, JENKINS_JOBS: jobs = [] } = env;
  if (url === undefined || userId === undefined || apiToken === undefined || jobs.length === 0) return null;
  return { url, userId, apiToken, jobs, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
}
