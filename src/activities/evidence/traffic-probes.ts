import { percent, secondsWords } from '../../domain/format.ts';
import { type Instant, plusMinutes } from '../../domain/instant.ts';
import type { MetricsPort, Sample } from './ports.ts';
import { count, firstOf, jsonBody, type Look, NoAnswer, type Probe, type ProbeTable, required } from './probe.ts';
import { ORDINARY_ERROR_RATIO, ORDINARY_P95_SECONDS, present, query } from './queries.ts';
import { roseAt } from './trend.ts';

type TrafficProbe =
  | 'request-rate'
  | 'endpoints'
  | 'slow-endpoints'
  | 'affected-users'
  | 'cache-hit-rate'
  | 'provider-traffic';

const SOURCE = 'Prometheus';
const METRICS = 'Prometheus';

/** R2.14: between these shares of the baseline traffic is as usual. */
const QUIET_TRAFFIC = 0.5;
const BUSY_TRAFFIC = 1.5;

const requestRate: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const samples = await present(required(metrics, METRICS), look, 'requestsPerMinute');
    const perMinute = samples[0]?.value ?? null;
    const { baselineRequestsPerMinute: baseline } = look.service;
    const ratio = perMinute === null || baseline <= 0 ? null : perMinute / baseline;
    const unusual = ratio !== null && (ratio < QUIET_TRAFFIC || ratio > BUSY_TRAFFIC);
    const words =
      perMinute === null || ratio === null
        ? 'The request rate is unknown.'
        : `${Math.round(perMinute)} requests a minute, ${percent(ratio)} of the usual ${baseline}${unusual ? ': unusual' : ''}.`;
    return {
      command: query(look, 'requestsPerMinute'),
      words,
      abnormal: unusual,
      excerpt: words,
      finding: { probe: 'request-rate', perMinute, baselinePerMinute: baseline, ratio },
      ...jsonBody(samples),
    };
  },
};

const endpoints: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const port = required(metrics, METRICS);
    const [errors, traffic] = await Promise.all([
      present(port, look, 'errorRatioByEndpoint'),
      port.instant(query(look, 'requestsPerMinuteByEndpoint')).catch(() => []),
    ]);
    const all = [...errors].sort(byValue).map((sample) => {
      const endpoint = labelOf(sample, 'endpoint');
      const own = traffic.filter((one) => labelOf(one, 'endpoint') === endpoint && one.value !== null);
      const [most] = [...own].sort(byValue);
      return {
        endpoint,
        errorRatio: sample.value,
        perMinute: own.length === 0 ? null : own.reduce((sum, one) => sum + (one.value ?? 0), 0),
        servedBy: most?.labels.job ?? most?.labels.deployment ?? null,
      };
    });
    const affected = all.filter((one) => (one.errorRatio ?? 0) > ORDINARY_ERROR_RATIO);
    const words =
      affected.length === 0
        ? 'No endpoint has an unusual error rate.'
        : `${affected.length} of ${count(all.length, 'endpoint')} affected: ${firstOf(affected)
            .map((one) => `${one.endpoint} ${percent(one.errorRatio ?? 0)}`)
            .join('; ')}.`;
    return {
      command: query(look, 'errorRatioByEndpoint'),
      words,
      abnormal: affected.length > 0,
      excerpt: words,
      finding: { probe: 'endpoints', endpoints: firstOf(all) },
      ...jsonBody(all),
    };
  },
};

const slowEndpoints: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const port = required(metrics, METRICS);
    const samples = await present(port, look, 'p95SecondsByEndpoint');
    const isSlow = samples.some(({ value }) => (value ?? 0) > ORDINARY_P95_SECONDS);
    const since = isSlow ? await slowSince(port, look).catch(() => NOT_KNOWN) : NOT_KNOWN;
    const all = [...samples].sort(byValue).map((sample) => {
      const endpoint = labelOf(sample, 'endpoint');
      return { endpoint, p95Seconds: sample.value, roseAt: since.get(endpoint) ?? null };
    });
    const slow = all.filter((one) => (one.p95Seconds ?? 0) > ORDINARY_P95_SECONDS);
    const words =
      slow.length === 0
        ? 'No endpoint is slow.'
        : `${slow.length} of ${count(all.length, 'endpoint')} slow: ${firstOf(slow)
            .map((one) => `${one.endpoint} ${secondsWords(one.p95Seconds ?? 0)}`)
            .join('; ')}.`;
    return {
      command: query(look, 'p95SecondsByEndpoint'),
      words,
      abnormal: slow.length > 0,
      excerpt: words,
      finding: { probe: 'slow-endpoints', endpoints: firstOf(all) },
      ...jsonBody(all),
    };
  },
};

