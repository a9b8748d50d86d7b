import { leadingCause } from '../../../domain/incident.ts';
import { plusMinutes } from '../../../domain/instant.ts';
import { allAlertsCleared } from '../approving.ts';
import { collectEvidence, explainAgain } from '../assessing.ts';
import { isDescribed, isOngoing } from '../ongoing.ts';
import { isWellAgain } from '../recovery.ts';
import type { IncidentRun } from '../run.ts';

/**
 * Phase 2 (R2): until the cause is known well enough to act, or the incident ends some other way. Evidence is
 * collected again when something changes and every few minutes; people are asked when the machine does not know.
 */
export async function investigation(run: IncidentRun): Promise<void> {
  if (run.state.round > 1 && isOngoing(run)) await beginAgain(run);
  while (leadingCause(run.state) === null && isOngoing(run)) {
    askForHelp(run);
    await waitForSomethingNew(run);
    if (!isOngoing(run)) return;
    if (allAlertsCleared(run) && (await isWellAgain(run, `r${run.state.round}/cleared/${run.state.seq}`))) return;
    await lookAgain(run);
  }
  if (leadingCause(run.state) !== null && run.state.status === 'investigating') {
    run.record({ kind: 'status-changed', status: 'identified', because: run.state.hypotheses[0]?.words ?? '' });
  }
}

/** It came back: what is known is from before, so the next proposal rests on evidence of now. */
async function beginAgain(run: IncidentRun): Promise<void> {
  if (run.state.phase !== 'investigation')
    run.record({ kind: 'phase-entered', phase: 'investigation', because: 'it came back' });
  await run.step(`r${run.state.round}/looked-again`, async () => {
    await lookAgain(run);
    return true;
  });
}

/** Collects the evidence of an investigation and explains again. */
export async function lookAgain(run: IncidentRun): Promise<void> {
  await collectEvidence(run, 'investigation', run.policy.evidence.probes.investigation);
  explainAgain(run);
}

async function waitForSomethingNew(run: IncidentRun): Promise<void> {
  const alertsBefore = run.state.alerts.length;
  const clearedBefore = allAlertsCleared(run);
  const again = plusMinutes(run.now(), run.policy.evidence.againEveryMinutes);
  await run.agenda.waitUntil(
    'look again',
    again,
    () => run.state.alerts.length > alertsBefore || !isOngoing(run) || (!clearedBefore && allAlertsCleared(run)),
  );
}

function askForHelp(run: IncidentRun): void {
  const asked = `asked-for-help/r${run.state.round}`;
  if (asked in run.state.steps) return;
  run.record({ kind: 'asked-person', question: isDescribed(run) ? NOT_EXPLAINED : notDescribed(run) });
  run.record({ kind: 'step-finished', step: asked, outcome: true });
}

const NOT_EXPLAINED =
  'The evidence does not explain this yet. What do you see? Write an update or a note; evidence is collected again meanwhile.';

function notDescribed(run: IncidentRun): string {
  const { service } = run.policy;
  return `This is about ${run.state.service}, which the policy does not describe (it describes ${service.name}), so nothing is explained or proposed. Look at it, then resolve it, merge it or call it a false alarm.`;
}
