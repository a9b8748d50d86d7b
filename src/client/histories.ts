import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Asked } from './asked.ts';
import { messageOf } from './deadlines.ts';

/** A run that continued as new so often has gone wrong in another way. */
const MAX_RUNS = 200;
const WITHIN_MS = 20_000;

/** Walks from the last run back to the first. A history that has not ended yet is not exported. */
export async function exportHistory(client: Client, workflowId: string): Promise<Asked<ExportedHistory>> {
  try {
    const runs: { runId: string; history: unknown }[] = [];
    let runId: string | null = (await client.workflow.getHandle(workflowId).describe()).runId;
    while (runId !== null && runs.length < MAX_RUNS) {
      const handle: WorkflowHandle = client.workflow.getHandle(workflowId, runId);
      const history: Awaited<ReturnType<WorkflowHandle['fetchHistory']>> = await client.withDeadline(
        Date.now() + WITHIN_MS,
        () => handle.fetchHistory(),
      );
      if (runs.length === 0 && history.events?.at(-1)?.workflowExecutionCompletedEventAttributes == null)
        return { ok: false, why: 'away', words: `${workflowId} has not completed yet.` };
      runs.unshift({ runId, history: historyToJSON(history) });
      runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || null;
    }
    return { ok: true, value: { workflowId, runs } };
  } catch (error) {
    return { ok: false, why: 'away', words: messageOf(error) };
  }
}

export interface ExportedHistory {
  readonly workflowId: string;
  readonly runs: readonly { readonly runId: string; readonly history: unknown }[];
}
