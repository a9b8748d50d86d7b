import { stretchesOf } from '../../domain/sizes.ts';
import { followUp, lastCopy } from '../activity-calls.ts';
import type { IncidentRun } from './run.ts';

/** What one call carries of the timeline: with its facts less than half a megabyte, from which the engine warns. */
const STRETCH_BYTES = 384 * 1024;

/**
 * The authoritative copy of the timeline: what is not there yet goes to the store, before the post-mortem is written
 * from it and before this run ends, stretch after stretch. Answers whether the store has all of it. `patience` is that of
 * one call: an hour, or seconds where everything else stands still meanwhile.
 */
export async function keepRecord(run: IncidentRun, patience: 'an-hour' | 'seconds' = 'an-hour'): Promise<boolean> {
  const calls = patience === 'seconds' ? lastCopy : followUp;
  const events = run.timeline.filter((event) => event.seq > run.recordedThroughSeq);
  for (const stretch of stretchesOf(events, STRETCH_BYTES)) {
    const input = { incidentId: run.state.incidentId, events: stretch, facts: run.facts() };
    const kept = await run.attempt(calls('authoritative copy of the timeline').recordTimeline(input));
    if (!kept.ok) {
      const words = `The timeline could not be copied to the store: ${kept.words}`;
      run.record({ kind: 'trouble', where: 'record', words });
      return false;
    }
    // A copy begun earlier may end later.
    run.recordedThroughSeq = Math.max(run.recordedThroughSeq, stretch.at(-1)?.seq ?? 0);
  }
  return true;
}
