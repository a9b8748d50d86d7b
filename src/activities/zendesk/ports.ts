import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createZendeskClient, type ZendeskSettings } from './client.ts';
import type { zendesk } from './settings.ts';

type Env = EnvOf<typeof zendesk, 'worker'>;

export function ports(env: Env): SystemPorts {
  const settings = zendeskSettings(env);
  if (settings === null) return {};
  const client = createZendeskClient(settings);
  return { zendesk: client, writtenTickets: client };
}

/** Null: it is not configured. */
export function zendeskSettings({ ZENDESK_URL, ZENDESK_EMAIL, ZENDESK_API_TOKEN }: Env): ZendeskSettings | null {
  if (ZENDESK_URL === undefined || ZENDESK_EMAIL === undefined || ZENDESK_API_TOKEN === undefined) return null;
  return { baseUrl: ZENDESK_URL, email: ZENDESK_EMAIL, apiToken: ZENDESK_API_TOKEN };
}
