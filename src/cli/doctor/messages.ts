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
