import { away, fine, refused, type SystemFinding, unset } from '../../activities/finding.ts';
import type { Policy } from '../../domain/policy.ts';
import { ask, jsonOf } from './ask.ts';
import type { Settings } from './settings.ts';

export async function checkPagerDutyRest(settings: Settings, policy: Policy | null = null): Promise<SystemFinding> {
  const system = 'PagerDuty REST';
  const [token, from] = [settings.get('PAGERDUTY_API_TOKEN'), settings.get('PAGERDUTY_FROM_EMAIL')];
  if (token === null || from === null)
    return unset(system, 'PAGERDUTY_API_TOKEN and PAGERDUTY_FROM_EMAIL', 'who is on call is not read live');
  const base = (settings.get('PAGERDUTY_API_URL') ?? 'https://api.pagerduty.com').replace(/\/+$/, '');
  return asked(system, base, 'PAGERDUTY_API_URL', async () => {
    const headers = { authorization: `Token token=${token}`, accept: 'application/vnd.pagerduty+json;version=2' };
    const answer = await ask(`${base}/users?query=${encodeURIComponent(from)}`, { headers });
    if (answer.status === 401 || answer.status === 403)
      return refused(
        system,
        `${base} does not accept the token (${answer.status})`,
        'Make a new REST API key and put it into PAGERDUTY_API_TOKEN.',
      );
    if (answer.status !== 200)
      return away(system, `${base} answers ${answer.status}`, 'Try again; when it stays so, look at its own status.');
    const users = (jsonOf(answer.text).users ?? []) as readonly { readonly email?: string }[];
    if (!users.some(({ email }) => email?.toLowerCase() === from.toLowerCase()))
      return refused(
        system,
        `PagerDuty has no user ${from}`,
        'Put a user’s address into PAGERDUTY_FROM_EMAIL: every write is made in their name.',
      );
    const { text } = await ask(`${base}/oncalls?limit=100`, { headers });
    const vacant = vacantContacts(policy, (jsonOf(text).oncalls ?? []) as readonly OnCallRow[]);
    return vacant.length === 0
      ? fine(system, `${base} as ${from}`)
      : refused(
          system,
          `PagerDuty has nobody on call for ${vacant.join(', ')}`,
          'Name a schedule or a level of an escalation policy that somebody is on call for in contacts.*.onCall of the policy.',
        );
  });
}

interface OnCallRow {
  readonly escalation_level?: number;
  readonly escalation_policy?: { readonly id?: string; readonly summary?: string } | null;
  readonly schedule?: { readonly id?: string; readonly summary?: string } | null;
}

/** Contacts whose holder the policy reads there, for which nobody is found. */
function vacantContacts(policy: Policy | null, rows: readonly OnCallRow[]): readonly string[] {
  return Object.entries(policy?.contacts ?? {}).flatMap(([contact, { onCall }]) => {
    if (onCall === null) return [];
    const [kind, name] =
      'schedule' in onCall ? ['schedule', onCall.schedule] : ['escalation_policy', onCall.escalationPolicy];
    const found = rows.some((row) => {
      const at = row[kind as 'schedule'];
      const named = at?.id === name || at?.summary?.toLowerCase() === name?.toLowerCase();
      return named && ('schedule' in onCall || row.escalation_level === onCall.level);
    });
    return found ? [] : [`${contact} (${name})`];
  });
}

async function asked(
  system: string,
  base: string,
  variable: string,
  check: () => Promise<SystemFinding>,
): Promise<SystemFinding> {
  try {
    return await check();
  } catch (error) {
    return away(system, `${base}: ${(error as Error).message}`, `Let this machine reach it, or correct ${variable}.`);
  }
}
