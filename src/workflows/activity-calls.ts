import {
  ActivityFailure,
  type ActivityOptions,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { ProviderActivities } from '../activities/admin-api/api.ts';
import type { AuditActivities } from '../activities/audit/api.ts';
import type { AuthorityActivities } from '../activities/authority/api.ts';
import type { ChangeActivities } from '../activities/changes/api.ts';
import type { CustomerActivities } from '../activities/customers/api.ts';
import type { EvidenceActivities } from '../activities/evidence/api.ts';
import type { FailoverActivities } from '../activities/failover/api.ts';
import type { FollowUpActivities } from '../activities/follow-up/api.ts';
import type { DashboardActivities } from '../activities/grafana/api.ts';
import type { ClusterActivities } from '../activities/kubernetes/api.ts';
import type { PagingActivities } from '../activities/pagerduty/api.ts';
import type { MigrationActivities } from '../activities/postgres/api.ts';
import type { PublicationActivities } from '../activities/publication/api.ts';
import type { TicketActivities } from '../activities/tickets/api.ts';
import type { UserReportActivities } from '../activities/user-reports/api.ts';
import type { Instant } from '../domain/instant.ts';
import { SPEED_MEMO } from './incident/api.ts';
import type { IncidentClock } from './incident/clock.ts';

/**
 * Timeouts and retries by kind of call, in one place. Every kind ends: a limit on every wait.
 * - look: reads production; retried, for minutes at most.
 * - wait: throws NotYet until something is so; no history events; its deadline comes with each call.
 * - unrepeated: acts, and is called once whatever happens; what came of it is read afterwards.
 * - remedy: acts; safe to retry because each plan is marked and read back (ADR 0010).
 * - message: one publication round; what fails comes back as a receipt.
 *
 * These are times of incidents: where workflow time is stretched (a rehearsal), they are stretched with it. Only the
 * heartbeat is about the process, whose seconds are real ones.
 */
type Look = Pick<EvidenceActivities, 'collectEvidence' | 'measureRecovery'> &
  Pick<ChangeActivities, 'readReviews'> &
  Pick<ClusterActivities, 'previewClusterRemedies'> &
  Pick<ProviderActivities, 'previewProviderRemedies'> &
  Pick<FailoverActivities, 'previewDatabaseFailover' | 'readDatabaseFailover'> &
  AuthorityActivities;
type Wait = Pick<EvidenceActivities, 'awaitRecovery' | 'watchCanary'> &
  Pick<ChangeActivities, 'awaitReview'> &
  Pick<ClusterActivities, 'awaitRollout'> &
  Pick<FailoverActivities, 'awaitOldPrimaryFenced'>;
type Remedy = Omit<ClusterActivities, 'previewClusterRemedies' | 'awaitRollout'> &
  Omit<ProviderActivities, 'previewProviderRemedies'>;

/** What an activity answers, with the instant of its clock beside it (put there by the worker's interceptor). */
export interface Stamped<T> {
  readonly at: Instant;
  readonly value: T;
}

type Stamps<A> = {
  [K in keyof A]: A[K] extends (...args: infer P) => Promise<infer R> ? (...args: P) => Promise<Stamped<R>> : never;
};

/** What came of a call to the outside: its answer, or why there is none, in words. */
export type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly words: string };

/** Activity failures become values; cancellations and our own errors are rethrown. */
export async function attempted<T>(
  clock: IncidentClock,
  call: Promise<Stamped<T>>,
  words: (failure: ActivityFailure) => string = (failure) => failure.cause?.message ?? failure.message,
): Promise<Attempt<T>> {
  try {
    const { at, value } = await call;
    clock.adopt(at);
    return { ok: true, value };
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    return { ok: false, words: words(error) };
  }
}

const READS = { firstSeconds: 1, factor: 2, longestSeconds: 10 } as const;
/** Every activity beats once a second (worker/heartbeats.ts): after so long without, its worker is taken for dead. */
const HEARTBEAT = '8s';

interface Patience {
  readonly attemptSeconds: number;
  /** All attempts together; for a wait the caller says it, in milliseconds of workflow time. */
  readonly altogether: { readonly seconds: number } | { readonly workflowMs: number };
  readonly retry: { readonly firstSeconds: number; readonly factor: number; readonly longestSeconds?: number };
}

function options(summary: string, { attemptSeconds, altogether, retry }: Patience): ActivityOptions {
  const stretch = stretchOf();
  return {
    heartbeatTimeout: HEARTBEAT,
    startToCloseTimeout: attemptSeconds * 1000 * stretch,
    scheduleToCloseTimeout: 'workflowMs' in altogether ? altogether.workflowMs : altogether.seconds * 1000 * stretch,
    retry: {
      initialInterval: retry.firstSeconds * 1000 * stretch,
      backoffCoefficient: retry.factor,
      ...(retry.longestSeconds === undefined ? {} : { maximumInterval: retry.longestSeconds * 1000 * stretch }),
    },
    summary,
  };
}

/** Seconds of workflow time in a second of incident time, where that is more than one (SPEED_MEMO); never less. */
function stretchOf(): number {
  const speed = workflowInfo().memo?.[SPEED_MEMO];
  return typeof speed === 'number' && speed > 0 ? Math.max(1, 1 / speed) : 1;
}

