import type { CauseKind, Hypothesis, SuggestedRemedy } from '../../domain/diagnosis.ts';
import type { ActionName } from '../../domain/remedy.ts';

/**
 * A playbook of the runbook's mitigation phase: which causes it answers, and the order in which its remedies are
 * offered. Which of them make sense here comes from the explanation; a remedy it does not suggest is skipped.
 */
export interface Playbook {
  readonly name: string;
  /** Row of the runbook, shown with each proposal. */
  readonly row: string;
  readonly causes: readonly CauseKind[];
  readonly order: readonly ActionName[];
}

/** A lasting cure comes before relief that leaves the cause in place, whatever the order says within each. */
export const PLAYBOOKS: readonly Playbook[] = [
  {
    name: 'database connection errors',
    row: 'R3.1',
    causes: [
      'slow-query',
      'lock-contention',
      'connection-leak',
      'postgres-down',
      'postgres-unreachable',
      'replica-lag',
      'replica-missing',
    ],
    order: ['delete-pod', 'restart', 'failover-database'],
  },
  {
    name: 'high error rate',
    row: 'R3.2',
    causes: ['bad-deploy', 'config-change', 'pods-stuck', 'canary-regression'],
    order: ['rollback', 'restore-config', 'restart'],
  },
  {
    name: 'high latency',
    row: 'R3.3',
    causes: ['traffic-surge', 'cache-degraded', 'redis-down', 'slow-endpoint', 'node-pressure', 'node-down'],
    order: ['restart', 'scale', 'rate-limit', 'delete-pod', 'replace-pods'],
  },
  {
    name: 'memory leak or OOM kills',
    row: 'R3.4',
    causes: ['memory-leak'],
    order: ['rollback', 'memory-limit', 'replace-pods', 'restart'],
  },
  {
    name: 'AI provider failures',
    row: 'R3.5',
    causes: ['provider-outage'],
    order: ['provider-failover', 'open-breaker'],
  },
];

/** The playbook of a cause; null when only people can help (R3, never an automatic action). */
export function playbookFor(cause: CauseKind): Playbook | null {
  return PLAYBOOKS.find((playbook) => playbook.causes.includes(cause)) ?? null;
}

/** The remedies to offer for an explanation, best first. */
export function remediesInOrder(hypothesis: Hypothesis): readonly SuggestedRemedy[] {
  const playbook = playbookFor(hypothesis.cause);
  if (playbook === null) return [];
  const rank = (remedy: SuggestedRemedy) => {
    const place = playbook.order.indexOf(remedy.action);
    return (remedy.lasting ? 0 : 100) + (place === -1 ? 50 : place);
  };
  return [...hypothesis.suggests].sort((a, b) => rank(a) - rank(b));
}
