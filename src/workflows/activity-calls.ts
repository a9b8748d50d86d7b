import { proxyActivities } from '@temporalio/workflow';
import type { ProviderActivities } from '../activities/admin-api/api.ts';
import type { AuthorityActivities } from '../activities/authority/api.ts';
import type { CustomerActivities } from '../activities/customers/api.ts';
import type { EvidenceActivities } from '../activities/evidence/api.ts';
import type { FollowUpActivities } from '../activities/follow-up/api.ts';
import type { ClusterActivities } from '../activities/kubernetes/api.ts';
import type { PublicationActivities } from '../activities/publication/api.ts';
import type { Instant } from '../domain/instant.ts';

/**
 * Timeouts and retries by kind of call, in one place. Every kind ends: a limit on every wait.
 * - look: reads production; retried, for minutes at most.
 * - wait: throws NotYet until something is so; no history events; its deadline comes with each call.
 * - remedy: acts; safe to retry because each plan is marked and read back (decision 4).
 * - message: one publication round; what fails comes back as a receipt.
 */
type Look = Pick<EvidenceActivities, 'collectEvidence' | 'measureRecovery'> &
  Pick<ClusterActivities, 'previewClusterRemedies'> &
  Pick<ProviderActivities, 'previewProviderRemedies'> &
  AuthorityActivities;
type Wait = Pick<EvidenceActivities, 'awaitRecovery'> & Pick<ClusterActivities, 'awaitRollout'>;
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

const READS = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' } as const;
/** Every activity beats once a second (worker/heartbeats.ts): after so long without, its worker is taken for dead. */
const ALIVE = { heartbeatTimeout: '8s' } as const;

/** `deadlineMs`: how long to wait at most, in workflow milliseconds. */
export function wait(deadlineMs: number, summary: string) {
  return proxyActivities<Stamps<Wait>>({
    ...ALIVE,
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: deadlineMs,
    retry: { initialInterval: '5s', backoffCoefficient: 1 },
    summary,
  });
}

export function remedy(summary: string) {
  return proxyActivities<Stamps<Remedy>>({
    ...ALIVE,
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: '5m',
    retry: READS,
    summary,
  });
}

export function message(summary: string) {
  return proxyActivities<Stamps<PublicationActivities>>({
    ...ALIVE,
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: '5m',
    retry: READS,
    summary,
  });
}

export function looking(summary: string) {
  return proxyActivities<Stamps<Look>>({
    ...ALIVE,
    startToCloseTimeout: '45s',
    scheduleToCloseTimeout: '4m',
    retry: READS,
    summary,
  });
}

/** Mail to customers, a batch at a time: what was sent before is in the ledger, so a retry goes on where it was. */
export function customerMail(summary: string) {
  return proxyActivities<Stamps<CustomerActivities>>({
    ...ALIVE,
    startToCloseTimeout: '60s',
    scheduleToCloseTimeout: '10m',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' },
    summary,
  });
}

export function followUp(summary: string) {
  return proxyActivities<Stamps<FollowUpActivities>>({
    ...ALIVE,
    startToCloseTimeout: '60s',
    scheduleToCloseTimeout: '1h',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' },
    summary,
  });
}
