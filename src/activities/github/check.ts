import { asked, LOOK_AT_IT } from '../checking.ts';
import { fine, jsonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { gitHubCaller } from './client.ts';
import { gitHubSettings } from './ports.ts';
import { gitHub } from './settings.ts';

const SYSTEM = gitHub.name;

/** What each right of the token is for, and one question that needs it. */
const RIGHTS = [
  { right: 'Contents: read', path: '/commits' },
  { right: 'Actions: read', path: '/actions/runs' },
  { right: 'Pull requests: read and write', path: '/pulls' },
] as const;

export async function check(env: EnvOf<typeof gitHub>): Promise<SystemFinding> {
  const settings = gitHubSettings(env);
  if (settings === null)
    return unset(
      SYSTEM,
      'GITHUB_TOKEN and GITHUB_REPOSITORY',
      'commits and builds are not looked at, no fix is proposed',
    );
  const { apiUrl, repository } = settings;
  const call = gitHubCaller(settings);
  return asked(SYSTEM, `${apiUrl.replace(/\/+$/, '')}/repos/${repository}`, 'GITHUB_API_URL', async (base) => {
    const repo = await call.answer({ path: '' });
    if (repo.status === 401) return refused(SYSTEM, `${base} does not accept the token`, 'Renew GITHUB_TOKEN.');
    if (repo.status === 404)
      return refused(
        SYSTEM,
        `${repository} is not there for this token`,
        'Correct GITHUB_REPOSITORY, or give the token this repository.',
      );
    if (repo.status !== 200) return unreachable(SYSTEM, `${base} answers ${repo.status}`, LOOK_AT_IT);
    const missing: string[] = [];
    for (const { right, path } of RIGHTS) {
      const { status } = await call.answer({ path, query: { per_page: 1 } });
      if (status === 403 || status === 404) missing.push(right);
    }
    const { push } = (jsonOf(repo.text).permissions ?? {}) as { readonly push?: boolean };
    if (push !== true) missing.push('Contents: write');
    return missing.length === 0
      ? fine(SYSTEM, repository)
      : refused(
          SYSTEM,
          `the token for ${repository} lacks ${missing.join(', ')}`,
          'Give GITHUB_TOKEN these repository permissions (a fine-grained token or an app).',
        );
  });
}
