import { randomUUID } from 'node:crypto';
import {
  Client,
  Connection,
  type ConnectionOptions,
  isGrpcServiceError,
  type WorkflowHandle,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { msToTs, requiredTsToMs } from '@temporalio/common/lib/time.js';

/** One workflow's moment, as its server tells it. Virtual instants are epoch milliseconds of the server's clock. */
export interface Moment {
  readonly runId: string;
  readonly running: boolean;
  /** What is under way, in words; null when every activity waits for its turn or for its next attempt. */
  readonly underWay: (isWaiting: (ticket: string) => boolean) => string | null;
  /** Attempts that a worker has begun, in the order in which the workflow asked for them: `run/activity/attempt`. */
  readonly begun: readonly { readonly ticket: string; readonly type: string }[];
  /** Grows with everything that happens to it: the same length before and after a reading means that it stood still. */
  readonly historyLength: number;
  readonly virtualNowMs: number;
  /** Activities that wait for their next attempt. */
  readonly backoffs: readonly {
    readonly key: string;
    readonly type: string;
    readonly intervalMs: number;
    readonly virtualDueMs: number;
  }[];
}

/**
 * The server's young time-skipping calls, and nothing of drills. A workflow is taken into virtual time by its first
 * fast-forward; from then on its time flows with the wall clock between fast-forwards and leaps during them.
 */
export interface VirtualTime {
  /** Null when there is no such workflow. */
  look(workflowId: string): Promise<Moment | null>;
  /** Moves one workflow to that virtual instant; resolves when it is there or has ended. Throws after `giveUpMs`. */
  forward(workflowId: string, moment: Moment, virtualMs: number, giveUpMs: number): Promise<void>;
  /** The first argument that this run was started with, and when; the engine's own words, so a new run has its own. */
  beginningOf(workflowId: string, runId: string): Promise<Beginning>;
  /** The whole history of its newest run. */
  history(workflowId: string): Promise<History>;
  close(): Promise<void>;
}

export interface Beginning {
  readonly input: unknown;
  /** By its first event: of a run that continued another, the engine's description counts skipped time twice. */
  readonly virtualStartMs: number;
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

const MAX_SKIPS = 100_000;
const COMPLETED = 2;
const FAILED = 3;
const NOT_FOUND = 5;
const RUNNING = 1;
const SCHEDULED = 1;

export async function connectVirtualTime(
  options: ConnectionOptions & { readonly namespace: string },
): Promise<VirtualTime> {
  const { namespace, ...rest } = options;
  const connection = await Connection.connect(rest);
  const service = connection.workflowService;
  const client = new Client({ connection, namespace });

  const look = async (workflowId: string): Promise<Moment | null> => {
    try {
      return momentOf(await service.describeWorkflowExecution({ namespace, execution: { workflowId } }));
    } catch (error) {
      if (isGrpcServiceError(error) && (error.code as number) === NOT_FOUND) return null;
      throw error;
    }
  };

  const forward = async (workflowId: string, moment: Moment, virtualMs: number, giveUpMs: number): Promise<void> => {
    const durationMs = Math.ceil(virtualMs - moment.virtualNowMs);
    if (!moment.running || durationMs <= 0) return;
    const id = randomUUID();
    const giveUpAt = performance.now() + giveUpMs;
    const fastForwardConfig = { id, duration: msToTs(durationMs) };
    const workflowExecution = { workflowId };
    try {
      await service.updateWorkflowExecutionOptions({
        namespace,
        workflowExecution,
        workflowExecutionOptions: {
          timeSkippingConfig: { enabled: true, maxSessionSkipCount: MAX_SKIPS, fastForwardConfig },
        },
        updateMask: { paths: ['time_skipping_config'] },
      });
      for (;;) {
        const answer = await service.pollWorkflowExecutionTimeSkipping({
          namespace,
          workflowExecution,
          fastForwardId: id,
        });
        // Failed means here that it ended, or went on as a new run, before it got there: both are looked at again.
        if (answer.fastForwardPollingResult === COMPLETED || answer.fastForwardPollingResult === FAILED) return;
        if (performance.now() > giveUpAt) {
          throw new Error(
            `${workflowId} does not move on in virtual time: something of it is still under way after ${Math.round(giveUpMs / 1000)} s (${(await look(workflowId))?.underWay(() => false) ?? 'unknown'}).`,
          );
        }
      }
    } catch (error) {
      if (isGrpcServiceError(error) && !(await look(workflowId))?.running) return;
      throw error;
    }
  };

  return {
    look,
    forward,
    async beginningOf(workflowId, runId) {
      const { history } = await service.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId, runId },
        maximumPageSize: 1,
      });
      const first = history?.events?.[0];
      const payload = first?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
      return {
        input: payload === undefined ? null : defaultPayloadConverter.fromPayload(payload),
        virtualStartMs: requiredTsToMs(first?.eventTime, 'eventTime'),
      };
    },
    history: (workflowId) => client.workflow.getHandle(workflowId).fetchHistory(),
    close: () => connection.close(),
  };
}

