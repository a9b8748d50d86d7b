import { type IncidentState, leadingCause } from '../../domain/incident.ts';
import { plusMinutes } from '../../domain/instant.ts';
import type { ActionName } from '../../domain/remedy.ts';
import type { ActionItem } from '../action-items/api.ts';
import { urgentTicketActivities } from '../activity-calls.ts';
import type { IncidentRun } from './run.ts';

/** What buys time against a leak; what eats the memory is still there afterwards. */
const RELIEF: readonly ActionName[] = ['memory-limit', 'replace-pods', 'restart'];
const STEP = 'memory-profiling';

/**
 * R3.4.5: once memory was relieved, somebody has to find out what eats it. The ticket is made at once and named on the
 * timeline; the follow-ups of the incident chase it under the same external id, so there is never a second one.
 */
export async function askForMemoryProfiling(run: IncidentRun): Promise<void> {
  await run.agenda.waitFor(() => run.state.closed !== null || reliefOf(run.state) !== null);
  const relief = reliefOf(run.state);
  if (relief === null || run.state.closed !== null) return;
  await run.step(STEP, async () => {
    const item: ActionItem = {
      id: STEP,
      what: `Find out by memory profiling what ${relief.plan.target.name} keeps in memory: ${relief.plan.action} only bought time.`,
      owner: run.state.commander,
      dueAt: plusMinutes(run.now(), run.policy.review.reviewWithinHours * 60),
    };
    await openTicket(run, item);
    return item;
  });
}

/** The follow-up that relief of memory left behind; null when nothing of the kind was carried out. */
export function memoryProfiling(state: IncidentState): ActionItem | null {
  return (state.steps[STEP] as ActionItem | undefined) ?? null;
}

async function openTicket(run: IncidentRun, item: ActionItem): Promise<void> {
  const system = run.policy.reports?.ticketsIn ?? null;
  if (system === null) return;
  const { incidentId } = run.state;
  const made = await run.attempt(
    urgentTicketActivities('ticket for memory profiling').createTicket({
      system,
      externalId: `${incidentId}/${item.id}`,
      incidentId,
      title: `${incidentId}: ${item.what}`,
      description: `${item.what}\n\nA follow-up of ${incidentId}, made when the memory was relieved (R3.4.5).`,
      dueAt: item.dueAt,
      ownerEmail: run.policy.people.find(({ id }) => id === item.owner)?.email ?? null,
    }),
  );
  if (made.ok) run.record({ kind: 'ticket-opened', what: item.what, ref: made.value.ref, url: made.value.url });
  else
    run.record({
      kind: 'trouble',
      where: 'ticket for memory profiling',
      words: `${made.words} It is tried again with the follow-ups.`,
    });
}

/** Relief while a leak leads the explanations: the same restart against another cause relieves no memory. */
function reliefOf(state: IncidentState) {
  const isLeak = leadingCause(state)?.cause === 'memory-leak';
  return (
    state.remedies.find(({ plan, outcome }) => {
      const done = outcome?.result === 'done' || outcome?.result === 'already-done';
      const relieves = plan.action === 'memory-limit' || (isLeak && RELIEF.includes(plan.action));
      return done && relieves && plan.parameters.revert !== 1;
    }) ?? null
  );
}
