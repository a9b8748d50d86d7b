import { type Instant, isBefore, plusMinutes } from '../../domain/instant.ts';
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
      await run.agenda.waitFor(left);
      continue;
    }
    const minutes = run.policy.phases[box].toMinutes;
    const since = box === 'review' ? (run.state.resolved?.at ?? run.state.openedAt) : run.state.openedAt;
    const planned = plannedUntil(run);
    const moved = () => left() || plannedUntil(run) !== planned;
    const endsAt = later(plusMinutes(since, minutes), planned);
    if ((await run.agenda.waitUntil(`${box} should be over`, endsAt, moved)) !== 'due') continue;
    // After a late meeting, or the maintenance window that a fix waits for as planned, the incident closes by itself.
    const waitsAsPlanned = endsAt === planned || run.state.permanentFix?.migration === 'waiting';
    if (box === 'review' && waitsAsPlanned) await run.agenda.waitFor(left);
    else await overrun(run, phase, minutes);
  }
}

/** A review takes at least as long as its meeting is away: next business day may be Tuesday (R6.8). */
function plannedUntil({ state, policy }: IncidentRun): Instant | null {
  if (state.phase !== 'review' || state.review === null) return null;
  return plusMinutes(state.review.meetingAt, policy.review.meetingMinutes);
}

function later(one: Instant, other: Instant | null): Instant {
  return other !== null && isBefore(one, other) ? other : one;
}

async function overrun(run: IncidentRun, phase: Phase, windowMinutes: number): Promise<void> {
  run.record({ kind: 'phase-overrun', phase, windowMinutes });
  // A review that is late is people's paperwork: it is on the timeline, and calls nobody.
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
