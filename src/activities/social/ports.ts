import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createSocialClient, type SocialSettings } from './client.ts';
import type { social } from './settings.ts';

export function ports(env: EnvOf<typeof social>): SystemPorts {
  const client = createSocialClient(socialSettings(env));
  return client.networks.length === 0 ? {} : { mentions: client };
}

export function socialSettings(env: EnvOf<typeof social>): SocialSettings {
  const { X_BEARER_TOKEN: bearerToken, MASTODON_URL, MASTODON_ACCESS_TOKEN } = env;
  const { BLUESKY_IDENTIFIER: identifier, BLUESKY_APP_PASSWORD: appPassword } = env;
  return {
    x: bearerToken === undefined ? null : { apiUrl: env.X_API_URL, bearerToken },
    bluesky:
      identifier === undefined || appPassword === undefined
        ? null
        : { apiUrl: env.BLUESKY_API_URL, identifier, appPassword },
    mastodon:
      MASTODON_URL === undefined || MASTODON_ACCESS_TOKEN === undefined
        ? null
        : { apiUrl: MASTODON_URL, accessToken: MASTODON_ACCESS_TOKEN },
  };
}
