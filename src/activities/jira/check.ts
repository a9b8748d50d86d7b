import { asked, isRefusal } from '../checking.ts';
import { fine, jsonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { jiraHttp } from './client.ts';
import { jiraSettings } from './ports.ts';
import { jira } from './settings.ts';

const SYSTEM = jira.name;

/** What we do in the project; Jira tells which of these the token has. */
const RIGHTS = ['BROWSE_PROJECTS', 'CREATE_ISSUES', 'ADD_COMMENTS', 'ASSIGN_ISSUES', 'SCHEDULE_ISSUES', 'LINK_ISSUES'];

export async function check(env: EnvOf<typeof jira>): Promise<SystemFinding> {
  const settings = jiraSettings(env);
  if (settings === null)
    return unset(SYSTEM, 'JIRA_URL, JIRA_EMAIL, JIRA_API_TOKEN and JIRA_PROJECT', 'follow-ups get no tickets');
  const { baseUrl, project } = settings;
  return asked(SYSTEM, baseUrl, 'JIRA_URL', async (base) => {
    const query = { projectKey: project, permissions: RIGHTS.join(',') };
    const answer = await jiraHttp(settings).send({ path: '/rest/api/3/mypermissions', query });
    if (isRefusal(answer))
      return refused(
        SYSTEM,
        `${base} does not accept the token (${answer.status})`,
        'Make a new API token and put it into JIRA_API_TOKEN.',
      );
    if (answer.status === 404)
      return refused(
        SYSTEM,
        `${base} shows us no project ${project}`,
        'Correct JIRA_PROJECT, or let the user into it.',
      );
    if (answer.status !== 200) return unreachable(SYSTEM, `${base} answers ${answer.status}`, 'Correct JIRA_URL.');
    const rights = (jsonOf(answer.text).permissions ?? {}) as Record<
      string,
      { readonly havePermission?: boolean } | undefined
    >;
    const missing = RIGHTS.filter((right) => rights[right]?.havePermission !== true);
    return missing.length === 0
      ? fine(SYSTEM, `${base}, project ${project}`)
      : refused(
          SYSTEM,
          `in ${project} the token lacks ${missing.join(', ')}`,
          'Give the user these permissions in the project’s permission scheme.',
        );
  });
}