type Described = Awaited<ReturnType<Connection['workflowService']['describeWorkflowExecution']>>;

function momentOf(described: Described): Moment {
  const info = described.workflowExecutionInfo;
  const current = described.workflowExtendedInfo?.timeSkippingInfo?.currentTime;
  // Before its first fast-forward a workflow lives by the wall clock.
  const virtualNowMs = current ? requiredTsToMs(current, 'currentTime') : Date.now();
  const running = info?.status === RUNNING;
  const tasks = described.pendingWorkflowTask ? ['a workflow task'] : [];
  const begun: Moment['begun'][number][] = [];
  const backoffs: Moment['backoffs'][number][] = [];
  for (const activity of described.pendingActivities ?? []) {
    const next = activity.nextAttemptScheduleTime;
    const dueMs = next ? requiredTsToMs(next, 'nextAttemptScheduleTime') : null;
    const type = activity.activityType?.name ?? 'an activity';
    const ticket = `${info?.execution?.runId}/${activity.activityId}/${activity.attempt}`;
    if (activity.state !== SCHEDULED) {
      begun.push({ ticket, type });
      continue;
    }
    if (dueMs === null || dueMs <= virtualNowMs) {
      tasks.push(type);
      continue;
    }
    const interval = activity.currentRetryInterval;
    const saidMs = interval ? requiredTsToMs(interval, 'currentRetryInterval') : Number.POSITIVE_INFINITY;
    // Of an attempt whose worker is gone nobody said that it ended, and the server counts the interval from its epoch on.
    const intervalMs = saidMs < dueMs / 2 ? saidMs : nearest(dueMs - virtualNowMs, UNSAID_INTERVAL_MS);
    backoffs.push({
      key: ticket,
      type,
      intervalMs,
      virtualDueMs: dueMs,
    });
  }
  begun.sort((a, b) => activityNumber(a.ticket) - activityNumber(b.ticket));
  return {
    runId: info?.execution?.runId ?? '',
    running,
    underWay(isWaiting) {
      if (!running) return null;
      const busy = [...tasks, ...begun.filter(({ ticket }) => !isWaiting(ticket)).map(({ type }) => type)];
      return busy.length === 0 ? null : busy.join(', ');
    },
    begun,
    historyLength: Number(info?.historyLength ?? 0),
    virtualNowMs,
    backoffs,
  };
}

/** It is seen a moment after the attempt was given up; shorter than this no interval is where time is stretched. */
const UNSAID_INTERVAL_MS = 100_000;

function nearest(ms: number, unit: number): number {
  return Math.max(1, Math.round(ms / unit) * unit);
}

/** Activities are numbered in the order in which their workflow asked for them. */
function activityNumber(ticket: string): number {
  return Number(ticket.split('/')[1]);
}
