import type { EvidenceItem, EvidencePurpose, Finding } from '../../src/domain/evidence.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { event, FACTS } from '../views/facts.ts';
import { ALERT, PLAN } from '../views/story.ts';

export const on = (clock: string): string => `2024-10-23T${clock}:00.000Z`;

export function item(finding: Finding, over: Partial<EvidenceItem> = {}): EvidenceItem {
  return {
    id: `${finding.probe}@x`,
    probe: finding.probe,
    source: 'Kubernetes',
    collectedAt: on('14:31'),
    command: `ask ${finding.probe}`,
    link: null,
    words: 'x',
    abnormal: false,
    finding,
    excerpt: 'long',
    digest: null,
    sizeBytes: 0,
    ...over,
  };
}

export function looked(clock: string, purpose: EvidencePurpose, ...items: readonly EvidenceItem[]): TimelineEvent {
  return event(clock, {
    kind: 'evidence-collected',
    bundle: { purpose, collectedAt: on(clock), items, gaps: [] },
  });
}

const revision = (number: number, change: string, clock: string) => ({
  revision: number,
  image: `noa-mcp:v${number}`,
  change,
  rolledOutAt: clock.includes('T') ? clock : on(clock),
});
const deployment = (
  name: string,
  current: ReturnType<typeof revision>,
  previous: ReturnType<typeof revision> | null,
) => ({
  name,
  current,
  previous,
  replicas: 3,
  ready: 3,
});

/** R9 with a rollback, as its evidence could have been collected: nothing of the chain is said in words. */
export function chainOfR9(): readonly TimelineEvent[] {
  const old = revision(3, 'session export', '2024-10-18T14:00:00.000Z');
  const plan = { ...PLAN, action: 'rollback' as const, command: 'kubectl rollout undo deployment/noa-mcp' };
  const cause = FACTS.cause === null ? [] : [{ ...FACTS.cause, names: ['requests', 'noa-mcp', 'feature X'] }];
  const events = [
    event('14:31', {
      kind: 'opened',
      title: 'API High Error Rate',
      service: 'API',
      detectedAt: on('14:31'),
      previousIncidentId: null,
    }),
    event('14:31', { kind: 'alert-received', alert: { ...ALERT, startsAt: on('14:31') }, repeats: 1 }),
    looked(
      '14:32',
      'first-assessment',
      item({
        probe: 'rollouts',
        deployments: [
          deployment('noa-mcp', revision(4, 'feature X', '14:15'), old),
          deployment('noa-docs', revision(9, 'typo', '14:20'), null),
        ],
      }),
      item(
        {
          probe: 'database-connections',
          byState: {},
          active: 100,
          total: 100,
          limit: 100,
          longestActiveSeconds: 9,
          waitingOnLocks: 0,
          roseAt: on('14:24'),
          crossings: [{ at: on('14:30'), to: 'above', limit: 80, extreme: 93 }],
          query: 'sum(pg_stat_activity_count)',
        },
        { source: 'PostgreSQL', command: 'psql' },
      ),
    ),
    event('14:33', { kind: 'explained', hypotheses: cause, changed: 'first' }),
    event('14:45', { kind: 'remedy-intended', plan, approvalId: null }),
    event('14:45', {
      kind: 'remedy-carried-out',
      key: plan.key,
      action: 'rollback',
      outcome: { result: 'done', readBack: '3 pods are new', observed: {} },
    }),
    event('14:52', { kind: 'remedy-verified', key: plan.key, action: 'rollback', helped: true, words: 'errors 2%' }),
    looked(
      '15:00',
      'root-cause',
      // The undo wrote a revision too.
      item({
        probe: 'rollouts',
        deployments: [deployment('noa-mcp', revision(5, 'session export', '14:46'), revision(4, 'feature X', '14:15'))],
      }),
      item(
        {
          probe: 'metrics-snapshot',
          series: [
            {
              name: 'databaseConnections',
              unit: 'connections',
              points: [[0, 1]],
              query: 'sum(pg_stat_activity_count)',
              roseAt: on('14:25'),
              crossings: [
                { at: on('14:30'), to: 'above', limit: 80, extreme: 100 },
                { at: on('14:47'), to: 'below', limit: 80, extreme: 4 },
              ],
            },
            {
              name: 'errorRatio',
              unit: 'ratio',
              points: [[0, 1]],
              query: 'failed / all',
              crossings: [
                { at: on('14:30'), to: 'above', limit: 0.05, extreme: 0.45 },
                { at: on('14:49'), to: 'below', limit: 0.05, extreme: 0.004 },
              ],
            },
          ],
        },
        { source: 'Prometheus', link: 'https://grafana.example/d/overview' },
      ),
    ),
    event('15:05', { kind: 'resolved', fix: 'rolled back', verification: 'errors 0.5%', followUp: 'review' }, 'jane'),
  ];
  return events.map((one, index) => ({ ...one, seq: index + 1 }));
}
