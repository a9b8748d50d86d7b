import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createStatusPageClient, type StatusPageSettings } from './client.ts';
import { createPublicStatusPage } from './public-page.ts';
import type { statusPage } from './settings.ts';

export function ports(env: EnvOf<typeof statusPage>): SystemPorts {
  const settings = statusPageSettings(env);
  const publicUrl = env.STATUSPAGE_PUBLIC_URL;
  return {
    ...(settings === null ? {} : { statusPage: createStatusPageClient(settings) }),
    ...(publicUrl === undefined ? {} : { publicStatusPage: createPublicStatusPage({ baseUrl: publicUrl }) }),
  };
}

/** Null: it is not configured. */
export function statusPageSettings(env: EnvOf<typeof statusPage>): StatusPageSettings | null {
  const { STATUSPAGE_API_KEY: apiKey, STATUSPAGE_PAGE_ID: pageId } = env;
  if (apiKey === undefined || pageId === undefined) return null;
  return {
    apiUrl: env.STATUSPAGE_API_URL,
    apiKey,
    pageId,
    betweenRequestsMilliseconds: env.STATUSPAGE_REQUEST_INTERVAL_MS,
  };
}
