import { createEvidenceActivities } from '../../../src/activities/evidence/activities.ts';
import type { EvidencePorts, Sample } from '../../../src/activities/evidence/ports.ts';
import { approvalMode } from '../../../src/domain/approval-mode.ts';
import { explain } from '../../../src/domain/diagnose.ts';
import type { RolloutRevision } from '../../../src/domain/evidence.ts';
import { findingIn } from '../../../src/domain/findings.ts';
import { epochMs, instant, plusMinutes } from '../../../src/domain/instant.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { remediesInOrder } from '../../../src/workflows/playbooks/registry.ts';
import { type BenignSeries, benignSeries } from '../../rehearsal/generate/benign-series.ts';
import { evaluateInstant, evaluateRange } from '../../simulation/promql/evaluate.ts';
import { memorySource, type Series } from '../../simulation/promql/store.ts';

/** What a machine would do by itself about a benign series, with everything pre-approved that policy can pre-approve. */
export interface BenignVerdict {
  readonly series: BenignSeries;
  readonly cause: string;
  /** Actions that would go ahead without a person. */
  readonly automatic: readonly string[];
}

const END_AT = '2026-03-03T12:00:00.000Z';
const SCRAPE_SECONDS = 15;

/** The real probes and queries over the series, the real explanation, and the rule for what is pre-approved. */
export async function judgeBenign(policy: Policy, seed: number, index: number): Promise<BenignVerdict> {
  const series = benignSeries(seed, index);
  const evidence = createEvidenceActivities(portsOf(series));
  const bundle = await evidence.collectEvidence({
    request: {
      incidentId: 'benign',
      purpose: 'investigation',
      probes: policy.evidence.probes.investigation,
      aroundAt: END_AT,
      at: END_AT,
    },
    service: policy.service,
    evidence: policy.evidence,
  });
  const [leading] = explain({ bundles: [bundle], alerts: [], remediesTried: [], policy, now: END_AT });
  const known = leading === undefined || leading.cause === 'unknown' ? null : leading;
  const errors = findingIn(bundle, 'error-rate')?.ratio ?? null;
  const automatic = (known === null ? [] : remediesInOrder(known))
    .map(({ action }) => action)
    .filter((action) => approvalMode(policy, action, known, errors) !== 'ask');
  return { series, cause: known?.cause ?? 'unknown', automatic };
}

function portsOf(series: BenignSeries): EvidencePorts {
  const source = memorySource(seriesOf(series));
  const metrics: EvidencePorts['metrics'] = {
    instant: async (query) => {
      const answer = evaluateInstant(query, epochMs(END_AT), source);
      return answer.resultType === 'vector' ? answer.result.map(sampleOf) : [];
    },
    range: async ({ query, fromAt, untilAt, stepSeconds }) =>
      evaluateRange(query, epochMs(fromAt), epochMs(untilAt), stepSeconds * 1000, source).result.map((one) => ({
        labels: one.labels,
        points: Array.from(one.times, (at, i) => [at / 1000, finite(one.values[i])] as const),
      })),
    firingAlerts: async () => [],
  };
  return {
    cluster: clusterOf(series),
    metrics,
    database: null,
    cache: null,
    providers: null,
    statusPage: null,
    serviceApi: null,
    store: { put: async (body: string | Buffer) => ({ digest: '', sizeBytes: body.length }) },
    clock: () => END_AT,
  } as unknown as EvidencePorts;
}

function sampleOf({ labels, value }: { readonly labels: Sample['labels']; readonly value: number }): Sample {
  return { labels, value: finite(value) };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Counters as a service exports them: answered requests by status, and a histogram of short times. */
function seriesOf({ perMinute, scraped, minutes }: BenignSeries): readonly Series[] {
  const fromMs = epochMs(END_AT) - minutes * 60_000;
  const counter = (
    labels: Record<string, string>,
    of: (minute: { total: number; failed: number }) => number,
  ): Series => {
    const times: number[] = [];
    const values: number[] = [];
    let sum = 0;
    for (const [index, minute] of perMinute.entries()) {
      for (let second = 0; second < 60; second += SCRAPE_SECONDS) {
        sum += (of(minute) * SCRAPE_SECONDS) / 60;
        if (scraped[index] !== true) continue;
        times.push(fromMs + index * 60_000 + (second + SCRAPE_SECONDS) * 1000);
        values.push(Math.floor(sum));
      }
    }
    return { labels, times, values };
  };
  const about = { job: 'noa-mcp', endpoint: '/api/v1/messages', user_id: 'u001' };
  const requests = (status: string, of: (minute: { total: number; failed: number }) => number) =>
    counter({ __name__: 'http_requests_total', ...about, status }, of);
  const bucket = (le: string) =>
    counter({ __name__: 'http_request_duration_seconds_bucket', job: 'noa-mcp', le }, ({ total }) => total);
  return [
    requests('200', ({ total, failed }) => total - failed),
    requests('500', ({ failed }) => failed),
    ...['0.5', '1', '2', '5', '+Inf'].map(bucket),
  ];
}

function clusterOf({ deployedMinutesAgo, change }: BenignSeries) {
  const revision = (number: number, about: string, minutesAgo: number): RolloutRevision => ({
    revision: number,
    image: `noa-mcp:v1.${number}.0`,
    change: about,
    rolledOutAt: plusMinutes(END_AT, -minutesAgo),
  });
  const pod = (name: string) => ({
    name,
    app: 'noa-mcp',
    node: 'node-a',
    phase: 'Running',
    ready: true,
    restarts: 0,
    problem: null,
    lastTermination: null,
    startedAt: instant(epochMs(END_AT) - 86_400_000),
    memoryLimitMiB: 1024,
  });
  return {
    nodes: async () => [{ name: 'node-a', ready: true, problems: [] }],
    pods: async () => [pod('noa-mcp-1'), pod('noa-mcp-2')],
    warnings: async () => [],
    rollouts: async () => [
      {
        name: 'noa-mcp',
        current: revision(4, change, deployedMinutesAgo ?? 9_000),
        previous: revision(3, 'before', 20_000),
        replicas: 2,
        ready: 2,
        history: [],
      },
    ],
    usage: async () => ({ pods: [], nodes: [{ name: 'node-a', cpuPercent: 30, memoryPercent: 40 }] }),
    configChanges: async () => [],
    logs: async () => ({ lines: [], missing: [] }),
  };
}