/** `deadlineMs`: how long to wait at most, in workflow milliseconds. */
export function wait(deadlineMs: number, summary: string) {
  const patience = {
    attemptSeconds: 30,
    altogether: { workflowMs: deadlineMs },
    retry: { firstSeconds: 5, factor: 1 },
  };
  return proxyActivities<Stamps<Wait>>(options(summary, patience));
}

export function remedy(summary: string) {
  const patience = { attemptSeconds: 30, altogether: { seconds: 5 * 60 }, retry: READS };
  return proxyActivities<Stamps<Remedy>>(options(summary, patience));
}

/** A build of an index may take hours; it looks first, so a retry after any end goes on where it was. */
export function migration(summary: string) {
  const patience = { attemptSeconds: 2 * 3600, altogether: { seconds: 4 * 3600 }, retry: READS };
  return proxyActivities<Stamps<MigrationActivities>>(options(summary, patience));
}

/** Beats like every other call, so that a worker that died is noticed; what then came of it is read, not repeated. */
export function actOnce<A>(summary: string) {
  const patience = { attemptSeconds: 60, altogether: { seconds: 5 * 60 }, retry: READS };
  const { retry, ...rest } = options(summary, patience);
  return proxyActivities<Stamps<A>>({ ...rest, retry: { ...retry, maximumAttempts: 1 } });
}

export function message(summary: string) {
  const patience = { attemptSeconds: 30, altogether: { seconds: 5 * 60 }, retry: READS };
  return proxyActivities<Stamps<PublicationActivities>>(options(summary, patience));
}

export function readActivities(summary: string) {
  const patience = { attemptSeconds: 45, altogether: { seconds: 4 * 60 }, retry: READS };
  return proxyActivities<Stamps<Look>>(options(summary, patience));
}

/** Blocking lookups: at most two attempts (a worker may die), then continue without the answer. */
export function lookupActivities(summary: string) {
  const patience = { attemptSeconds: 10, altogether: { seconds: 30 }, retry: READS };
  const { retry, ...rest } = options(summary, patience);
  return proxyActivities<Stamps<PagingActivities>>({ ...rest, retry: { ...retry, maximumAttempts: 2 } });
}

/** Mail to customers, a batch at a time: what was sent before is in the ledger, so a retry goes on where it was. */
export function customerMail(summary: string) {
  const retry = { firstSeconds: 2, factor: 2, longestSeconds: 60 };
  const patience = { attemptSeconds: 60, altogether: { seconds: 10 * 60 }, retry };
  return proxyActivities<Stamps<CustomerActivities>>(options(summary, patience));
}

/** Marks on dashboards are a kindness to whoever looks later: nothing waits long for them. */
export function annotateActivities(summary: string) {
  const patience = { attemptSeconds: 20, altogether: { seconds: 60 }, retry: READS };
  return proxyActivities<Stamps<DashboardActivities>>(options(summary, patience));
}

/** What people reported: judged, settled, answered; each may be repeated. */
export function reportActivities(summary: string) {
  const retry = { firstSeconds: 2, factor: 2, longestSeconds: 60 };
  const patience = { attemptSeconds: 30, altogether: { seconds: 20 * 3600 }, retry };
  return proxyActivities<Stamps<UserReportActivities>>(options(summary, patience));
}

/** Tickets of follow-ups: a system that is away is asked again with the next reminder. */
export function ticketActivities(summary: string) {
  const retry = { firstSeconds: 5, factor: 2, longestSeconds: 300 };
  const patience = { attemptSeconds: 60, altogether: { seconds: 3600 }, retry };
  return proxyActivities<Stamps<TicketActivities>>(options(summary, patience));
}

/** The ticket that a playbook asks for while people wait for its end: what is away now is asked again by the follow-ups. */
export function urgentTicketActivities(summary: string) {
  const patience = { attemptSeconds: 30, altogether: { seconds: 120 }, retry: READS };
  return proxyActivities<Stamps<TicketActivities>>(options(summary, patience));
}

export function audit(summary: string) {
  const patience = { attemptSeconds: 10, altogether: { seconds: 5 * 60 }, retry: READS };
  return proxyActivities<Stamps<AuditActivities>>(options(summary, patience));
}

export function followUp(summary: string) {
  const retry = { firstSeconds: 2, factor: 2, longestSeconds: 60 };
  const patience = { attemptSeconds: 60, altogether: { seconds: 60 * 60 }, retry };
  return proxyActivities<Stamps<FollowUpActivities>>(options(summary, patience));
}

/** The last copy of the timeline before a new run: the incident stands still meanwhile, and carries what is not kept. */
export function lastCopy(summary: string) {
  const retry = { firstSeconds: 1, factor: 2, longestSeconds: 4 };
  const patience = { attemptSeconds: 5, altogether: { seconds: 10 }, retry };
  return proxyActivities<Stamps<Pick<FollowUpActivities, 'recordTimeline'>>>(options(summary, patience));
}

/** Changes of code: minutes, no emergency; each is found again instead of done twice. */
export function change(summary: string) {
  const retry = { firstSeconds: 2, factor: 2, longestSeconds: 60 };
  const patience = { attemptSeconds: 120, altogether: { seconds: 60 * 60 }, retry };
  return proxyActivities<Stamps<Omit<ChangeActivities, 'awaitReview'>>>(options(summary, patience));
}
