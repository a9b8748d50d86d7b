import { hasStaleConnections, isEvicting } from '../cache.ts';
import { measured } from '../findings.ts';
import { exactPercent } from '../format.ts';
import { brokenPods, weighBrokenPod } from './broken-pods.ts';
import { Draft, remedy, target } from './draft.ts';
import type { Reading } from './reading.ts';
import { pool, slowStatement, surge } from './signals.ts';
import { weighSilence } from './silence.ts';

/** One endpoint with this share of a surge is hammered, rather than many customers coming. */
const ABUSE_SHARE = 0.7;

export function loadRules(reading: Reading): readonly Draft[] {
  return [...trafficSurge(reading), ...redisDown(reading), ...cacheDegraded(reading), ...slowEndpoint(reading)];
}

function trafficSurge(reading: Reading): readonly Draft[] {
  const traffic = surge(reading);
  const { surgeAboveBaselineRatio } = reading.policy.diagnosis;
  if (traffic === null || traffic.ratio < surgeAboveBaselineRatio) return [];
  const { deployment } = reading.policy.service.application;
  const { scaleReplicas, rateLimitManifest } = reading.policy.playbooks;
  const hammered = hammeredEndpoint(reading);
  // Abuse takes what more pods offer: the limit at the door comes first (R3.3.5), and pods when it did not help.
  const scale = remedy(
    'scale',
    target(reading, 'deployment', deployment),
    'more pods carry more traffic',
    hammered === null,
    {
      replicas: scaleReplicas,
    },
  );
  const limit =
    rateLimitManifest === null
      ? []
      : [
          remedy(
            'rate-limit',
            target(reading, 'manifest', rateLimitManifest),
            'stricter limits turn the excess away and keep the service up for the rest',
            false,
          ),
        ];
  const draft = new Draft({
    cause: 'traffic-surge',
    names: hammered === null ? [deployment] : [deployment, hammered.endpoint],
    words: `Traffic is ${traffic.ratio.toFixed(1)} times its baseline${hammered === null ? '' : `, ${exactPercent(hammered.share)} of it to ${hammered.endpoint}`}.`,
    tellApart: 'who sends the requests: many customers, or a few addresses',
    suggests: hammered === null ? [scale, ...limit] : limit.length === 0 || limitTried(reading) ? [scale] : limit,
  });
  draft.support(
    traffic.id,
    (traffic.ratio >= surgeAboveBaselineRatio * 1.5 ? 0.65 : 0.5) * traffic.freshness,
    `${traffic.ratio.toFixed(1)} times the baseline of requests`,
  );
  const resources = reading.found('resources');
  const hot = resources?.finding.nodes.filter((node) => node.cpuPercent >= 85) ?? [];
  if (resources !== null && hot.length > 0)
    draft.support(resources.id, 0.2, `CPU of ${hot.map((node) => node.name).join(', ')} is nearly used up`);
  const latency = reading.found('latency');
  if (latency !== null && reading.latencyHigh) draft.support(latency.id, 0.15, 'responses are slow everywhere');
  // R3.1.0: a playbook begins at errors or slowness; many requests that are served well are good news.
  if (!reading.errorsHigh && !reading.latencyHigh)
    draft.contradict(traffic.id, 0.6, 'it is served without errors and without delay');
  else if (!reading.latencyHigh && hot.length === 0 && !isOverloaded(reading))
    draft.contradict(
      traffic.id,
      0.5,
      'nothing is slow, used up or turned away, so the requests fail for another reason',
    );
  const statement = slowStatement(reading);
  if (statement !== null && pool(reading)?.full === true)
    draft.contradict(statement.id, 0.25, 'a slow statement fills the pool by itself');
  return [draft];
}

function limitTried(reading: Reading): boolean {
  return reading.input.remediesTried.some(({ action, helped }) => action === 'rate-limit' && helped === false);
}

/** Somebody says that there is too much to do: load is shed, limits are met, or every connection is taken. */
function isOverloaded(reading: Reading): boolean {
  return reading.logs('overload', 'rate-limit', 'timeout').count > 0 || pool(reading)?.full === true;
}

function hammeredEndpoint(reading: Reading): { readonly endpoint: string; readonly share: number } | null {
  const endpoints = reading.found('endpoints')?.finding.endpoints ?? [];
  const all = endpoints.reduce((sum, endpoint) => sum + (measured(endpoint.perMinute) ?? 0), 0);
  const first = [...endpoints].sort((a, b) => (b.perMinute ?? 0) - (a.perMinute ?? 0))[0];
  if (first === undefined || endpoints.length < 2 || all <= 0) return null;
  const share = (first.perMinute ?? 0) / all;
  return share >= ABUSE_SHARE ? { endpoint: first.endpoint, share } : null;
}