/** When each endpoint became slow: a deploy of after that is no cause of it, however little the whole has noticed. */
async function slowSince(port: MetricsPort, look: Look): Promise<ReadonlyMap<string, Instant | null>> {
  const { at, aroundAt } = look.request;
  const series = await port.range({
    query: query(look, 'p95SecondsByEndpoint'),
    fromAt: plusMinutes(aroundAt, -SLOW_BEFORE_MINUTES),
    untilAt: at,
    stepSeconds: 30,
  });
  return new Map(
    series.map(({ labels, points }) => [labels.endpoint ?? '', roseAt(points, { noiseBelow: ORDINARY_P95_SECONDS })]),
  );
}

const NOT_KNOWN: ReadonlyMap<string, Instant | null> = new Map();
const SLOW_BEFORE_MINUTES = 40;

const affectedUsers: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const port = required(metrics, METRICS);
    const [affectedNow, totalNow] = await Promise.all([
      port.instant(query(look, 'affectedUsers')),
      port.instant(query(look, 'totalUsers')),
    ]);
    const [affected, total] = [affectedNow[0]?.value ?? null, totalNow[0]?.value ?? null];
    if (affected === null && total === null) throw new NoAnswer('Prometheus has no data about users.');
    const ratio = affected === null || total === null || total <= 0 ? null : affected / total;
    const words =
      affected === null
        ? 'How many users are affected is unknown.'
        : `${affected} ${total === null ? '' : `of ${total} `}users are affected${ratio === null ? '' : ` (${percent(ratio)})`}.`;
    return {
      command: query(look, 'affectedUsers'),
      words,
      abnormal: (affected ?? 0) > 0,
      excerpt: words,
      finding: { probe: 'affected-users', affected, total, ratio },
      ...jsonBody({ affected, total }),
    };
  },
};

const cacheHitRate: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const ratio = (await present(required(metrics, METRICS), look, 'cacheHitRatio'))[0]?.value ?? null;
    const minimum = look.service.cache?.minimumHitRatio ?? null;
    const low = ratio !== null && minimum !== null && ratio < minimum;
    const words =
      ratio === null
        ? 'The cache hit rate is unknown.'
        : `The cache answers ${percent(ratio)} of requests${minimum === null ? '' : ` (${low ? 'less than' : 'at least'} the ${percent(minimum)} expected)`}.`;
    return {
      command: query(look, 'cacheHitRatio'),
      words,
      abnormal: low,
      excerpt: words,
      finding: { probe: 'cache-hit-rate', ratio },
      ...jsonBody({ ratio }),
    };
  },
};

const providerTraffic: Probe = {
  source: SOURCE,
  async ask({ metrics }, look) {
    const port = required(metrics, METRICS);
    const [traffic, errors] = await Promise.all([
      present(port, look, 'providerRequestsPerMinute'),
      port.instant(query(look, 'providerErrorRatio')).catch(() => []),
    ]);
    const errorRatio = new Map(errors.map((sample) => [labelOf(sample, 'provider'), sample.value]));
    const all = [...traffic].sort(byValue).map((sample) => ({
      name: labelOf(sample, 'provider'),
      perMinute: sample.value,
      errorRatio: errorRatio.get(labelOf(sample, 'provider')) ?? null,
    }));
    const failing = all.filter((one) => (one.errorRatio ?? 0) > ORDINARY_ERROR_RATIO);
    const words = `Calls a minute: ${all.map((one) => `${one.name} ${one.perMinute === null ? 'unknown' : Math.round(one.perMinute)}${one.errorRatio === null ? '' : ` (${percent(one.errorRatio)} failing)`}`).join('; ')}.`;
    return {
      command: query(look, 'providerRequestsPerMinute'),
      words,
      abnormal: failing.length > 0,
      excerpt: words,
      finding: { probe: 'provider-traffic', providers: firstOf(all) },
      ...jsonBody(all),
    };
  },
};

export const TRAFFIC_PROBES: ProbeTable<TrafficProbe> = {
  'request-rate': requestRate,
  endpoints,
  'slow-endpoints': slowEndpoints,
  'affected-users': affectedUsers,
  'cache-hit-rate': cacheHitRate,
  'provider-traffic': providerTraffic,
};

function labelOf(sample: Sample, label: string): string {
  return sample.labels[label] ?? Object.values(sample.labels)[0] ?? 'unknown';
}

function byValue(a: Sample, b: Sample): number {
  return (b.value ?? -1) - (a.value ?? -1);
}
