import { type Client, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import {
  type ApprovePostMortem,
  approvePostMortemUpdate,
  type EditPostMortem,
  type EditRunbookChange,
  editPostMortemUpdate,
  editRunbookChangeUpdate,
  type PostMortemStatus,
  type ProposeRunbookChange,
  postMortemQuery,
  postMortemWorkflowId,
  proposeRunbookChangeUpdate,
  type WithholdRunbookChange,
  withholdRunbookChangeUpdate,
} from '../workflows/post-mortem/api.ts';
import type { Asked } from './asked.ts';
import { messageOf } from './deadlines.ts';

export type PostMortemAnswer =
  | { readonly outcome: 'accepted'; readonly status: PostMortemStatus }
  | { readonly outcome: 'refused' | 'not-found' | 'unavailable'; readonly words: string };

/** The document of an incident, and the change of a runbook that comes of it. */
export interface PostMortemClient {
  /** As its own workflow knows it; `not-found` before it is drafted. */
  postMortem(incidentId: string): Promise<Asked<PostMortemStatus>>;
  /** Refused when somebody else edited since `basedOn`; the text is in the evidence store already. */
  editPostMortem(incidentId: string, edit: EditPostMortem): Promise<PostMortemAnswer>;
  approvePostMortem(incidentId: string, approval: ApprovePostMortem): Promise<PostMortemAnswer>;
  /** What the runbook is given instead of the machine's draft (R6.5). */
  editRunbookChange(incidentId: string, edit: EditRunbookChange): Promise<PostMortemAnswer>;
  withholdRunbookChange(incidentId: string, request: WithholdRunbookChange): Promise<PostMortemAnswer>;
  /** The pull request at once. */
  proposeRunbookChange(incidentId: string, request: ProposeRunbookChange): Promise<PostMortemAnswer>;
}

interface Calls {
  readonly client: Client;
  readonly ask: <T>(incidentId: string, question: () => Promise<T>) => Promise<Asked<T>>;
  readonly within: <T>(call: () => Promise<T>) => Promise<T>;
}

export function postMortemClient({ client, ask, within }: Calls): PostMortemClient {
  const handleOf = (incidentId: string) => client.workflow.getHandle(postMortemWorkflowId(incidentId));

  const answerOf = async (
    incidentId: string,
    say: (handle: WorkflowHandle) => Promise<PostMortemStatus>,
  ): Promise<PostMortemAnswer> => {
    try {
      return { outcome: 'accepted', status: await within(() => say(handleOf(incidentId))) };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError)
        return { outcome: 'refused', words: (error.cause ?? error).message };
      if (error instanceof WorkflowNotFoundError) {
        return {
          outcome: 'not-found',
          words: `The post-mortem of ${incidentId} cannot be edited: it is not drafted yet, or it was approved and is complete.`,
        };
      }
      return {
        outcome: 'unavailable',
        words: `It was not saved: ${messageOf(error)}. Keep your text and save it again in a minute.`,
      };
    }
  };

  return {
    postMortem: (incidentId) => ask(incidentId, () => handleOf(incidentId).query(postMortemQuery)),
    editPostMortem: (incidentId, edit) =>
      answerOf(incidentId, (handle) =>
        handle.executeUpdate(editPostMortemUpdate, { args: [edit], updateId: `${edit.basedOn}/${edit.digest}` }),
      ),
    approvePostMortem: (incidentId, approval) =>
      answerOf(incidentId, (handle) =>
        handle.executeUpdate(approvePostMortemUpdate, { args: [approval], updateId: `approve/${approval.digest}` }),
      ),
    editRunbookChange: (incidentId, edit) =>
      answerOf(incidentId, (handle) =>
        handle.executeUpdate(editRunbookChangeUpdate, {
          args: [edit],
          updateId: `runbook/${edit.basedOn}/${edit.digest}`,
        }),
      ),
    withholdRunbookChange: (incidentId, request) =>
      answerOf(incidentId, (handle) => handle.executeUpdate(withholdRunbookChangeUpdate, { args: [request] })),
    proposeRunbookChange: (incidentId, request) =>
      answerOf(incidentId, (handle) =>
        handle.executeUpdate(proposeRunbookChangeUpdate, {
          args: [request],
          updateId: `runbook/propose/${request.digest}`,
        }),
      ),
  };
}
