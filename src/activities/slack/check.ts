import { z } from 'zod';
import { answered, asked } from '../checking.ts';
import { fine, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { codeOf } from './failures.ts';
import { slackSettings } from './ports.ts';
import { slack } from './settings.ts';
import { caller } from './web.ts';

const SYSTEM = slack.name;
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
const TOLD = z.object({
  team: z.string().optional(),
  user: z.string().optional(),
  /** What Slack says of the token beside every answer. */
  response_metadata: z.object({ scopes: z.array(z.string()).optional() }).optional(),
});

export async function check(env: EnvOf<typeof slack>): Promise<SystemFinding> {
  const settings = slackSettings(env);
  if (settings === null) return unset(SYSTEM, 'SLACK_BOT_TOKEN', 'nothing is posted to chat');
  return asked(SYSTEM, settings.apiUrl, 'SLACK_API_URL', async (base) => {
    const { type, value, words } = await answered(() => caller(settings)('auth.test', {}, TOLD).catch(codeFirst));
    if (value instanceof Refused)
      return refused(
        SYSTEM,
        `auth.test says ${value.code}`,
        'Install the app again and put its bot token (xoxb-…) into SLACK_BOT_TOKEN.',
      );
    if (type !== null || value === null)
      return unreachable(SYSTEM, `${base}: ${words}`, 'Let this machine reach it, or correct SLACK_API_URL.');
    const granted = value.response_metadata?.scopes;
    const missing = granted === undefined ? [] : SCOPES.filter((scope) => !granted.includes(scope));
    if (missing.length > 0)
      return refused(
        SYSTEM,
        `the token lacks ${missing.join(', ')}`,
        'Add these bot scopes to the app and install it again.',
      );
    return fine(SYSTEM, `${value.team ?? 'workspace'} as ${value.user ?? 'bot'}`);
  });
}

/** Slack's own word for why not. */
class Refused {
  readonly code: string;
  constructor(code: string) {
    this.code = code;
  }
}

function codeFirst(error: unknown): Refused {
  const code = codeOf(error);
  if (code === null) throw error;
  return new Refused(code);
}
