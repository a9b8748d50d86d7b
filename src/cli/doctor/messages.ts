import { away, fine, refused, type SystemFinding, unset } from '../../activities/finding.ts';
import type { Policy } from '../../domain/policy.ts';
import { ask, jsonOf } from './ask.ts';
import type { Settings } from './settings.ts';

/** Where people are reached: chat, paging, status page; and the AI providers the service leans on. */

const SCOPES = [
  'chat:write',
  'channels:manage',
  'channels:read',
  'channels:history',
  'users:read',
  'users:read.email',
  'usergroups:read',
  'pins:write',
  'bookmarks:read',
  'bookmarks:write',
  'files:write',
] as const;

export async function checkSlack(settings: Settings): Promise<SystemFinding> {
  const system = 'Slack';
  const token = settings.get('SLACK_BOT_TOKEN');
  if (token === null) return unset(system, 'SLACK_BOT_TOKEN', 'nothing is posted to chat');
  const base = (settings.get('SLACK_API_URL') ?? 'https://slack.com/api/').replace(/\/*$/, '/');
  return asked(system, base, 'SLACK_API_URL', async () => {
    const answer = await ask(`${base}auth.test`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    const told = jsonOf(answer.text);
    if (told.ok !== true)
      return refused(
        system,
        `auth.test says ${String(told.error ?? answer.status)}`,
        'Install the app again and put its bot token (xoxb-…) into SLACK_BOT_TOKEN.',
      );
    const granted = answer.headers['x-oauth-scopes'];
    const missing = typeof granted === 'string' ? SCOPES.filter((scope) => !granted.split(/,\s*/).includes(scope)) : [];
    if (missing.length > 0)
      return refused(
        system,
        `the token lacks ${missing.join(', ')}`,
        'Add these bot scopes to the app and install it again.',
      );
    return fine(system, `${String(told.team ?? 'workspace')} as ${String(told.user ?? 'bot')}`);
  });
}

/** A resolve of something that never was: checks the key, and pages nobody. */
const NOTHING = 'incident-doctor-checks-the-key';

export async function checkPagerDuty(settings: Settings, policy: Policy | null): Promise<SystemFinding> {
  const system = 'PagerDuty';
  const written = settings.get('PAGERDUTY_ROUTING_KEYS');
  if (written === null) return unset(system, 'PAGERDUTY_ROUTING_KEYS', 'nobody is paged');
  const keys = Object.entries(jsonOf(written)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const base = (settings.get('PAGERDUTY_EVENTS_URL') ?? 'https://events.pagerduty.com').replace(/\/+$/, '');
  const wanted = new Set(Object.values(policy?.contacts ?? {}).flatMap(({ pagingService }) => pagingService ?? []));
  const without = [...wanted].filter((name) => !keys.some(([known]) => known === name));
  return asked(system, base, 'PAGERDUTY_EVENTS_URL', async () => {
    const wrong: string[] = [];
    for (const [name, key] of keys) {
      const body = JSON.stringify({ routing_key: key, event_action: 'resolve', dedup_key: NOTHING });
      const { status } = await ask(`${base}/v2/enqueue`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (status >= 400 && status < 500 && status !== 429) wrong.push(name);
    }
    if (wrong.length > 0)
      return refused(
        system,
        `the routing key of ${wrong.join(', ')} is not accepted`,
        'Copy the integration keys (Events API v2) into PAGERDUTY_ROUTING_KEYS.',
      );
    if (without.length > 0)
      return refused(
        system,
        `the policy pages through ${without.join(', ')}, for which there is no routing key`,
        'Add them to PAGERDUTY_ROUTING_KEYS.',
      );
    return fine(system, `routing keys: ${keys.map(([name]) => name).join(', ')}`);
  });
}

export async function checkStatusPage(settings: Settings): Promise<SystemFinding> {
  const system = 'status page';
  const key = settings.get('STATUSPAGE_API_KEY');
  const page = settings.get('STATUSPAGE_PAGE_ID');
  if (key === null || page === null)
    return unset(system, 'STATUSPAGE_API_KEY and STATUSPAGE_PAGE_ID', 'the public is told on our own status page only');
  const base = (settings.get('STATUSPAGE_API_URL') ?? 'https://api.statuspage.io').replace(/\/+$/, '');
  return asked(system, base, 'STATUSPAGE_API_URL', async () => {
    const { status } = await ask(`${base}/pages/${encodeURIComponent(page)}/incidents/unresolved`, {
      headers: { authorization: `OAuth ${key}` },
    });
    if (status === 401 || status === 403)
      return refused(
        system,
        `${base} does not accept the key (${status})`,
        'Make a new key and put it into STATUSPAGE_API_KEY.',
      );
    if (status === 404) return refused(system, `${base} knows no page ${page}`, 'Correct STATUSPAGE_PAGE_ID.');
    return status === 200
      ? fine(system, `page ${page}`)
      : away(system, `${base} answers ${status}`, 'Try again; when it stays so, look at its own status.');
  });
}

interface Provider {
  readonly system: string;
  readonly name: 'ANTHROPIC' | 'OPENAI';
  readonly address: string;
  readonly headers: (key: string) => Readonly<Record<string, string>>;
}

export const PROVIDERS: readonly Provider[] = [
  {
    system: 'Anthropic',
    name: 'ANTHROPIC',
    address: 'https://api.anthropic.com',
    headers: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  },
  {
    system: 'OpenAI',
    name: 'OPENAI',
    address: 'https://api.openai.com',
    headers: (key) => ({ authorization: `Bearer ${key}` }),
  },
];

export async function checkProvider(
  { system, name, address, headers }: Provider,
  settings: Settings,
): Promise<SystemFinding> {
  const key = settings.get(`${name}_API_KEY`);
  if (key === null) return unset(system, `${name}_API_KEY`, 'it can only be seen whether it answers at all');
  const base = (settings.get(`${name}_API_URL`) ?? address).replace(/\/+$/, '');
  return asked(system, base, `${name}_API_URL`, async () => {
    const { status } = await ask(`${base}/v1/models`, { headers: headers(key) });
    if (status === 401 || status === 403)
      return refused(system, `${base} does not accept the key (${status})`, `Renew ${name}_API_KEY.`);
    return status < 500
      ? fine(system, base)
      : away(system, `${base} answers ${status}`, 'The service returned an error. Check its status page.');
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
