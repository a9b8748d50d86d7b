import type { Alert } from '../../src/domain/alert.ts';
import type { EvidenceBundle, EvidenceItem, Finding, LogKind, RolloutRevision } from '../../src/domain/evidence.ts';
import { type Instant, plusMinutes } from '../../src/domain/instant.ts';

/** The first symptom of every scene; minutes in the builders count from it. */
export const SYMPTOM_AT: Instant = '2024-10-23T14:30:00.000Z';

export function at(minutes: number): Instant {
  return plusMinutes(SYMPTOM_AT, minutes);
}

export function item(finding: Finding, abnormal = true, minutes = 5): EvidenceItem {
  return {
    id: `${finding.probe}@${minutes}`,
    probe: finding.probe,
    source: 'test',
    collectedAt: at(minutes),
    command: '',
    link: null,
    words: '',
    abnormal,
    finding,
    excerpt: '',
    digest: null,
    sizeBytes: 0,
  };
}

export function bundle(items: readonly EvidenceItem[], minutes = 5): EvidenceBundle {
  return {
    purpose: 'investigation',
    collectedAt: at(minutes),
    items: items.map((one) => ({ ...one, collectedAt: at(minutes), id: `${one.probe}@${minutes}` })),
    gaps: [],
  };
}

export function alert(summary = 'API Error Rate >10%: 45%', extra: Partial<Alert> = {}): Alert {
  return {
    source: 'alertmanager',
    fingerprint: 'f1',
    status: 'firing',
    name: 'APIErrorRateHigh',
    summary,
    service: 'api',
    labels: {},
    annotations: {},
    startsAt: at(1),
    endsAt: null,
    claimedSeverity: null,
    receivedAt: at(1),
    link: null,
    alreadyPaged: false,
    ...extra,
  };
}

export function errors(ratio: number, roseMinutes: number | null = 0): EvidenceItem {
  return item(
    { probe: 'error-rate', ratio, trend: [], roseAt: roseMinutes === null ? null : at(roseMinutes) },
    ratio >= 0.05,
  );
}

export function latency(p95Seconds: number): EvidenceItem {
  return item({ probe: 'latency', p95Seconds, trend: [], roseAt: null }, p95Seconds >= 2);
}

export function revision(
  number: number,
  change: string | null,
  minutes: number,
  image = `app:${number}`,
): RolloutRevision {
  return { revision: number, image, change, rolledOutAt: at(minutes) };
}

export function rollouts(
  ...deployments: readonly { name: string; current: RolloutRevision; previous?: RolloutRevision }[]
): EvidenceItem {
  return item(
    {
      probe: 'rollouts',
      deployments: deployments.map((one) => ({
        name: one.name,
        current: one.current,
        previous: one.previous ?? null,
        replicas: 3,
        ready: 3,
      })),
    },
    false,
  );
}

export function connections(
  active: number,
  idle: number,
  extra: { waitingOnLocks?: number; longest?: number } = {},
): EvidenceItem {
  return item(
    {
      probe: 'database-connections',
      byState: { active, idle },
      active,
      total: active + idle,
      limit: 100,
      longestActiveSeconds: extra.longest ?? 0,
      waitingOnLocks: extra.waitingOnLocks ?? 0,
    },
    active + idle > 80,
  );
}

export const PENDING = "SELECT * FROM requests WHERE status = $1 AND created_at < NOW() - INTERVAL '1 hour'";
export const USERS = 'SELECT * FROM users WHERE id = $1';

export function statements(slow: { query?: string; mean?: number; calls?: number } | null): EvidenceItem {
  const usual = { query: USERS, calls: 120_000, meanMilliseconds: 2, totalMilliseconds: 240_000 };
  if (slow === null) return item({ probe: 'slow-statements', statements: [usual] }, false);
  const { query = PENDING, mean = 7200, calls = 900 } = slow;
  return item({
    probe: 'slow-statements',
    statements: [{ query, calls, meanMilliseconds: mean, totalMilliseconds: mean * calls }, usual],
  });
}

export function logs(
  ...patterns: readonly [kind: LogKind, count: number, pattern: string, firstMinutes?: number][]
): EvidenceItem {
  return item({
    probe: 'service-logs',
    lines: 200,
    patterns: patterns.map(([kind, count, pattern, first]) => ({
      kind,
      count,
      pattern,
      firstAt: first === undefined ? null : at(first),
      example: pattern,
    })),
  });
}

