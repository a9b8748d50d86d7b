import type { WorkflowHandle } from '@temporalio/client';
import { jsonBytes } from '../domain/sizes.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import { TIMELINE_ANSWER_BYTES, timelineSinceQuery } from '../workflows/incident/api.ts';

/** A run keeps far less than so many answers. */
const MAX_ANSWERS = 50;

/** All that an incident still has after `seq`: an answer that may have been cut is asked on from its end. */
export async function wholeTimelineSince(handle: WorkflowHandle, seq: number): Promise<readonly TimelineEvent[]> {
  const events: TimelineEvent[] = [];
  for (let answers = 0; answers < MAX_ANSWERS; answers += 1) {
    const answer = await handle.query(timelineSinceQuery, events.at(-1)?.seq ?? seq);
    events.push(...answer);
    if (jsonBytes(answer) < TIMELINE_ANSWER_BYTES / 2) return events;
  }
  return events;
}
