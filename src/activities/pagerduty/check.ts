import type { Policy } from '../../domain/policy.ts';
import { answered, asked, isRefusal } from '../checking.ts';
import { type CheckContext, fine, jsonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { createPagerDutyClient } from './client.ts';
import { isOf } from './on-call.ts';
import { eventsSettings, restSettings } from './ports.ts';
import { createPagerDutyRest, type OnCall, pagerDutyHttp } from './rest.ts';
import { pagerDuty } from './settings.ts';

type Env = EnvOf<typeof pagerDuty>;

export async function check(env: Env, { policy, now }: CheckContext): Promise<readonly SystemFinding[]> {
  return Promise.all([checkEvents(env, policy, now), checkRest(env, policy)]);
}

/** A resolve of something that never was: checks the key, and pages nobody. */
const NOTHING = 'incident-doctor-checks-the-key';
const ITS_STATUS = 'Try again; when it stays so, look at its own status.';

async function checkEvents(env: Env, policy: Policy | null, now: string): Promise<SystemFinding> {
  const system = pagerDuty.name;
  const settings = eventsSettings(env);
  if (settings === null) return unset(system, 'PAGERDUTY_ROUTING_KEYS', 'nobody is paged');
  const names = Object.keys(settings.routingKeys);
  const wanted = new Set(Object.values(policy?.contacts ?? {}).flatMap(({ pagingService }) => pagingService ?? []));
  const without = [...wanted].filter((name) => !names.includes(name));
  const client = createPagerDutyClient(settings);
  return asked(system, settings.eventsUrl, 'PAGERDUTY_EVENTS_URL', async () => {
    const wrong: string[] = [];
    for (const pagingService of names) {
      const resolve = { action: 'resolve', pagingService, dedupKey: NOTHING, summary: '', source: '' } as const;
      const { status } = await answered(() =>
        client.page({ ...resolve, severity: 'info', at: now, links: [], details: {} }),
      );
      if (status >= 400 && status < 500 && status !== 429) wrong.push(pagingService);
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
    return fine(system, `routing keys: ${names.join(', ')}`);
  });
}

async function checkRest(env: Env, policy: Policy | null): Promise<SystemFinding> {
  const system = 'PagerDuty REST';
  const settings = restSettings(env);
  if (settings === null)
    return unset(system, 'PAGERDUTY_API_TOKEN and PAGERDUTY_FROM_EMAIL', 'who is on call is not read live');
  const { apiUrl, fromEmail } = settings;
  return asked(system, apiUrl, 'PAGERDUTY_API_URL', async (base) => {
    const answer = await pagerDutyHttp(settings).send({ path: '/users', query: { query: fromEmail } });
    if (isRefusal(answer))
      return refused(
        system,
        `${base} does not accept the token (${answer.status})`,
        'Make a new REST API key and put it into PAGERDUTY_API_TOKEN.',
      );
    if (answer.status !== 200) return unreachable(system, `${base} answers ${answer.status}`, ITS_STATUS);
    const users = (jsonOf(answer.text).users ?? []) as readonly { readonly email?: string }[];
    if (!users.some(({ email }) => email?.toLowerCase() === fromEmail.toLowerCase()))
      return refused(
        system,
        `PagerDuty has no user ${fromEmail}`,
        'Put a user’s address into PAGERDUTY_FROM_EMAIL: every write is made in their name.',
      );
    const { value: calls, words } = await answered(() => createPagerDutyRest(settings).onCalls());
    if (calls === null) return unreachable(system, `${base}: ${words}`, ITS_STATUS);
    const vacant = vacantContacts(policy, calls);
    return vacant.length === 0
      ? fine(system, `${base} as ${fromEmail}`)
      : refused(
          system,
          `PagerDuty has nobody on call for ${vacant.join(', ')}`,
          'Name a schedule or a level of an escalation policy that somebody is on call for in contacts.*.onCall of the policy.',
        );
  });
}

/** Contacts whose holder the policy reads there, for which nobody is found. */
function vacantContacts(policy: Policy | null, calls: readonly OnCall[]): readonly string[] {
  return Object.entries(policy?.contacts ?? {}).flatMap(([contact, { onCall }]) => {
    if (onCall === null || calls.some((call) => isOf(call, onCall))) return [];
    return [`${contact} (${'schedule' in onCall ? onCall.schedule : onCall.escalationPolicy})`];
  });
}
