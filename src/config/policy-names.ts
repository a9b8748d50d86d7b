import type { CauseKind } from '../domain/diagnosis.ts';
import type { ProbeName } from '../domain/evidence.ts';
import type { ApprovalName, PageNote, PreApprovedPost, QueryName, TemplateName } from '../domain/policy.ts';
import { ACTION_NAMES } from '../domain/remedy.ts';
import { PLACEHOLDERS } from '../domain/template-placeholders.ts';

/** The names of a union as a list that must hold every one of them: a missing or an invented one does not compile. */
function namesOf<K extends string>(all: Readonly<Record<K, true>>): readonly K[] {
  return Object.keys(all) as K[];
}

export const ALL_PROBES: readonly ProbeName[] = namesOf<ProbeName>({
  nodes: true,
  pods: true,
  rollouts: true,
  resources: true,
  'database-answers': true,
  'database-connections': true,
  'slow-statements': true,
  'database-logs': true,
  'cache-answers': true,
  'cache-statistics': true,
  'service-logs': true,
  'worker-logs': true,
  'firing-alerts': true,
  'error-rate': true,
  latency: true,
  'request-rate': true,
  endpoints: true,
  'slow-endpoints': true,
  'affected-users': true,
  'cache-hit-rate': true,
  providers: true,
  'provider-traffic': true,
  'config-changes': true,
  'status-page': true,
  'support-tickets': true,
  'social-mentions': true,
  'service-health': true,
  'past-incidents': true,
  'log-export': true,
  'metrics-snapshot': true,
  commits: true,
  builds: true,
  'log-search': true,
});

export const ALL_CAUSES: readonly CauseKind[] = namesOf<CauseKind>({
  'bad-deploy': true,
  'slow-query': true,
  'lock-contention': true,
  'connection-leak': true,
  'postgres-down': true,
  'postgres-unreachable': true,
  'replica-lag': true,
  'replica-missing': true,
  'redis-down': true,
  'cache-degraded': true,
  'provider-outage': true,
  'memory-leak': true,
  'traffic-surge': true,
  'slow-endpoint': true,
  'node-pressure': true,
  'node-down': true,
  'pods-stuck': true,
  'config-change': true,
  'canary-regression': true,
  'infrastructure-down': true,
  'data-corruption': true,
  'security-breach': true,
  'authentication-broken': true,
  'minor-bug': true,
  unknown: true,
});

export const ALL_QUERIES: readonly QueryName[] = namesOf<QueryName>({
  errorRatio: true,
  errorRate: true,
  p95Seconds: true,
  requestsPerMinute: true,
  errorRatioByEndpoint: true,
  requestsPerMinuteByEndpoint: true,
  p95SecondsByEndpoint: true,
  affectedUsers: true,
  totalUsers: true,
  cacheHitRatio: true,
  providerRequestsPerMinute: true,
  providerErrorRatio: true,
  failedRequests: true,
  databaseConnections: true,
  cpu: true,
  memory: true,
  diskIo: true,
  network: true,
});

export const PAGE_NOTES: readonly PageNote[] = namesOf<PageNote>({
  declared: true,
  'cause-known': true,
  mitigated: true,
  resolved: true,
  reopened: true,
});

export const PRE_APPROVABLE: readonly PreApprovedPost[] = namesOf<PreApprovedPost>({
  investigating: true,
  identified: true,
  monitoring: true,
  resolved: true,
  'no-news': true,
});

export const APPROVAL_NAMES: readonly ApprovalName[] = [...ACTION_NAMES, 'publish-status', 'publish-email', 'resolve'];

export const TEMPLATE_NAMES = Object.keys(PLACEHOLDERS) as readonly TemplateName[];