function redisDown(reading: Reading): readonly Draft[] {
  const { cache } = reading.policy.service;
  const answers = reading.found('cache-answers');
  const pods = reading.found('pods');
  if (cache === null) return [];
  const broken = brokenPods(pods, cache.workload);
  if (answers?.finding.answers !== false && broken.length === 0) return [];
  const draft = new Draft({
    cause: 'redis-down',
    names: [cache.workload, cache.pod],
    words: `The cache ${cache.workload} is down.`,
    tellApart: `the state of ${cache.pod} and an answer to a ping`,
    suggests: [
      remedy('delete-pod', target(reading, 'pod', cache.pod), 'its StatefulSet makes the pod anew', true),
      remedy(
        'restart',
        target(reading, 'statefulset', cache.workload),
        'a restart of the whole set, when one new pod does not help',
        true,
      ),
    ],
  });
  if (answers?.finding.answers === false) {
    const statistics = reading.found('cache-statistics');
    const ready = pods !== null && broken.length === 0;
    weighSilence(reading, draft, { answers, statistics, complaints: 'cache', ready }, 0.6);
  }
  if (answers?.finding.answers === true) draft.contradict(answers.id, 0.7, 'the cache answers');
  weighBrokenPod(reading, draft, broken[0], 0.45);
  const logs = reading.logs('cache');
  if (logs.count > 0)
    draft.support(
      logs.evidenceId,
      0.25,
      `${logs.count} log lines about the cache, e.g. "${logs.patterns[0]?.example ?? ''}"`,
    );
  return [draft];
}

function cacheDegraded(reading: Reading): readonly Draft[] {
  const { cache } = reading.policy.service;
  const found = reading.found('cache-hit-rate');
  const ratio = measured(found?.finding.ratio);
  if (cache === null || found === null || ratio === null || ratio >= cache.minimumHitRatio) return [];
  const answers = reading.found('cache-answers');
  const statistics = reading.found('cache-statistics');
  const evicting = statistics !== null && isEvicting(statistics.finding);
  const restart = remedy(
    'restart',
    target(reading, 'statefulset', cache.workload),
    'a restart clears stale connections; it also empties the cache, so the database is busier for a while',
    true,
  );
  const draft = new Draft({
    cause: 'cache-degraded',
    names: [cache.workload],
    words: `Only ${exactPercent(ratio)} of the lookups are answered by the cache ${cache.workload}${evicting ? ', which is full and throws keys out: it needs more memory, and a restart would empty it' : ''}.`,
    tellApart: 'evictions and connected clients of the cache: a restart helps against stale connections only',
    // R3.3.3 restarts it "to clear stale connections"; against evictions that would only cost what is still cached.
    suggests: evicting ? [] : [restart],
  });
  if (statistics !== null && evicting)
    draft.support(
      statistics.id,
      0.2 * statistics.freshness,
      `${statistics.finding.evictedKeys} keys were thrown out, and its memory is full`,
    );
  if (statistics !== null && hasStaleConnections(statistics.finding))
    draft.support(
      statistics.id,
      0.2 * statistics.freshness,
      `${statistics.finding.idleClients} of its ${statistics.finding.connectedClients} connections are stale`,
    );
  draft.support(
    found.id,
    0.6 * found.freshness,
    `the hit rate is ${exactPercent(ratio)}, expected is more than ${exactPercent(cache.minimumHitRatio)}`,
  );
  const logs = reading.logs('cache');
  if (logs.count > 0) draft.support(logs.evidenceId, 0.2, `${logs.count} log lines about the cache`);
  if (answers?.finding.answers === false) draft.contradict(answers.id, 0.6, 'the cache does not answer at all');
  // A hit rate falls with everything that fails before the cache is asked, so alone it explains no errors.
  if (reading.errorsHigh && logs.count === 0)
    draft.contradict(found.id, 0.25, 'a low hit rate alone makes requests slow, not wrong');
  return [draft];
}

/** One endpoint is slow and nothing under it is known to be: a person has to look into its code. */
function slowEndpoint(reading: Reading): readonly Draft[] {
  const found = reading.found('slow-endpoints');
  const limit = reading.policy.diagnosis.p95SecondsPlaybookAbove;
  const slow = found?.finding.endpoints.filter((endpoint) => (measured(endpoint.p95Seconds) ?? 0) >= limit) ?? [];
  const first = slow[0];
  if (found === null || first === undefined || slow.length > Math.max(1, found.finding.endpoints.length / 3)) return [];
  const draft = new Draft({
    cause: 'slow-endpoint',
    names: [first.endpoint],
    words: `${first.endpoint} is slow (p95 ${first.p95Seconds?.toFixed(1)} s); the others are not.`,
    tellApart: `a trace of one request to ${first.endpoint}`,
    suggests: [],
  });
  draft.support(found.id, 0.45 * found.freshness, `p95 of ${first.endpoint} is ${first.p95Seconds?.toFixed(1)} s`);
  const statement = slowStatement(reading);
  if (statement !== null)
    draft.contradict(statement.id, 0.4, `the statement on ${statement.table ?? 'a table'} explains it`);
  return [draft];
}
