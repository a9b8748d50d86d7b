import { createHash } from 'node:crypto';
import { createEvidenceActivities } from '../../../src/activities/evidence/activities.ts';
import type { CollectEvidenceInput } from '../../../src/activities/evidence/api.ts';
import type { EvidencePorts, MetricsPort } from '../../../src/activities/evidence/ports.ts';
import type { SeriesPoint } from '../../../src/domain/crossings.ts';
import type { ProbeName } from '../../../src/domain/evidence.ts';
import { epochMs } from '../../../src/domain/instant.ts';
import type { ServicePolicy } from '../../../src/domain/policy.ts';

export const NOW = '2024-10-23T14:40:00.000Z';
/** The one sweep with a probe that hangs asks for nodes; all others may take as long as a busy machine needs. */
const HANGING_SECONDS = 1;

export const service = {
  name: 'shop',
  namespace: 'shop',
  application: { deployment: 'web', selector: 'app=web', container: 'main' },
  companions: [],
  database: {
    statefulSet: 'db',
    pod: 'db-0',
    selector: 'app=db',
    database: 'shop',
    poolLimit: 100,
    exhaustedAbove: 80,
    slowStatementMilliseconds: 1000,
  },
  cache: { workload: 'redis', pod: 'redis-0', minimumHitRatio: 0.6 },
  providers: [{ name: 'claude', fallback: 'openai' }],
  queries: new Proxy({}, { get: (_target, name) => `query:${String(name)}` }),
  baselineRequestsPerMinute: 1000,
  healthPaths: ['/health'],
  adminApi: null,
  dashboards: [{ name: 'Errors', url: 'https://grafana.example/d/errors', probes: ['error-rate'] }],
} as unknown as ServicePolicy;

export function input(...probes: ProbeName[]): CollectEvidenceInput {
  return {
    request: {
      incidentId: 'incident-a',
      purpose: 'investigation',
      probes,
      aroundAt: '2024-10-23T14:30:00.000Z',
      at: NOW,
    },
    service,
    evidence: {
      probeDeadlineSeconds: probes.includes('nodes') ? HANGING_SECONDS : 30,
      probes: { firstAssessment: [], investigation: [], afterRemedy: [], rootCause: [] },
      logTailLines: 200,
      exportHours: 2,
      changesHours: 2,
      againEveryMinutes: 5,
    },
  };
}

export function metrics(
  values: Readonly<Record<string, number | null>>,
  points: readonly (number | null)[] = [],
): MetricsPort {
  return {
    instant: async (query) => (query in values ? [{ labels: {}, value: values[query] ?? null }] : []),
    range: async ({ fromAt }) =>
      points.length === 0
        ? []
        : [
            {
              labels: {},
              points: points.map((value, index): SeriesPoint => [epochMs(fromAt) / 1000 + index * 60, value]),
            },
          ],
    firingAlerts: async () => [],
  };
}

export const stored = new Map<string, string>();
export function ports(more: Partial<EvidencePorts>): EvidencePorts {
  return {
    cluster: null,
    metrics: null,
    alertRouting: null,
    database: null,
    cache: null,
    providers: null,
    statusPage: null,
    serviceApi: null,
    tickets: [],
    social: null,
    record: null,
    code: [],
    builds: [],
    logSearch: null,
    panels: null,
    store: {
      async put(body) {
        const digest = createHash('sha256').update(body).digest('hex');
        stored.set(digest, body.toString());
        return { digest, sizeBytes: Buffer.byteLength(body) };
      },
    },
    clock: () => NOW,
    ...more,
  };
}

export const collect = (wanted: EvidencePorts, ...probes: ProbeName[]) =>
  createEvidenceActivities(wanted).collectEvidence(input(...probes));

export const WELL_POD = {
  node: 'node-a',
  phase: 'Running',
  restarts: 0,
  lastTermination: null,
  startedAt: null,
  memoryLimitMiB: 1024,
};
