import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createJiraClient, type JiraSettings } from './client.ts';
import type { jira } from './settings.ts';

type Env = EnvOf<typeof jira, 'worker'>;

export function ports(env: Env): SystemPorts {
  const settings = jiraSettings(env);
  if (settings === null) return {};
  const client = createJiraClient(settings);
  return { jira: client, writtenTickets: client };
}

/** Null: it is not configured. */
export function jiraSettings(env: Env): JiraSettings | null {
  const { JIRA_URL: baseUrl, JIRA_EMAIL: email, JIRA_API_TOKEN: apiToken, JIRA_PROJECT: project } = env;
  if (baseUrl === undefined || email === undefined || apiToken === undefined || project === undefined) return null;
  return { baseUrl, email, apiToken, project, issueType: env.JIRA_ISSUE_TYPE };
}
