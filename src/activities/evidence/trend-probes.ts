import type { SeriesPoint } from '../../domain/crossings.ts';
import { crossings } from '../../domain/crossings.ts';
import { percent, secondsWords } from '../../domain/format.ts';
import { earlierOf, type Instant, plusMinutes } from '../../domain/instant.ts';
import type { QueryName } from '../../domain/policy.ts';
import type { ChartInput } from '../../views/chart.ts';
import { firingAlerts } from './alert-probes.ts';
import type { MetricsPort } from './ports.ts';
import {
  instantWords,
  jsonBody,
  LIST_LIMIT,
  type Look,
  NoAnswer,
  type Probe,
  type ProbeTable,
  required,
  seriesFromAt,
} from './probe.ts';
import { ORDINARY_ERROR_RATIO, ORDINARY_P95_SECONDS, query, rangeOf } from './queries.ts';
import { beganToRiseAt, CONNECTIONS_CLEARANCE, latest, MEMORY_CLEARANCE_BYTES, roseAt, thinOut } from './trend.ts';

type TrendProbe = 'firing-alerts' | 'error-rate' | 'latency' | 'metrics-snapshot';

const SOURCE = 'Prometheus';
const METRICS = 'Prometheus';

const ERROR_NOISE_RATIO = 0.01;
const LATENCY_NOISE_SECONDS = 0.1;
/** The snapshot shows the hour after the problem too, as far as it has passed (R5.4). */
const AFTER_MINUTES = 60;

const errorRate: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const port = required(metrics, METRICS);
    const [trend, rate] = await Promise.all([
      readTrend(port, look, 'errorRatio'),
      rangeOf(port, look, 'errorRate').catch(() => []),
    ]);
    const rose = roseAt(trend.points, { noiseBelow: ERROR_NOISE_RATIO });
    const now = trend.now === null ? 'unknown (no data right now)' : percent(trend.now);
    const words = `The error rate is ${now}${riseWords(rose)}.`;
    return {
      command: query(look, 'errorRatio'),
      words,
      abnormal: rose !== null || (trend.now ?? 0) > ORDINARY_ERROR_RATIO,
      excerpt: words,
      finding: {
        probe: 'error-rate',
        ratio: trend.now,
        trend: thinOut(trend.points, LIST_LIMIT),
        roseAt: rose,
        crossings: crossings(trend.points, ORDINARY_ERROR_RATIO),
      },
      drawn: drawing(look, 'Error rate', [{ name: 'errors', unit: 'ratio', points: trend.points }]),
      ...jsonBody({ errorRatio: trend.points, failedPerSecond: rate }),
    };
  },
};

const latency: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const trend = await readTrend(required(metrics, METRICS), look, 'p95Seconds');
    const rose = roseAt(trend.points, { noiseBelow: LATENCY_NOISE_SECONDS });
    const now = trend.now === null ? 'unknown (no data right now)' : secondsWords(trend.now);
    const words = `The 95th percentile of response times is ${now}${riseWords(rose)}.`;
    return {
      command: query(look, 'p95Seconds'),
      words,
      abnormal: rose !== null || (trend.now ?? 0) > ORDINARY_P95_SECONDS,
      excerpt: words,
      finding: {
        probe: 'latency',
        p95Seconds: trend.now,
        trend: thinOut(trend.points, LIST_LIMIT),
        roseAt: rose,
        crossings: crossings(trend.points, ORDINARY_P95_SECONDS),
      },
      drawn: drawing(look, 'Response times', [{ name: '95th percentile', unit: 's', points: trend.points }]),
      ...jsonBody(trend.points),
    };
  },
};

/** `limit` is what matters of it, `clearance` how far above its beginning it climbs when it climbs (R5.5). */
interface Snapshot {
  readonly query: QueryName;
  readonly unit: string;
  readonly limit?: (look: Look) => number | null;
  readonly clearance?: number;
}

