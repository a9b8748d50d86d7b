import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createSlackClient } from './client.ts';
import type { slack } from './settings.ts';
import type { SlackSettings } from './web.ts';

type Env = Pick<EnvOf<typeof slack>, 'SLACK_BOT_TOKEN' | 'SLACK_API_URL'>;

export function ports(env: Env): SystemPorts {
  const settings = slackSettings(env);
  return settings === null ? {} : { chat: createSlackClient(settings) };
}

/** Null: it is not configured. */
export function slackSettings({ SLACK_BOT_TOKEN: token, SLACK_API_URL: apiUrl }: Env): SlackSettings | null {
  return token === undefined ? null : { token, apiUrl };
}
