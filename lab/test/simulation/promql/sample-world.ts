import type { Series } from '../../../simulation/promql/store.ts';

/** Start of the sample series: an instant that lies on no round minute, so that windows do not begin on samples. */
export const WORLD_START_MS = Date.parse('2024-10-23T14:00:07Z');
export const WORLD_END_MS = WORLD_START_MS + 90 * 60_000;
const SCRAPE_MS = 15_000;

/** A repeatable generator (mulberry32): the same world on every machine. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Counters with resets and gaps, gauges with NaN and infinity, a histogram, and series that begin late or end early. */
export function sampleWorld(): Series[] {
  const random = generator(7);
  const series: Series[] = [];
  for (const pod of ['a', 'b', 'c']) {
    for (const status of ['200', '404', '500', '503']) {
      series.push(counter({ __name__: 'http_requests_total', pod, status, job: 'noa-mcp' }, random));
    }
    series.push(gauge({ __name__: 'memory_bytes', pod, job: 'noa-mcp' }, random));
    series.push(gauge({ __name__: 'memory_limit_bytes', pod, job: 'noa-mcp' }, random));
  }
  for (const endpoint of ['/x', '/y']) series.push(...histogram(endpoint, random));
  series.push(special());
  series.push(constant({ __name__: 'pod_owner', pod: 'a', owner: 'red' }, 1));
  series.push(constant({ __name__: 'pod_owner', pod: 'b', owner: 'blue' }, 1));
  return series;
}

function scrapeTimes(random: () => number, lossRate: number): number[] {
  const times: number[] = [];
  for (let ms = WORLD_START_MS; ms <= WORLD_END_MS; ms += SCRAPE_MS) {
    if (random() >= lossRate) times.push(ms);
  }
  return times;
}

function counter(labels: Record<string, string>, random: () => number): Series {
  let count = Math.floor(random() * 50);
  const times = scrapeTimes(random, 0.1);
  const values = times.map(() => {
    count = random() < 0.02 ? Math.floor(random() * 3) : count + Math.floor(random() * 20);
    return count;
  });
  // One pod is gone for a quarter of an hour: longer than the look-back.
  if (labels.pod !== 'c') return { labels, times, values };
  const kept = times.map((ms) => ms < WORLD_START_MS + 40 * 60_000 || ms > WORLD_START_MS + 55 * 60_000);
  return { labels, times: times.filter((_, i) => kept[i]), values: values.filter((_, i) => kept[i]) };
}

function gauge(labels: Record<string, string>, random: () => number): Series {
  const times = scrapeTimes(random, 0.05);
  return { labels, times, values: times.map(() => Math.round((random() - 0.3) * 1e6) / 1000) };
}

function histogram(endpoint: string, random: () => number): Series[] {
  const bounds = ['0.1', '0.5', '1', '2.5', '+Inf'];
  const times = scrapeTimes(random, 0);
  const counts = bounds.map(() => 0);
  const rows = times.map(() => {
    const hit = Math.floor(random() * bounds.length);
    for (let i = hit; i < bounds.length; i++)
      counts[i] = (counts[i] ?? 0) + 1 + Math.floor(random() * 3) * Number(i === hit);
    for (let i = 1; i < bounds.length; i++) counts[i] = Math.max(counts[i] ?? 0, counts[i - 1] ?? 0);
    return [...counts];
  });
  return bounds.map((le, i) => ({
    labels: { __name__: 'latency_seconds_bucket', endpoint, le },
    times,
    values: rows.map((row) => row[i] ?? 0),
  }));
}

function special(): Series {
  const values = [1, Number.NaN, 3, Number.POSITIVE_INFINITY, -2, 0, 0, Number.NEGATIVE_INFINITY, 5, 5];
  const times = values.map((_, i) => WORLD_START_MS + 20 * 60_000 + i * 30_000);
  return { labels: { __name__: 'special' }, times, values };
}

function constant(labels: Record<string, string>, value: number): Series {
  const times = Array.from({ length: 91 }, (_, i) => WORLD_START_MS + i * 60_000);
  return { labels, times, values: times.map(() => value) };
}
