import { followUp } from '../activity-calls.ts';
import type { IncidentRun } from './run.ts';

/**
 * The authoritative copy of the timeline: what is not there yet goes to the store, before the post-mortem is written
 * from it and before this run ends. Answers whether the store has all of it.
 */
export async function keepRecord(run: IncidentRun): Promise<boolean> {
  const events = run.timeline.filter((event) => event.seq > run.recordedThroughSeq);
  const input = { incidentId: run.state.incidentId, events, facts: run.facts() };
  const kept = await run.attempt(followUp('authoritative copy of the timeline').recordTimeline(input));
  if (kept.ok) {
    run.recordedThroughSeq = events.at(-1)?.seq ?? run.recordedThroughSeq;
    return true;
  }
  const words = `The timeline could not be copied to the store: ${kept.words}`;
  run.record({ kind: 'trouble', where: 'record', words });
  return false;
}
