import { laterOf, plusMinutes, plusSeconds } from '../../domain/instant.ts';
import { isOngoing, lookAgain } from './phases/investigation.ts';
import type { IncidentRun } from './run.ts';

/** Alerts of one problem come in a burst; they are looked at together. */
const BURST_SECONDS = 30;

/**
 * Evidence is collected again when something changes and every few minutes (R2), also while a question waits for an
 * answer: a second fault changes the ranking, and the question about the first one is withdrawn.
 */
export async function keepLooking(run: IncidentRun): Promise<void> {
  let triedAt = run.state.openedAt;
  while (run.state.closed === null) {
    await run.agenda.forEvent(() => run.state.closed !== null || waitsForPeople(run));
    if (run.state.closed !== null) return;
    const alerts = run.state.alerts.length;
    const next = plusMinutes(laterOf(lastLook(run), triedAt), run.policy.evidence.againEveryMinutes);
    const changed = () => !waitsForPeople(run) || run.state.alerts.length > alerts;
    const why = await run.agenda.until('look again while people decide', laterOf(next, run.now()), changed);
    if (why === 'met' && waitsForPeople(run))
      await run.agenda.until('a burst of alerts', plusSeconds(run.now(), BURST_SECONDS), () => !waitsForPeople(run));
    triedAt = run.now();
    if (waitsForPeople(run)) await lookAgain(run);
  }
}

/** The other times of waiting collect evidence by themselves. */
function waitsForPeople(run: IncidentRun): boolean {
  return (
    isOngoing(run) &&
    run.state.approvals.some(
      (record) => record.state === 'open' && record.approval.options.some((option) => option.plan !== null),
    )
  );
}

function lastLook(run: IncidentRun): string {
  return Object.values(run.state.evidence).reduce(
    (latest, bundle) => laterOf(latest, bundle?.collectedAt ?? latest),
    run.state.openedAt,
  );
}
