import { asked, isRefusal, LOOK_AT_IT } from '../checking.ts';
import { fine, jsonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { grafanaHttp } from './client.ts';
import { grafanaSettings } from './ports.ts';
import { grafana } from './settings.ts';

const SYSTEM = grafana.name;
const PERMISSIONS = ['annotations:read', 'annotations:create', 'dashboards:read'] as const;

export async function check(env: EnvOf<typeof grafana>): Promise<SystemFinding> {
  const settings = grafanaSettings(env);
  if (settings === null)
    return unset(
      SYSTEM,
      'GRAFANA_URL and GRAFANA_TOKEN',
      'dashboards are linked, but our own charts stand in for their pictures',
    );
  return asked(SYSTEM, settings.url, 'GRAFANA_URL', async (base) => {
    const rights = await grafanaHttp(settings).send({ path: '/api/access-control/user/permissions' });
    if (isRefusal(rights))
      return refused(
        SYSTEM,
        `${base} does not accept the token (${rights.status})`,
        'Make a token for a service account and put it into GRAFANA_TOKEN.',
      );
    if (rights.status !== 200) return unreachable(SYSTEM, `${base} answers ${rights.status}`, LOOK_AT_IT);
    const granted = jsonOf(rights.text);
    const missing = PERMISSIONS.filter((name) => !(name in granted));
    return missing.length === 0
      ? fine(SYSTEM, base)
      : refused(
          SYSTEM,
          `the service account lacks ${missing.join(', ')}`,
          'Give it the role Editor, or these permissions.',
        );
  });
}
