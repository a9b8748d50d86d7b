import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/common';
import type { Decision } from '../domain/decision.ts';
import type { QuickActionState } from '../domain/quick-action.ts';
import { speedMemo } from '../workflows/incident/api.ts';
import {
  callOffQuickUpdate,
  confirmQuickUpdate,
  QUICK_ACTION_WORKFLOW,
  QUICK_CHECK_WORKFLOW,
  type QuickActionInput,
  type QuickCheckInput,
  type QuickCheckResult,
  quickStateQuery,
  undoQuickUpdate,
} from '../workflows/quick-action/api.ts';
import { messageOf } from './deadlines.ts';

/** What became of something quick. `unavailable`: Temporal or every worker is away, and nothing was done. */
export type QuickAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly why: 'refused' | 'unauthorised' | 'not-found' | 'unavailable';
      readonly words: string;
    };

export interface QuickClient {
  check(input: QuickCheckInput): Promise<QuickAnswer<QuickCheckResult>>;
  /** Begins it; nothing is done before somebody confirms. The same id twice is one action. */
  begin(input: QuickActionInput): Promise<QuickAnswer<null>>;
  state(id: string): Promise<QuickAnswer<QuickActionState>>;
  confirm(decision: Decision<'approve'>): Promise<QuickAnswer<QuickActionState>>;
  callOff(decision: Decision<'call-off'>): Promise<QuickAnswer<QuickActionState>>;
  undo(decision: Decision<'revert-lease'>): Promise<QuickAnswer<QuickActionState>>;
}

interface Calls {
  readonly client: Client;
  readonly taskQueue: string;
  readonly within: <T>(milliseconds: number, call: () => Promise<T>) => Promise<T>;
}

/** Probes have two seconds each; what is longer is a worker that is away. */
const CHECK_WITHIN_MS = 12_000;
const BEGIN_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 5_000;
const READ_WITHIN_MS = 2_000;

export function quickClient({ client, taskQueue, within }: Calls): QuickClient {
  const start = (id: string) => ({ workflowId: id, taskQueue, workflowIdReusePolicy: 'REJECT_DUPLICATE' as const });
  const answered = async <T>(milliseconds: number, call: () => Promise<T>): Promise<QuickAnswer<T>> => {
    try {
      return { ok: true, value: await within(milliseconds, call) };
    } catch (error) {
      return failed(error);
    }
  };
  return {
    check: (input) =>
      answered(CHECK_WITHIN_MS, async () => {
        const options = {
          ...start(input.id),
          args: [input] as [QuickCheckInput],
          staticSummary: `check ${input.what}`,
        };
        const handle = await client.workflow.start(QUICK_CHECK_WORKFLOW, options).catch((error: unknown) => {
          if (error instanceof WorkflowExecutionAlreadyStartedError) return client.workflow.getHandle(input.id);
          throw error;
        });
        return (await handle.result()) as QuickCheckResult;
      }),
    begin: (input) =>
      answered(BEGIN_WITHIN_MS, async () => {
        const staticSummary = `${input.action} ${input.target.name}`.slice(0, 100);
        const options = { ...start(input.id), ...speedMemo(input.speed), staticSummary };
        await client.workflow
          .start(QUICK_ACTION_WORKFLOW, { ...options, args: [input] as [QuickActionInput] })
          .catch((error: unknown) => {
            if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
          });
        return null;
      }),
    state: (id) => answered(READ_WITHIN_MS, () => client.workflow.getHandle(id).query(quickStateQuery)),
    confirm: (decision) => answered(ANSWER_WITHIN_MS, () => say(client, confirmQuickUpdate, decision)),
    callOff: (decision) => answered(ANSWER_WITHIN_MS, () => say(client, callOffQuickUpdate, decision)),
    undo: (decision) => answered(ANSWER_WITHIN_MS, () => say(client, undoQuickUpdate, decision)),
  };
}

function say<N extends 'approve' | 'call-off' | 'revert-lease'>(
  client: Client,
  update: { readonly name?: string },
  decision: Decision<N>,
): Promise<QuickActionState> {
  const handle = client.workflow.getHandle(decision.incidentId);
  const options = { args: [decision] as [Decision<N>], updateId: decision.id };
  return handle.executeUpdate<QuickActionState, [Decision<N>]>(update.name ?? '', options);
}

function failed(error: unknown): {
  ok: false;
  why: 'refused' | 'unauthorised' | 'not-found' | 'unavailable';
  words: string;
} {
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    const unauthorised = cause instanceof ApplicationFailure && cause.type === 'Unauthorised';
    return { ok: false, why: unauthorised ? 'unauthorised' : 'refused', words: (cause ?? error).message };
  }
  if (error instanceof WorkflowNotFoundError)
    return {
      ok: false,
      why: 'not-found',
      words: 'There is no quick action of this id, or it has ended. See: incident do list',
    };
  return {
    ok: false,
    why: 'unavailable',
    words: `Temporal or its workers do not answer (${messageOf(error)}); nothing was done. \`incident paper\` prints the steps to go on by hand.`,
  };
}
