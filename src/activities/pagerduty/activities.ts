import { dedupKeyOf } from '../../domain/incident-name.ts';
import { epochMs } from '../../domain/instant.ts';
import { type Contact, vouchedFor } from '../../domain/people.ts';
import type { PersonPolicy } from '../../domain/policy.ts';
import type { PageAnswer, PagingActivities } from './api.ts';
import { pagingIdOf } from './notes.ts';
import { onCallNow } from './on-call.ts';
import type { PagedIncident, PagerDutyRest } from './rest.ts';

export interface PagingPorts {
  /** Null where the environment names no REST API. */
  readonly rest: Pick<PagerDutyRest, 'newestOfKey' | 'incident' | 'onCalls'> | null;
  readonly people: PagingPeople;
}

/** The people of the policy as they are now. */
interface PagingPeople {
  byPagingId(pagingId: string): Promise<PersonPolicy | null>;
  all(): Promise<readonly PersonPolicy[]>;
}

/** Alerts join an incident in any number; the pages of the first ones tell. */
const PAGES_READ = 20;

export function createPagingActivities({ rest, people }: PagingPorts): PagingActivities {
  return {
    async readPages({ incidentId, contacts, alertFingerprints }) {
      if (rest === null) return { asked: false, answers: [] };
      const ofAlerts = alertFingerprints.flatMap((fingerprint) => pagingIdOf(fingerprint) ?? []);
      const pages = await Promise.all([
        ...contacts.slice(0, PAGES_READ).map((contact) => ofContact(rest, incidentId, contact)),
        ...ofAlerts.slice(0, PAGES_READ).map((id) => rest.incident(id)),
      ]);
      const answers = await Promise.all(pages.map((page) => answerOf(page, people)));
      const known = answers.filter((answer) => answer !== null);
      return { asked: true, answers: known.sort((a, b) => epochMs(a.at) - epochMs(b.at)) };
    },
    readOnCall: async ({ wanted }) => onCallNow(rest, await people.all(), wanted),
  };
}

function ofContact(rest: NonNullable<PagingPorts['rest']>, incidentId: string, contact: Contact) {
  return rest.newestOfKey(dedupKeyOf(incidentId, contact));
}

/** Only what a person did there counts: we resolve pages ourselves, and limits run out by themselves. */
async function answerOf(page: PagedIncident | null, people: PagingPeople): Promise<PageAnswer | null> {
  if (page === null || page.status === 'triggered' || page.answeredBy === null) return null;
  const { id, name, at } = page.answeredBy;
  return { did: page.status, by: vouchedFor(await people.byPagingId(id), name), at };
}