const SNAPSHOT: readonly Snapshot[] = [
  { query: 'cpu', unit: 'cores' },
  { query: 'memory', unit: 'bytes', clearance: MEMORY_CLEARANCE_BYTES },
  { query: 'diskIo', unit: 'bytes/s' },
  { query: 'network', unit: 'bytes/s' },
  { query: 'errorRatio', unit: 'ratio', limit: () => ORDINARY_ERROR_RATIO },
  { query: 'p95Seconds', unit: 's', limit: () => ORDINARY_P95_SECONDS },
  {
    query: 'databaseConnections',
    unit: 'connections',
    limit: ({ service }) => service.database?.exhaustedAbove ?? null,
    clearance: CONNECTIONS_CLEARANCE,
  },
];

const metricsSnapshot: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const port = required(metrics, METRICS);
    const untilAt = earlierOf(look.request.at, plusMinutes(look.request.aroundAt, AFTER_MINUTES));
    const read = await Promise.allSettled(SNAPSHOT.map((one) => rangeOf(port, look, one.query, untilAt)));
    const series = SNAPSHOT.flatMap((one, index) => {
      const answer = read[index];
      return answer?.status === 'fulfilled' && answer.value.length > 0
        ? [{ name: one.query, unit: one.unit, points: answer.value, query: query(look, one.query) }]
        : [];
    });
    const missing = SNAPSHOT.map((one) => one.query).filter((name) => !series.some((one) => one.name === name));
    if (series.length === 0) throw new NoAnswer("Prometheus has none of the snapshot's series.");
    const words = `Metrics from ${instantWords(seriesFromAt(look))} to ${instantWords(untilAt)}: ${series.map((one) => one.name).join(', ')}${missing.length === 0 ? '' : `; no data for ${missing.join(', ')}`}.`;
    return {
      command: SNAPSHOT.map((one) => query(look, one.query)).join('; '),
      words,
      abnormal: false,
      excerpt: words,
      finding: {
        probe: 'metrics-snapshot',
        series: series.map((one) => ({
          ...one,
          points: thinOut(one.points, LIST_LIMIT),
          ...turns(look, one.name, one.points),
        })),
      },
      drawn: drawing(look, 'Metrics around the incident', series, untilAt),
      ...jsonBody(series),
    };
  },
};

/** By the whole series: of the few points that stay on the timeline only days could be told. */
function turns(look: Look, name: QueryName, points: readonly SeriesPoint[]) {
  const one = SNAPSHOT.find((candidate) => candidate.query === name);
  const limit = one?.limit?.(look) ?? null;
  return {
    ...(one?.clearance === undefined ? {} : { roseAt: beganToRiseAt(points, one.clearance) }),
    ...(limit === null ? {} : { crossings: crossings(points, limit) }),
  };
}

export const TREND_PROBES: ProbeTable<TrendProbe> = {
  'firing-alerts': firingAlerts,
  'error-rate': errorRate,
  latency,
  'metrics-snapshot': metricsSnapshot,
};

async function readTrend(
  port: MetricsPort,
  look: Look,
  name: QueryName,
): Promise<{ readonly now: number | null; readonly points: readonly SeriesPoint[] }> {
  const [samples, points] = await Promise.all([port.instant(query(look, name)), rangeOf(port, look, name)]);
  const now = samples[0]?.value ?? null;
  if (now === null && latest(points) === null) throw new NoAnswer(`Prometheus has no data for ${name}.`);
  return { now, points };
}

function drawing(
  look: Look,
  title: string,
  series: ChartInput['series'],
  untilAt: Instant = look.request.at,
): ChartInput {
  const { incidentId, aroundAt } = look.request;
  return {
    title: `${title}, ${incidentId}`,
    fromAt: seriesFromAt(look),
    untilAt,
    series,
    marks: [{ at: aroundAt, label: 'detected' }],
  };
}

function riseWords(rose: Instant | null): string {
  return rose === null ? '' : `, risen since ${instantWords(rose)}`;
}
