import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createPagerDutyClient, type PagerDutySettings } from './client.ts';
import { createPageNotes } from './notes.ts';
import { createPagerDutyRest, type PagerDutyRestSettings } from './rest.ts';
import type { pagerDuty } from './settings.ts';

type Env = EnvOf<typeof pagerDuty, 'worker'>;

export function ports(env: Env): SystemPorts {
  const events = eventsSettings(env);
  const settings = restSettings(env);
  const rest = settings === null ? null : createPagerDutyRest(settings);
  return {
    ...(events === null ? {} : { paging: createPagerDutyClient(events) }),
    ...(rest === null ? {} : { pagingRecord: rest, pageNotes: createPageNotes(rest) }),
  };
}

/** Null: nobody can be paged. */
export function eventsSettings(env: Env): PagerDutySettings | null {
  const { PAGERDUTY_EVENTS_URL: eventsUrl, PAGERDUTY_ROUTING_KEYS: routingKeys } = env;
  return routingKeys === undefined ? null : { eventsUrl, routingKeys };
}

/** Null: the paging system's own record cannot be asked: who answered there, who is on call, notes. */
export function restSettings(env: Env): PagerDutyRestSettings | null {
  const { PAGERDUTY_API_URL: apiUrl, PAGERDUTY_API_TOKEN: apiToken, PAGERDUTY_FROM_EMAIL: fromEmail } = env;
  return apiToken === undefined || fromEmail === undefined ? null : { apiUrl, apiToken, fromEmail };
}
