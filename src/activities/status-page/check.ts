import { answered, asked, isRefusal } from '../checking.ts';
import { fine, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { createStatusPageClient } from './client.ts';
import { statusPageSettings } from './ports.ts';
import type { statusPage } from './settings.ts';

const SYSTEM = 'status page';

/** Looks for the open incident of nobody, as an incident looks for its own. */
export async function check(env: EnvOf<typeof statusPage>): Promise<SystemFinding> {
  const settings = statusPageSettings(env);
  if (settings === null)
    return unset(SYSTEM, 'STATUSPAGE_API_KEY and STATUSPAGE_PAGE_ID', 'the public is told on our own status page only');
  const { apiUrl, pageId } = settings;
  return asked(SYSTEM, apiUrl, 'STATUSPAGE_API_URL', async (base) => {
    const answer = await answered(() => createStatusPageClient(settings).find('incident-doctor', null));
    if (isRefusal(answer))
      return refused(
        SYSTEM,
        `${base} does not accept the key (${answer.status})`,
        'Make a new key and put it into STATUSPAGE_API_KEY.',
      );
    if (answer.status === 404) return refused(SYSTEM, `${base} knows no page ${pageId}`, 'Correct STATUSPAGE_PAGE_ID.');
    return answer.type === null
      ? fine(SYSTEM, `page ${pageId}`)
      : unreachable(SYSTEM, `${base} answers ${answer.status}`, 'Try again; when it stays so, look at its own status.');
  });
}
