import { asked, isRefusal } from '../checking.ts';
import { fine, jsonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { zendeskHttp } from './client.ts';
import { zendeskSettings } from './ports.ts';
import { zendesk } from './settings.ts';

const SYSTEM = zendesk.name;

export async function check(env: EnvOf<typeof zendesk>): Promise<SystemFinding> {
  const settings = zendeskSettings(env);
  if (settings === null)
    return unset(SYSTEM, 'ZENDESK_URL, ZENDESK_EMAIL and ZENDESK_API_TOKEN', 'its tickets are not counted');
  const { baseUrl, email } = settings;
  return asked(SYSTEM, baseUrl, 'ZENDESK_URL', async (base) => {
    const answer = await zendeskHttp(settings).send({ path: '/api/v2/users/me.json' });
    const user = jsonOf(answer.text).user as { readonly id?: unknown; readonly role?: unknown } | undefined;
    // Without credentials that it knows, Zendesk answers 200 with an anonymous user.
    if (isRefusal(answer) || user?.id === null)
      return refused(
        SYSTEM,
        `${base} does not accept the token`,
        'Make an API token for an agent and put it into ZENDESK_API_TOKEN.',
      );
    if (answer.status !== 200) return unreachable(SYSTEM, `${base} answers ${answer.status}`, 'Correct ZENDESK_URL.');
    if (user?.role !== 'agent' && user?.role !== 'admin')
      return refused(
        SYSTEM,
        `${email} is ${String(user?.role)} there, not an agent`,
        'Give the user the role of an agent.',
      );
    return fine(SYSTEM, `${base} as ${email}`);
  });
}