export function providers(
  claude: number | null,
  openai: number | null,
  api: { claude?: 'ok' | 'down' | 'unauthorised'; status?: 'operational' | 'degraded' } = {},
): readonly EvidenceItem[] {
  return [
    item(
      {
        probe: 'provider-traffic',
        providers: [
          { name: 'claude', perMinute: 300, errorRatio: claude },
          { name: 'openai', perMinute: 200, errorRatio: openai },
        ],
      },
      (claude ?? 0) > 0.05 || (openai ?? 0) > 0.05,
    ),
    item(
      {
        probe: 'providers',
        providers: [
          { name: 'claude', api: api.claude ?? 'ok', statusPage: api.status ?? 'operational', detail: '' },
          { name: 'openai', api: 'ok', statusPage: 'operational', detail: '' },
        ],
      },
      false,
    ),
  ];
}

export function pods(
  ...special: readonly {
    name: string;
    app: string;
    problem?: string;
    last?: string;
    ready?: boolean;
    phase?: string;
    node?: string;
  }[]
): EvidenceItem {
  const well = ['noa-mcp-1', 'noa-mcp-2', 'noa-mcp-3', 'noa-postgres-0', 'noa-redis-0']
    .filter((name) => !special.some((pod) => pod.name === name))
    .map((name) => ({ name, app: name.replace(/-\d$/, '') }));
  const all = [...well, ...special].map((pod) => {
    const {
      problem = null,
      last = null,
      ready = true,
      phase = 'Running',
      node = 'node-1',
    } = { ...({} as { problem?: string; last?: string; ready?: boolean; phase?: string; node?: string }), ...pod };
    return {
      name: pod.name,
      app: pod.app,
      node,
      phase,
      ready,
      restarts: 0,
      problem,
      lastTermination: last,
      startedAt: null,
    };
  });
  return item({ probe: 'pods', pods: all, total: all.length }, special.length > 0);
}

export function databaseAnswers(answers: boolean, error: string | null = null): EvidenceItem {
  return item({ probe: 'database-answers', answers, milliseconds: 1, error }, !answers);
}

export function cacheAnswers(answers: boolean, error: string | null = null): EvidenceItem {
  return item({ probe: 'cache-answers', answers, milliseconds: 1, error }, !answers);
}

export function cacheStatistics(facts: {
  readonly evictedKeys?: number;
  readonly idleClients?: number;
  readonly usedMemoryMiB?: number;
}): EvidenceItem {
  return item(
    {
      probe: 'cache-statistics',
      hitRatio: 0.9,
      evictedKeys: 0,
      connectedClients: 100,
      idleClients: 2,
      clientLimit: 10_000,
      rejectedConnections: 0,
      usedMemoryMiB: 300,
      memoryLimitMiB: 768,
      uptimeSeconds: 86_400,
      ...facts,
    },
    true,
  );
}

export function cacheHits(ratio: number): EvidenceItem {
  return item({ probe: 'cache-hit-rate', ratio }, ratio < 0.6);
}

export function traffic(ratio: number): EvidenceItem {
  return item({ probe: 'request-rate', perMinute: 1000 * ratio, baselinePerMinute: 1000, ratio }, ratio >= 2);
}

export function memory(used: number, limit = 1024): EvidenceItem {
  return item(
    {
      probe: 'resources',
      pods: [{ name: 'noa-mcp-1', cpuMillicores: 300, memoryMiB: used, memoryLimitMiB: limit }],
      nodes: [],
    },
    used > limit * 0.9,
  );
}

export function configChanged(configmap: string, minutes: number): EvidenceItem {
  return item({ probe: 'config-changes', changes: [{ configmap, changedAt: at(minutes), by: 'kubectl-edit' }] });
}

/** A healthy surrounding for what a scene does not mention. */
export const HEALTHY: readonly EvidenceItem[] = [
  databaseAnswers(true),
  cacheAnswers(true),
  cacheHits(0.9),
  traffic(1),
  ...providers(0.005, 0.004),
  connections(15, 10),
  statements(null),
  pods(),
  memory(400),
];

/** The scene's items over the healthy ones, by probe. */
export function scene(...items: readonly EvidenceItem[]): EvidenceBundle {
  return bundle([...HEALTHY.filter((well) => !items.some((one) => one.probe === well.probe)), ...items]);
}
