import { plusMinutes } from '../../domain/instant.ts';
import type { Phase } from '../../domain/timeline.ts';
import { channelOf } from './communicating.ts';
import { nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

const BOXES = ['detection', 'investigation', 'mitigation', 'resolution', 'review'] as const;

/** Phases are not walls: one that takes longer than the runbook's time box is recorded and said, and goes on. */
export async function watchWindows(run: IncidentRun): Promise<void> {
  while (run.state.closed === null) {
    const phase = run.state.phase;
    const box = BOXES.find((name) => name === phase);
    const left = () => run.state.closed !== null || run.state.phase !== phase;
    if (box === undefined || run.state.overruns.includes(phase)) {
      await run.agenda.forEvent(left);
      continue;
    }
    const minutes = run.policy.phases[box].toMinutes;
    const since = box === 'review' ? (run.state.resolved?.at ?? run.state.openedAt) : run.state.openedAt;
    if ((await run.agenda.until(`${box} should be over`, plusMinutes(since, minutes), left)) === 'due')
      await overrun(run, phase, minutes);
  }
}

async function overrun(run: IncidentRun, phase: Phase, windowMinutes: number): Promise<void> {
  run.record({ kind: 'phase-overrun', phase, windowMinutes });
  // A review that waits for its meeting is planned to take that long (R6.8).
  if (phase === 'review') return;
  await publishRound(run, `${phase} takes longer than ${windowMinutes} minutes`, [
    {
      medium: 'chat',
      key: nextKey(run, 'overrun'),
      what: 'reminder',
      channel: channelOf(run),
      detail: `${phase} was meant to be over after ${windowMinutes} minutes`,
    },
  ]);
}
