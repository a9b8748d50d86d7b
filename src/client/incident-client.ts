import {
  Client,
  type ClientOptions,
  Connection,
  type ConnectionOptions,
  QueryNotRegisteredError,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { CommunicationPolicy } from '../domain/communication-policy.ts';
import type { Decision, DecisionAnswer } from '../domain/decision.ts';
import type { IncidentState } from '../domain/incident.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { Instant } from '../domain/instant.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import {
  type AgendaEntry,
  type AlertBatch,
  agendaQuery,
  alertsSignal,
  communicationQuery,
  decisionSignal,
  decisionUpdate,
  INCIDENT_WORKFLOW,
  type IncidentInput,
  incidentWorkflowId,
  type JoinedIncident,
  paperQuery,
  receiveAlertsUpdate,
  SEARCH_ATTRIBUTES,
  speedMemo,
  stateQuery,
} from '../workflows/incident/api.ts';
import { USER_REPORT_WORKFLOW, type UserReportInput } from '../workflows/user-report/api.ts';
import type { Asked } from './asked.ts';
import { grpcCodeOf, HOPELESS, messageOf, UNAVAILABLE, untilAnswered } from './deadlines.ts';
import { type ExportedHistory, exportHistory } from './histories.ts';
import { type PostMortemClient, postMortemClient } from './post-mortems.ts';
import { type QuickClient, quickClient } from './quick-actions.ts';
import { taskQueueOf } from './task-queue.ts';
import { tracedClient } from './tracing.ts';
import { wholeTimelineSince } from './whole-timeline.ts';

export type { AgendaEntry } from '../workflows/incident/api.ts';
export type { PostMortemAnswer } from './post-mortems.ts';

/** What became of a batch of alerts. `signalled`: durable, though no worker answered in time. */
export type Delivered =
  | { readonly outcome: 'joined'; readonly joined: JoinedIncident }
  | { readonly outcome: 'signalled' }
  /** The incident's workflow has ended: these alerts belong to another incident. */
  | { readonly outcome: 'ended' };

/** What became of a decision. Only `unavailable` left nothing behind; the same id may be sent again after any. */
export type Decided =
  | { readonly outcome: 'accepted'; readonly answer: DecisionAnswer }
  /** Durable as a signal: it takes effect, or is refused on the timeline, as soon as a worker runs. */
  | { readonly outcome: 'pending'; readonly words: string }
  | { readonly outcome: 'refused'; readonly words: string; readonly unauthorised: boolean }
  | { readonly outcome: 'not-found'; readonly words: string }
  | { readonly outcome: 'ended'; readonly words: string }
  | { readonly outcome: 'unavailable'; readonly words: string };

export interface IncidentSummary {
  readonly incidentId: string;
  readonly status: string;
  readonly startedAt: Instant;
  readonly severity: string | null;
  readonly phase: string | null;
  readonly service: string | null;
  readonly commander: string | null;
}

export interface IncidentStateAnswer {
  readonly state: IncidentState;
  readonly facts: IncidentFacts;
  readonly now: Instant;
}

/** The only way to Temporal: open, say, ask, list. */
export interface IncidentClient extends PostMortemClient {
  /** First alerts, by update-with-start; falls back to a signal of the same batch. Throws TemporalAway. */
  openWithAlerts(input: IncidentInput, batch: AlertBatch, batchId: string): Promise<Delivered>;
  /** Later alerts (or first ones while no worker runs), by signal-with-start. Throws TemporalAway. */
  signalAlerts(input: IncidentInput, batch: AlertBatch): Promise<Delivered>;
  /** Begins a verification, or finds the one that is begun. Throws TemporalAway. */
  startUserReport(input: UserReportInput): Promise<void>;
  decide(decision: Decision): Promise<Decided>;
  state(incidentId: string): Promise<Asked<IncidentStateAnswer>>;
  timelineSince(incidentId: string, seq: number): Promise<Asked<readonly TimelineEvent[]>>;
  agenda(incidentId: string): Promise<Asked<readonly AgendaEntry[]>>;
  /** The remaining steps as plain commands (ADR 0019). */
  paper(incidentId: string): Promise<Asked<string>>;
  /**
   * The engine's own history of an incident that has ended, oldest run first, each as Temporal exports it (JSON that
   * replays). `away` while it still runs.
   */
  history(incidentId: string): Promise<Asked<ExportedHistory>>;
  /** The texts that this incident speaks with; its policy is frozen. */
  communication(
    incidentId: string,
  ): Promise<Asked<{ readonly communication: CommunicationPolicy; readonly chatGroups: readonly string[] }>>;
  /** The runbook's quick reference (R8): looks and acts with or without an incident. */
  readonly quick: QuickClient;
  /** Incidents as Temporal lists them, newest first; at most `limit`. Behind the truth by about a second. */
  list(options?: { readonly openOnly?: boolean; readonly limit?: number }): Promise<Asked<readonly IncidentSummary[]>>;
  /** Null when Temporal answers, otherwise a sentence. */
  trouble(): Promise<string | null>;
  close(): Promise<void>;
}

export interface IncidentClientOptions {
  /** Absent: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…, or the profile file. */
  readonly connection?: ConnectionOptions;
  readonly namespace?: string;
  readonly taskQueue?: string;
  /** How long a person waits for a worker before the decision is left as a signal. */
  readonly answerWithinMs?: number;
}

/** Nothing could be handed over; the same call may be made again later. */
export class TemporalAway extends Error {
  override readonly name = 'TemporalAway';
}

const ANSWER_WITHIN_MS = 5_000;
const HAND_OVER_WITHIN_MS = 5_000;
const READ_WITHIN_MS = 2_000;
const PING_WITHIN_MS = 1_500;
const LIST_LIMIT = 200;
/** Temporal allows 400 bytes for a summary; a character takes at most four. */
const SUMMARY_CHARACTERS = 100;

/** Connects at the first use, so that a gateway starts, and takes alerts, while Temporal is away. */
export function createIncidentClient(options: IncidentClientOptions = {}): IncidentClient {
  const fromEnv = loadClientConnectConfig();
  const connection = Connection.lazy({
    ...fromEnv.connectionOptions,
    ...options.connection,
    connectTimeout: HAND_OVER_WITHIN_MS,
    // The SDK's own retries outlive our deadlines, and one that is due after `close` ends the process (measured).
    interceptors: [],
  });
  const clientOptions: ClientOptions = {
    connection,
    namespace: options.namespace ?? fromEnv.namespace ?? 'default',
    interceptors: { workflow: [tracedClient] },
  };
  const client = new Client(clientOptions);
  const taskQueue = options.taskQueue ?? taskQueueOf(process.env.TEMPORAL_TASK_QUEUE);
  const answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;

  const within = <T>(milliseconds: number, call: () => Promise<T>): Promise<T> =>
    untilAnswered(milliseconds, (left) => client.withDeadline(Date.now() + left, call));
  const handleOf = (incidentId: string) => client.workflow.getHandle(incidentWorkflowId(incidentId));
  const start = (input: IncidentInput) => ({
    workflowId: incidentWorkflowId(input.incidentId),
    taskQueue,
    args: [input] as [IncidentInput],
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    ...speedMemo(input.speed),
    staticSummary: input.title.replace(/\s+/g, ' ').slice(0, SUMMARY_CHARACTERS),
  });

  const signalAlerts = async (input: IncidentInput, batch: AlertBatch): Promise<Delivered> => {
    try {
      const signalled = { signal: alertsSignal, signalArgs: [batch] as [AlertBatch] };
      const policy = { workflowIdConflictPolicy: 'USE_EXISTING' as const };
      await within(HAND_OVER_WITHIN_MS, () =>
        client.workflow.signalWithStart(INCIDENT_WORKFLOW, { ...start(input), ...policy, ...signalled }),
      );
      return { outcome: 'signalled' };
    } catch (error) {
      if (hasEnded(error)) return { outcome: 'ended' };
      throw unreachable(error);
    }
  };

  const openWithAlerts = async (input: IncidentInput, batch: AlertBatch, batchId: string): Promise<Delivered> => {
    try {
      const joined = await within(answerWithinMs, () =>
        client.workflow.executeUpdateWithStart(receiveAlertsUpdate, {
          args: [batch],
          updateId: batchId,
          // One use each: an attempt that is repeated needs a new one.
          startWorkflowOperation: new WithStartWorkflowOperation(INCIDENT_WORKFLOW, {
            ...start(input),
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        }),
      );
      return { outcome: 'joined', joined };
    } catch (error) {
      if (hasEnded(error)) return { outcome: 'ended' };
      // No worker answered, or the incident refused an update it should take: a signal is durable without either.
      return signalAlerts(input, batch);
    }
  };

  const startUserReport = async (input: UserReportInput): Promise<void> => {
    try {
      await within(HAND_OVER_WITHIN_MS, () =>
        client.workflow.start(USER_REPORT_WORKFLOW, {
          workflowId: input.verificationId,
          taskQueue,
          args: [input] as [UserReportInput],
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          ...speedMemo(input.speed),
          staticSummary: `verification ${input.verificationId}`,
        }),
      );
    } catch (error) {
      // It has run to its end already: another gateway was faster.
      if (!hasEnded(error)) throw unreachable(error);
    }
  };

  const decide = async (decision: Decision): Promise<Decided> => {
    const handle = handleOf(decision.incidentId);
    let signalWithinMs = HAND_OVER_WITHIN_MS;
    try {
      const answer = await within(answerWithinMs, () =>
        handle.executeUpdate(decisionUpdate(decision.name), { args: [decision], updateId: decision.id }),
      );
      return { outcome: 'accepted', answer };
    } catch (error) {
      const known = await refusalOf(error, decision);
      if (known !== null) return known;
      // A server that was away all that time gets only a moment more.
      if (grpcCodeOf(error) === UNAVAILABLE) signalWithinMs = PING_WITHIN_MS;
    }
    try {
      await within(signalWithinMs, () => handle.signal(decisionSignal(decision.name), decision));
      return {
        outcome: 'pending',
        words: `No worker responded within ${answerWithinMs / 1000} s. Your "${decision.name}" is queued and will be applied when one is available; its result will be on the timeline. Do not resend.`,
      };
    } catch (error) {
      return (
        (await refusalOf(error, decision)) ?? {
          outcome: 'unavailable',
          words: `Temporal does not answer (${messageOf(error)}), so "${decision.name}" was not taken. Try again with the same id; until then follow the runbook by hand.`,
        }
      );
    }
  };

  const refusalOf = async (error: unknown, { incidentId }: Decision): Promise<Decided | null> => {
    if (error instanceof WorkflowUpdateFailedError) {
      const cause = error.cause;
      const unauthorised = cause instanceof ApplicationFailure && cause.type === 'Unauthorised';
      return { outcome: 'refused', words: (cause ?? error).message, unauthorised };
    }
    if (!(error instanceof WorkflowNotFoundError)) return null;
    return (await isKnown(incidentId))
      ? {
          outcome: 'ended',
          words: `${incidentId} has ended; nothing can be decided in it any more. If the problem is back, open a new incident.`,
        }
      : { outcome: 'not-found', words: `There is no incident ${incidentId}. List the open ones and check its name.` };
  };

  const isKnown = (incidentId: string): Promise<boolean> =>
    within(READ_WITHIN_MS, () => handleOf(incidentId).describe()).then(
      () => true,
      () => false,
    );

  const ask = async <T>(incidentId: string, question: () => Promise<T>): Promise<Asked<T>> => {
    try {
      return { ok: true, value: await within(READ_WITHIN_MS, question) };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        return { ok: false, why: 'not-found', words: `Temporal knows no incident ${incidentId}.` };
      }
      if (error instanceof QueryNotRegisteredError) throw error;
      return { ok: false, why: 'away', words: `The incident does not answer: ${messageOf(error)}.` };
    }
  };

  return {
    openWithAlerts,
    signalAlerts,
    startUserReport,
    decide,
    state: (incidentId) => ask(incidentId, () => handleOf(incidentId).query(stateQuery)),
    timelineSince: (incidentId, seq) => ask(incidentId, () => wholeTimelineSince(handleOf(incidentId), seq)),
    agenda: (incidentId) => ask(incidentId, () => handleOf(incidentId).query(agendaQuery)),
    quick: quickClient({ client, taskQueue, within }),
    communication: (incidentId) => ask(incidentId, () => handleOf(incidentId).query(communicationQuery)),
    paper: (incidentId) => ask(incidentId, () => handleOf(incidentId).query(paperQuery)),
    ...postMortemClient({ client, ask, within: (call) => within(answerWithinMs, call) }),
    history: (incidentId) => exportHistory(client, incidentWorkflowId(incidentId)),
    list: ({ openOnly = false, limit = LIST_LIMIT } = {}) => ask('', () => listIncidents(client, openOnly, limit)),
    async trouble() {
      try {
        await within(PING_WITHIN_MS, () => client.workflowService.getSystemInfo({}));
        return null;
      } catch (error) {
        return `Temporal does not answer: ${messageOf(error)}.`;
      }
    },
    close: () => connection.close(),
  };
}

async function listIncidents(client: Client, openOnly: boolean, limit: number): Promise<readonly IncidentSummary[]> {
  const open = openOnly ? ` AND ExecutionStatus = 'Running'` : '';
  const found: IncidentSummary[] = [];
  for await (const one of client.workflow.list({
    query: `WorkflowType = '${INCIDENT_WORKFLOW}'${open}`,
    pageSize: limit,
  })) {
    found.push({
      incidentId: one.workflowId,
      status: one.status.name,
      startedAt: one.startTime.toISOString(),
      severity: one.typedSearchAttributes.get(SEARCH_ATTRIBUTES.severity) ?? null,
      phase: one.typedSearchAttributes.get(SEARCH_ATTRIBUTES.phase) ?? null,
      service: one.typedSearchAttributes.get(SEARCH_ATTRIBUTES.service) ?? null,
      commander: one.typedSearchAttributes.get(SEARCH_ATTRIBUTES.commander) ?? null,
    });
    if (found.length >= limit) break;
  }
  return found;
}

function hasEnded(error: unknown): boolean {
  return error instanceof WorkflowExecutionAlreadyStartedError || error instanceof WorkflowNotFoundError;
}

/** Everything that may pass becomes TemporalAway; what cannot (a refused request) stays what it is. */
function unreachable(error: unknown): unknown {
  if (HOPELESS.has(grpcCodeOf(error) ?? -1)) return error;
  return new TemporalAway(`Temporal does not answer: ${messageOf(error)}.`, { cause: error });
}
