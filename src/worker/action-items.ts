import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import type { ActionItemsPort } from '../activities/follow-up/ports.ts';
import { ACTION_ITEMS_WORKFLOW, type ActionItemsInput, actionItemsWorkflowId } from '../workflows/action-items/api.ts';
import { TASK_QUEUE } from '../workflows/incident/api.ts';

/** Starts what outlives an incident through the client and not as a child (decision 1); a second start finds the first. */
export function actionItemsStarter(connectionOptions: ConnectionOptions, namespace: string): ActionItemsPort {
  let client: Promise<Client> | null = null;
  const connected = (): Promise<Client> => {
    client ??= Connection.connect(connectionOptions).then((connection) => new Client({ connection, namespace }));
    client.catch(() => {
      client = null;
    });
    return client;
  };
  return {
    async start({ at, ...rest }) {
      const input: ActionItemsInput = { ...rest, anchorAt: at, carried: null };
      const { workflow } = await connected();
      const workflowId = actionItemsWorkflowId(rest.facts.incidentId);
      await workflow.start(ACTION_ITEMS_WORKFLOW, {
        workflowId,
        taskQueue: TASK_QUEUE,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `follow-ups of ${rest.facts.incidentId}`,
      });
      return workflowId;
    },
  };
}
