import type { EvidenceItem, Finding } from '../../src/domain/evidence.ts';

export const HEALTHY_ERRORS: Finding = { probe: 'error-rate', ratio: 0.004, trend: [], roseAt: null };

export function sick(aroundAt: string): Finding[] {
  const before = (minutes: number) => new Date(Date.parse(aroundAt) - minutes * 60_000).toISOString();
  const current = { revision: 8, image: 'app:2.0', change: 'feature X', rolledOutAt: before(15) };
  const previous = { revision: 7, image: 'app:1.9', change: 'copy', rolledOutAt: before(2880) };
  return [
    { probe: 'error-rate', ratio: 0.45, trend: [], roseAt: before(1) },
    { probe: 'latency', p95Seconds: 4.2, trend: [], roseAt: before(3) },
    { probe: 'rollouts', deployments: [{ name: 'noa-mcp', current, previous, replicas: 3, ready: 3 }] },
    {
      probe: 'database-connections',
      byState: { active: 98, idle: 2 },
      active: 98,
      total: 100,
      limit: 100,
      longestActiveSeconds: 9,
      waitingOnLocks: 0,
    },
    {
      probe: 'slow-statements',
      statements: [
        {
          query: 'SELECT * FROM requests WHERE status = $1',
          calls: 900,
          meanMilliseconds: 7200,
          totalMilliseconds: 6_480_000,
        },
      ],
    },
    { probe: 'affected-users', affected: 30, total: 200, ratio: 0.15 },
    { probe: 'database-answers', answers: true, milliseconds: 3, error: null },
    {
      probe: 'service-logs',
      lines: 200,
      patterns: [
        {
          kind: 'database-connection',
          pattern: 'timeout exceeded when trying to connect',
          count: 120,
          firstAt: before(1),
          example: 'Error: timeout exceeded when trying to connect',
        },
      ],
    },
  ];
}

export function item(finding: Finding, at: string): EvidenceItem {
  return {
    id: `e-${finding.probe}`,
    probe: finding.probe,
    source: 'pretend',
    collectedAt: at,
    command: finding.probe,
    link: null,
    words: finding.probe,
    abnormal: true,
    finding,
    excerpt: '',
    digest: null,
    sizeBytes: 0,
  };
}
