import { away, fine, refused, type SystemFinding, unset } from '../../activities/finding.ts';
import type { Policy } from '../../domain/policy.ts';
import { ask, jsonOf } from './ask.ts';
import type { Settings } from './settings.ts';

/** Where customers are heard and work is written down: Zendesk, Jira, social networks, the page that everybody sees. */

export async function checkZendesk(settings: Settings): Promise<SystemFinding> {
  const system = 'Zendesk';
  const [url, email, token] = ['ZENDESK_URL', 'ZENDESK_EMAIL', 'ZENDESK_API_TOKEN'].map((name) => settings.get(name));
  if (url == null || email == null || token == null)
    return unset(system, 'ZENDESK_URL, ZENDESK_EMAIL and ZENDESK_API_TOKEN', 'its tickets are not counted');
  const base = url.replace(/\/+$/, '');
  return asked(system, base, 'ZENDESK_URL', async () => {
    const answer = await ask(`${base}/api/v2/users/me.json`, {
      headers: { authorization: basic(`${email}/token`, token) },
    });
    const user = jsonOf(answer.text).user as { readonly id?: unknown; readonly role?: unknown } | undefined;
    // Without credentials that it knows, Zendesk answers 200 with an anonymous user.
    if (answer.status === 401 || answer.status === 403 || user?.id === null)
      return refused(
        system,
        `${base} does not accept the token`,
        'Make an API token for an agent and put it into ZENDESK_API_TOKEN.',
      );
    if (answer.status !== 200) return away(system, `${base} answers ${answer.status}`, 'Correct ZENDESK_URL.');
    if (user?.role !== 'agent' && user?.role !== 'admin')
      return refused(
        system,
        `${email} is ${String(user?.role)} there, not an agent`,
        'Give the user the role of an agent.',
      );
    return fine(system, `${base} as ${email}`);
  });
}

/** What we do in the project; Jira tells which of these the token has. */
const JIRA_RIGHTS = [
  'BROWSE_PROJECTS',
  'CREATE_ISSUES',
  'ADD_COMMENTS',
  'ASSIGN_ISSUES',
  'SCHEDULE_ISSUES',
  'LINK_ISSUES',
];

export async function checkJira(settings: Settings): Promise<SystemFinding> {
  const system = 'Jira';
  const [url, email, token] = ['JIRA_URL', 'JIRA_EMAIL', 'JIRA_API_TOKEN'].map((name) => settings.get(name));
  const project = settings.get('JIRA_PROJECT');
  if (url == null || email == null || token == null || project === null)
    return unset(system, 'JIRA_URL, JIRA_EMAIL, JIRA_API_TOKEN and JIRA_PROJECT', 'follow-ups get no tickets');
  const base = url.replace(/\/+$/, '');
  return asked(system, base, 'JIRA_URL', async () => {
    const query = `projectKey=${encodeURIComponent(project)}&permissions=${JIRA_RIGHTS.join(',')}`;
    const answer = await ask(`${base}/rest/api/3/mypermissions?${query}`, {
      headers: { authorization: basic(email, token) },
    });
    if (answer.status === 401 || answer.status === 403)
      return refused(
        system,
        `${base} does not accept the token (${answer.status})`,
        'Make a new API token and put it into JIRA_API_TOKEN.',
      );
    if (answer.status === 404)
      return refused(
        system,
        `${base} shows us no project ${project}`,
        'Correct JIRA_PROJECT, or let the user into it.',
      );
    if (answer.status !== 200) return away(system, `${base} answers ${answer.status}`, 'Correct JIRA_URL.');
    const rights = (jsonOf(answer.text).permissions ?? {}) as Record<
      string,
      { readonly havePermission?: boolean } | undefined
    >;
    const missing = JIRA_RIGHTS.filter((right) => rights[right]?.havePermission !== true);
    return missing.length === 0
      ? fine(system, `${base}, project ${project}`)
      : refused(
          system,
          `in ${project} the token lacks ${missing.join(', ')}`,
          'Give the user these permissions in the project’s permission scheme.',
        );
  });
}

/** One finding for all networks: each is optional. */
export async function checkSocial(settings: Settings): Promise<SystemFinding> {
  const system = 'social networks';
  const told = (await Promise.all([checkX(settings), checkBluesky(settings), checkMastodon(settings)])).filter(
    (one) => one !== null,
  );
  if (told.length === 0)
    return unset(
      system,
      'X_BEARER_TOKEN, BLUESKY_IDENTIFIER or MASTODON_URL (with their secrets)',
      'people count mentions by hand',
    );
  const wrong = told.filter(({ ok }) => !ok);
  return wrong.length === 0
    ? fine(system, told.map(({ network }) => network).join(', '))
    : refused(
        system,
        wrong.map(({ network, words }) => `${network} ${words}`).join('; '),
        `Renew ${wrong.map(({ variable }) => variable).join(', ')}.`,
      );
}

interface NetworkTold {
  readonly network: string;
  readonly variable: string;
  readonly ok: boolean;
  readonly words: string;
}

async function checkX(settings: Settings): Promise<NetworkTold | null> {
  const token = settings.get('X_BEARER_TOKEN');
  if (token === null) return null;
  const base = (settings.get('X_API_URL') ?? 'https://api.x.com').replace(/\/+$/, '');
  return network('X', 'X_BEARER_TOKEN', () =>
    ask(`${base}/2/tweets/search/recent?query=incident&max_results=10`, {
      headers: { authorization: `Bearer ${token}` },
    }),
  );
}

async function checkBluesky(settings: Settings): Promise<NetworkTold | null> {
  const [identifier, password] = [settings.get('BLUESKY_IDENTIFIER'), settings.get('BLUESKY_APP_PASSWORD')];
  if (identifier === null || password === null) return null;
  const base = (settings.get('BLUESKY_API_URL') ?? 'https://bsky.social').replace(/\/+$/, '');
  return network('Bluesky', 'BLUESKY_APP_PASSWORD', () =>
    ask(`${base}/xrpc/com.atproto.server.createSession`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ identifier, password }),
    }),
  );
}

async function checkMastodon(settings: Settings): Promise<NetworkTold | null> {
  const [url, token] = [settings.get('MASTODON_URL'), settings.get('MASTODON_ACCESS_TOKEN')];
  if (url === null || token === null) return null;
  const query = 'q=incident&type=statuses&limit=1';
  return network('Mastodon', 'MASTODON_ACCESS_TOKEN', () =>
    ask(`${url.replace(/\/+$/, '')}/api/v2/search?${query}`, { headers: { authorization: `Bearer ${token}` } }),
  );
}

async function network(
  name: string,
  variable: string,
  call: () => Promise<{ readonly status: number }>,
): Promise<NetworkTold> {
  try {
    const { status } = await call();
    return { network: name, variable, ok: status === 200, words: `answers ${status}` };
  } catch (error) {
    return { network: name, variable, ok: false, words: (error as Error).message };
  }
}

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

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
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
