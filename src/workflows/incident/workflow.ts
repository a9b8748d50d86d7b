import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Delivery } from '../../activities/publication/api.ts';
import { plusMinutes } from '../../domain/instant.ts';
import type { IncidentInput, IncidentResult } from './api.ts';
import { channelOf, endPromises, runUpdateCadence } from './communicating.ts';
import { keepCustomersInformed, sendTestMails } from './informing-customers.ts';
import { keepPublicInformed, runStatusPageCadence } from './informing-public.ts';
import { keepLeases } from './leasing.ts';
import { askForMemoryProfiling } from './memory-profiling.ts';
import { registerMessages } from './messages.ts';
import { notePages } from './noting-pages.ts';
import { followShifts } from './on-call.ts';
import { fallBackToEmail, retryUnsentMessages } from './outbox.ts';
import { escalateByTime, watchAcknowledgement } from './paging.ts';
import { seeFixThrough } from './permanent-fix/see-through.ts';
import { detection } from './phases/detection.ts';
import { investigation } from './phases/investigation.ts';
import { mitigation } from './phases/mitigation.ts';
import { resolution } from './phases/resolution.ts';
import { review } from './phases/review.ts';
import { nextKey, publishLastRound } from './publishing.ts';
import { keepRecord } from './recording.ts';
import { IncidentRun } from './run.ts';
import { refreshEvidence } from './watching-evidence.ts';
import { watchWindows } from './watching-windows.ts';

/**
 * One incident from the first alert to the end of the review. The six phases walk in order and begin again when it
 * relapses or is reopened; the promises (updates, acknowledgement, escalation, leases) are kept beside them.
 */
export async function incident(input: IncidentInput): Promise<IncidentResult> {
  const run = new IncidentRun(input);
  // Before the handlers: messages that came with the start are handled the moment their handler is set.
  if (input.carried === null) run.record({ kind: 'alert-received', alert: input.firstAlert, repeats: 1 });
  registerMessages(run);

  const duties = [
    walkPhases,
    runUpdateCadence,
    keepPublicInformed,
    runStatusPageCadence,
    keepCustomersInformed,
    sendTestMails,
    watchAcknowledgement,
    escalateByTime,
    followShifts,
    notePages,
    keepLeases,
    retryUnsentMessages,
    fallBackToEmail,
    refreshEvidence,
    watchWindows,
    seeFixThrough,
    askForMemoryProfiling,
  ];
  const broken = Promise.all(duties.map((duty) => duty(run)));
  await Promise.race([broken, condition(() => run.state.closed !== null), timeForNewRun(run)]);

  if (run.state.closed === null) return handOver(run);
  return end(run, run.state.closed);
}

async function walkPhases(run: IncidentRun): Promise<void> {
  await detection(run);
  while (run.state.closed === null) {
    await investigation(run);
    await mitigation(run);
    await resolution(run);
    await review(run);
  }
}

/** The engine suggests a new run at twice this: evidence every few minutes makes a history big before it is long. */
const HISTORY_BYTES_PER_RUN = 2 * 1024 * 1024;

/** Only between decisions, and only when the history has grown long or big (ADR 0018). */
function wantsNewRun(run: IncidentRun): boolean {
  const { continueAsNewSuggested, historySize } = workflowInfo();
  return (
    continueAsNewSuggested ||
    historySize >= HISTORY_BYTES_PER_RUN ||
    run.decisionsTaken >= run.policy.limits.decisionsPerRun
  );
}

/** The engine ends a workflow at 50 MB or 51,200 events; up to here a run may grow while the store is away. */
const LARGEST_RUN = { bytes: 8 * 1024 * 1024, events: 10_000, decisionsFactor: 1.2 } as const;
const COPY_AGAIN_MINUTES = 1;

function cannotWait(run: IncidentRun): boolean {
  const { historySize, historyLength } = workflowInfo();
  return (
    historySize >= LARGEST_RUN.bytes ||
    historyLength >= LARGEST_RUN.events ||
    run.decisionsTaken >= run.policy.limits.decisionsPerRun * LARGEST_RUN.decisionsFactor
  );
}

/**
 * The timeline is copied while everything goes on, and nothing is drained before it is: a store that is away must not
 * make an incident stand still, and what a new run can carry has an end.
 */
async function timeForNewRun(run: IncidentRun): Promise<void> {
  await condition(() => wantsNewRun(run));
  const kept = async (): Promise<void> => {
    while (!(await keepRecord(run))) {
      await run.agenda.waitUntil('copy the timeline again', plusMinutes(run.now(), COPY_AGAIN_MINUTES), () => false);
    }
  };
  await Promise.race([kept(), condition(() => cannotWait(run))]);
}

/** Continue-as-new: what is in flight ends first, and what was recorded since the copy is copied or carried. */
async function handOver(run: IncidentRun): Promise<never> {
  await run.drain();
  await keepRecord(run, 'seconds');
  await condition(allHandlersFinished);
  return continueAsNew<typeof incident>({ ...run.input, anchorAt: run.now(), carried: run.carry() });
}

async function end(run: IncidentRun, closed: NonNullable<IncidentRun['state']['closed']>): Promise<IncidentResult> {
  await run.drain();
  if (closed.as !== 'resolved') await publishClosing(run);
  endPromises(run);
  await keepRecord(run);
  await condition(allHandlersFinished);
  return { incidentId: run.state.incidentId, closedAs: closed.as, facts: run.facts() };
}

/** Whoever was told that it began is told that it ended, and nobody is paged any more. */
async function publishClosing(run: IncidentRun): Promise<void> {
  const pages = run.state.pages.flatMap((page) => {
    const { pagingService } = run.policy.contacts[page.contact];
    return pagingService === null
      ? []
      : [
          {
            medium: 'page' as const,
            key: page.key,
            what: 'resolve' as const,
            contact: page.contact,
            pagingService,
            detail: null,
          },
        ];
  });
  await publishLastRound(run, [
    {
      medium: 'chat',
      key: nextKey(run, 'closed'),
      what: 'closed',
      channel: channelOf(run),
      detail: run.state.closed?.because ?? null,
    },
    ...pages,
    ...calledOffMeeting(run),
  ]);
}

/** Nothing is reviewed that was no incident or another one's: the meeting leaves everybody's calendar (R6.1). */
function calledOffMeeting({ state }: IncidentRun): readonly Delivery[] {
  if (state.review === null) return [];
  return [
    {
      medium: 'mail',
      what: 'invitation',
      key: `${state.incidentId}/invitation/called-off`,
      to: state.review.attendees,
      detail: null,
      sequence: (state.review.sequence ?? 0) + 1,
      calledOff: true,
    },
  ];
}
