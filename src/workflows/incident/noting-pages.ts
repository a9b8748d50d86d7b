import type { Delivery } from '../../activities/publication/api.ts';
import type { PageNote } from '../../domain/communication-policy.ts';
import { type IncidentState, leadingCause } from '../../domain/incident.ts';
import { nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/**
 * The incident's milestones as notes at its page (R4): whoever was woken sees there what became of it. Each once; while
 * the paging system is away they wait like every other message (outbox.ts).
 */
export async function notePages(run: IncidentRun): Promise<void> {
  while (run.state.closed === null) {
    const step = dueNote(run);
    if (step === null) await run.agenda.waitFor(() => run.state.closed !== null || dueNote(run) !== null);
    else await write(run, step);
  }
}

interface DueNote {
  readonly note: PageNote;
  /** Remembers that it was said. */
  readonly step: string;
}

function dueNote(run: IncidentRun): DueNote | null {
  // A policy that was frozen before there were notes names none.
  const wanted = run.policy.communication.pageNotes ?? [];
  if (pageOf(run.state) === null || hasGivenUp(run.state)) return null;
  return milestones(run.state).find(({ note, step }) => wanted.includes(note) && !(step in run.state.steps)) ?? null;
}

/** In the order in which they are told; each has its own name for each time it comes. */
function milestones(state: IncidentState): readonly DueNote[] {
  const { round, reopenings } = state;
  const reached: readonly (readonly [boolean, PageNote, string])[] = [
    ['opening' in state.steps, 'declared', 'page-note/declared'],
    [leadingCause(state) !== null && 'opening' in state.steps, 'cause-known', 'page-note/cause-known'],
    [reopenings > 0 && state.resolved === null, 'reopened', `page-note/reopened/${reopenings}`],
    [state.mitigated !== null, 'mitigated', `page-note/mitigated/${round}`],
    [state.resolved !== null, 'resolved', `page-note/resolved/${reopenings}`],
  ];
  return reached.flatMap(([is, note, step]) => (is ? [{ note, step }] : []));
}

/** The page that woke somebody first: ours, or the one that the alert itself had sent. */
function pageOf({ pages, alerts }: IncidentState): Extract<Delivery, { medium: 'page-note' }>['page'] | null {
  const [first] = pages;
  if (first !== undefined) return { contact: first.contact };
  const paged = alerts.find(({ alert }) => alert.alreadyPaged);
  return paged === undefined ? null : { alertFingerprint: paged.alert.fingerprint };
}

/** A note that can never be written (nothing is configured, no right to) is said once, not at each milestone. */
function hasGivenUp({ unsent }: IncidentState): boolean {
  return unsent.some(({ medium, retryAt }) => medium === 'page-note' && retryAt === null);
}

async function write(run: IncidentRun, { note, step }: DueNote): Promise<void> {
  const page = pageOf(run.state);
  if (page === null) return;
  await run.step(step, async () => {
    const key = nextKey(run, `note ${note}`);
    await publishRound(run, `note at the page: ${note}`, [{ medium: 'page-note', key, what: note, page }]);
    return true;
  });
}
