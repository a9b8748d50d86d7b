import { evaluateInstant, evaluateRange } from '../simulation/promql/evaluate.ts';
import type { Method } from '../simulation/promql/evaluation.ts';
import { parsePromql } from '../simulation/promql/parse.ts';
import type { Series } from '../simulation/promql/store.ts';
import { memorySource } from '../simulation/promql/store.ts';

// How long the simulated Prometheus takes for a query: series by series against step by step, on the same samples.
// Run it with: npx tsx lab/bench/promql.ts

const SCRAPE_MS = 15_000;
const MINUTE_MS = 60_000;
const RANGE_MS = 120 * MINUTE_MS;
const STEP_MS = 30_000;
const SCRAPES = RANGE_MS / SCRAPE_MS + 40;
const END_MS = (SCRAPES - 1) * SCRAPE_MS;
const REPEATS = 7;

const QUERIES = [
  'sum(rate(http_requests_total{status=~"5.."}[1m])) / sum(rate(http_requests_total[1m]))',
  'sum by (status) (rate(http_requests_total[5m]))',
  'histogram_quantile(0.95, sum by (le) (rate(latency_seconds_bucket[5m])))',
  'topk(5, sum by (user) (rate(http_requests_total[1m])))',
];

function counters(): Series[] {
  const times = Float64Array.from({ length: SCRAPES }, (_, i) => i * SCRAPE_MS);
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const counter = (labels: Record<string, string>): Series => {
    let total = 0;
    const values = times.map(() => {
      total = random() < 0.002 ? 0 : total + Math.floor(random() * 20);
      return total;
    });
    return { labels, times, values };
  };
  const requests = Array.from({ length: 1_300 }, (_, i) =>
    counter({
      __name__: 'http_requests_total',
      pod: `pod-${i % 5}`,
      status: ['200', '200', '404', '500'][i % 4] as string,
      user: `user-${Math.floor(i / 20)}`,
      series: String(i),
    }),
  );
  const bounds = ['0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
  const buckets = bounds.flatMap((le) =>
    Array.from({ length: 25 }, (_, i) => counter({ __name__: 'latency_seconds_bucket', le, pod: `pod-${i}` })),
  );
  return [...requests, ...buckets];
}

function medianMs(run: () => unknown): number {
  run();
  const taken = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return taken.sort((a, b) => a - b)[Math.floor(REPEATS / 2)] as number;
}

const source = memorySource(counters());
for (const query of QUERIES) {
  const expr = parsePromql(query);
  const range = (method: Method) =>
    medianMs(() => evaluateRange(expr, END_MS - RANGE_MS, END_MS, STEP_MS, source, method));
  const [fast, slow] = [range('series-wise'), range('step-wise')];
  const instant = medianMs(() => evaluateInstant(expr, END_MS, source));
  console.log(query);
  console.log(
    `  range: ${fast.toFixed(1)} ms series-wise, ${slow.toFixed(1)} ms step-wise, ${(slow / fast).toFixed(1)} times; ` +
      `instant: ${instant.toFixed(2)} ms`,
  );
}
