import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import type { ActionItemsPort } from '../activities/follow-up/ports.ts';
import { tracedClient } from '../client/tracing.ts';
import { ACTION_ITEMS_WORKFLOW, type ActionItemsInput, actionItemsWorkflowId } from '../workflows/action-items/api.ts';
import { speedMemo } from '../workflows/incident/api.ts';
import {
  machineWroteSignal,
  POST_MORTEM_WORKFLOW,
  type PostMortemInput,
  postMortemWorkflowId,
} from '../workflows/post-mortem/api.ts';

/** Starts what outlives an incident through the client and not as a child (ADR 0007); a second start finds the first. */
export function followUpStarter(
  connectionOptions: ConnectionOptions,
  namespace: string,
  taskQueue: string,
): ActionItemsPort {
  let client: Promise<Client> | null = null;
  const connected = (): Promise<Client> => {
    client ??= Connection.connect(connectionOptions).then(
      (connection) => new Client({ connection, namespace, interceptors: { workflow: [tracedClient] } }),
    );
    client.catch(() => {
      client = null;
    });
    return client;
  };
  return {
    async start({ at, document, runbooks, ...rest }) {
      const { workflow } = await connected();
      const { incidentId } = rest.facts;
      if (document !== null) {
        const input: PostMortemInput = {
          facts: rest.facts,
          ...document,
          communication: rest.communication,
          runbooks: runbooks ?? null,
          anchorAt: at,
          speed: rest.speed,
          carried: null,
        };
        await workflow.signalWithStart(POST_MORTEM_WORKFLOW, {
          workflowId: postMortemWorkflowId(incidentId),
          taskQueue,
          args: [input],
          signal: machineWroteSignal,
          signalArgs: [{ digest: document.digest, at, again: true }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          ...speedMemo(input.speed),
          staticSummary: `post-mortem of ${incidentId}`,
        });
      }
      const input: ActionItemsInput = { ...rest, anchorAt: at, carried: null };
      const workflowId = actionItemsWorkflowId(incidentId);
      await workflow.start(ACTION_ITEMS_WORKFLOW, {
        workflowId,
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        ...speedMemo(input.speed),
        staticSummary: `follow-ups of ${incidentId}`,
      });
      return workflowId;
    },
  };
}
