import type { ProbeName } from '../../domain/evidence.ts';
import { laterOf, plusMinutes, plusSeconds } from '../../domain/instant.ts';
import { isOngoing } from './ongoing.ts';
import { lookAgain } from './phases/investigation.ts';
import type { IncidentRun } from './run.ts';

/** Alerts of one problem come in a burst; they are looked at together. */
const BURST_SECONDS = 30;
/** What could not be asked is asked again soon: a proposal should not rest on half of the evidence for long. */
const GAPS_AGAIN_MINUTES = 1;

/**
 * Evidence is collected again when something changes and every few minutes (R2), also while a question waits for an
 * answer: a second fault changes the ranking, and the question about the first one is withdrawn.
 */
export async function refreshEvidence(run: IncidentRun): Promise<void> {
  let triedAt = run.state.openedAt;
  while (run.state.closed === null) {
    await run.agenda.waitFor(() => run.state.closed !== null || waitsForPeople(run));
    if (run.state.closed !== null) return;
    const alerts = run.state.alerts.length;
    const next = plusMinutes(
      laterOf(lastLook(run), triedAt),
      hasGaps(run) ? GAPS_AGAIN_MINUTES : run.policy.evidence.againEveryMinutes,
    );
    const changed = () => !waitsForPeople(run) || run.state.alerts.length > alerts;
    const why = await run.agenda.waitUntil('look again while people decide', laterOf(next, run.now()), changed);
    if (why === 'met' && waitsForPeople(run))
      await run.agenda.waitUntil(
        'a burst of alerts',
        plusSeconds(run.now(), BURST_SECONDS),
        () => !waitsForPeople(run),
      );
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

/** Questions that got no answer though there is somebody to ask. */
function hasGaps(run: IncidentRun): boolean {
  const newest = run.state.evidence.investigation ?? run.state.evidence['first-assessment'];
  return newest?.gaps.some((gap) => gap.kind === 'no-answer' && ESSENTIAL.includes(gap.probe)) ?? false;
}

/** Without these an explanation may blame the wrong thing. */
const ESSENTIAL: readonly ProbeName[] = [
  'rollouts',
  'error-rate',
  'affected-users',
  'database-connections',
  'provider-traffic',
];

function lastLook(run: IncidentRun): string {
  return Object.values(run.state.evidence).reduce(
    (latest, bundle) => laterOf(latest, bundle?.collectedAt ?? latest),
    run.state.openedAt,
  );
}
