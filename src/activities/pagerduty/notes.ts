import { dedupKeyOf } from '../../domain/incident-name.ts';
import type { Contact } from '../../domain/people.ts';
import { failure } from '../failures.ts';
import type { PagerDutyRest } from './rest.ts';

export interface PageNoteOptions {
  readonly key: string;
  readonly incidentId: string;
  /** Whose page it is, or the alert that had paged by itself. */
  readonly page: { readonly contact: Contact } | { readonly alertFingerprint: string };
  readonly text: string;
}

/** Notes at the pages of an incident, each once for its key: what stands there is read before it is written. */
export function createPageNotes(rest: Pick<PagerDutyRest, 'newestOfKey' | 'note'>) {
  return {
    async note({ key, incidentId, page, text }: PageNoteOptions): Promise<{ readonly already: boolean }> {
      const id = 'contact' in page ? await idOf(rest, incidentId, page.contact) : pagingIdOf(page.alertFingerprint);
      if (id === null) throw failure('Invalid', 'The alert is none of PagerDuty’s, so no note can stand there.');
      return rest.note(id, { key, text });
    },
  };
}

/** The id of the PagerDuty incident by which an alert of it is known (webhook.ts). */
export function pagingIdOf(fingerprint: string): string | null {
  return /^pagerduty:(.+)$/.exec(fingerprint)?.[1] ?? null;
}

/** PagerDuty makes its incident some moments after it has taken the page. */
async function idOf(rest: Pick<PagerDutyRest, 'newestOfKey'>, incidentId: string, contact: Contact): Promise<string> {
  const found = await rest.newestOfKey(dedupKeyOf(incidentId, contact));
  if (found === null) throw failure('Unavailable', `PagerDuty does not show the page of ${contact} yet.`);
  return found.id;
}
