import { acknowledgement } from '../../domain/decisions/acknowledge.ts';
import { earlierOf } from '../../domain/instant.ts';
import type { Contact } from '../../domain/people.ts';
import { lookupActivities } from '../activity-calls.ts';
import type { IncidentRun } from './run.ts';

/**
 * Before somebody else is woken, the paging system is asked whether the page was answered there: the word of it may
 * have been lost on its way to us (R1.4). What cannot be asked stops nothing.
 */
export async function syncPagerAcknowledgements(run: IncidentRun): Promise<void> {
  const { incidentId, acknowledged, alerts } = run.state;
  const contacts = pagedContacts(run);
  const alertFingerprints = alerts.filter(({ alert }) => alert.alreadyPaged).map(({ alert }) => alert.fingerprint);
  if (acknowledged !== null || contacts.length + alertFingerprints.length === 0) return;
  const answer = await run.trackInFlight(() =>
    run.attempt(lookupActivities('was the page answered?').readPages({ incidentId, contacts, alertFingerprints })),
  );
  if (!answer.ok) {
    const words = `It could not be asked whether the page was answered there (${answer.words}). As far as is known here, nobody did.`;
    run.record({ kind: 'trouble', where: 'paging', words });
    return;
  }
  const [first] = answer.value.answers;
  // Whoever acknowledged here meanwhile was faster.
  if (first === undefined || run.state.acknowledged !== null) return;
  const saidAt = earlierOf(first.at, run.now());
  for (const fact of acknowledgement(run.state, first.by.person, saidAt)) run.record(fact, first.by);
  if (first.did === 'resolved') run.record({ kind: 'noted', text: RESOLVED_THERE }, first.by);
}

const RESOLVED_THERE =
  'Resolved the page in the paging system; nobody else is called. The incident stays open until it is resolved here.';

/** Also whom a page did not reach as far as is known: its answer may have been lost. */
function pagedContacts(run: IncidentRun): readonly Contact[] {
  const { pages, unsent } = run.state;
  const tried = unsent.flatMap(({ delivery, medium }) =>
    medium === 'page' ? ((delivery as { readonly contact?: Contact } | null)?.contact ?? []) : [],
  );
  return [...new Set([...pages.map(({ contact }) => contact), ...tried])];
}
