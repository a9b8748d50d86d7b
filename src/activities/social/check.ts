import { plusSeconds } from '../../domain/instant.ts';
import { answered } from '../checking.ts';
import { type CheckContext, fine, reasonOf, refused, type SystemFinding, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { networkSearches } from './client.ts';
import type { NetworkSearch } from './network.ts';
import { socialSettings } from './ports.ts';
import { social } from './settings.ts';

const SYSTEM = social.name;
/** Nobody writes this: what is found counts against what X sells. */
const UNHEARD = '@incident_doctor_check';
const SINCE_SECONDS = 60;
const SECRET_OF: Readonly<Record<string, string>> = {
  X: 'X_BEARER_TOKEN',
  Bluesky: 'BLUESKY_APP_PASSWORD',
  Mastodon: 'MASTODON_ACCESS_TOKEN',
};

/** One finding for all networks: each is optional. */
export async function check(env: EnvOf<typeof social>, { now }: CheckContext): Promise<SystemFinding> {
  const searches = networkSearches(socialSettings(env));
  if (searches.length === 0)
    return unset(
      SYSTEM,
      'X_BEARER_TOKEN, BLUESKY_IDENTIFIER or MASTODON_URL (with their secrets)',
      'people count mentions by hand',
    );
  const told = await Promise.all(searches.map((search) => tried(search, plusSeconds(now, -SINCE_SECONDS))));
  const wrong = told.filter(({ trouble }) => trouble !== null);
  return wrong.length === 0
    ? fine(SYSTEM, told.map(({ network }) => network).join(', '))
    : refused(
        SYSTEM,
        wrong.map(({ network, trouble }) => `${network} ${trouble}`).join('; '),
        `Renew ${wrong.map(({ network }) => SECRET_OF[network]).join(', ')}.`,
      );
}

async function tried(search: NetworkSearch, sinceAt: string) {
  const { network } = search;
  try {
    const { type, status, words } = await answered(() => search.since(UNHEARD, sinceAt));
    return { network, trouble: type === null ? null : status === 200 ? words : `answers ${status}` };
  } catch (error) {
    return { network, trouble: reasonOf(error) };
  }
}
