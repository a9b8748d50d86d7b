import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Performance } from '../play-drill.ts';
import type { Check } from './evidence.ts';

/** Runs every workflow's history again with the code that made it; a step that would go otherwise fails. */
export async function replayCheck({ incidents, followUps, theatre }: Performance, bundlePath: string): Promise<Check> {
  const { Worker } = await import('@temporalio/worker');
  const broken: string[] = [];
  for (const { workflowId } of [...incidents, ...followUps]) {
    const history = await theatre.virtualTime.history(workflowId);
    try {
      await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath } }, JSON.parse(historyToJSON(history)), workflowId);
    } catch (error) {
      broken.push(`${workflowId}: ${(error as Error).message}`);
    }
  }
  const actual = broken.length === 0 ? 'replays' : broken.join('; ');
  return { check: 'the history replays', expected: 'replays', actual, passed: broken.length === 0 };
}
