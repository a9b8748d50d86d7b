import { AGGREGATIONS, FUNCTIONS } from '../../../lab/simulation/promql/supported.ts';

/** Draws PromQL expressions: the same seed gives the same ones. Every function and aggregation comes up by turns. */
export function generatedQueries(seed: number, count: number): readonly string[] {
  const draw = new Draw(seed);
  const names = [...Object.keys(FUNCTIONS), ...Object.keys(AGGREGATIONS)];
  return Array.from({ length: count }, (_, index) => {
    const name = names[index % names.length] ?? 'sum';
    const call = name in FUNCTIONS ? callOf(draw, name, 2) : aggregation(draw, name, 2);
    return draw.chance(0.45) ? combined(draw, call, FUNCTIONS[name]?.returns === 'scalar') : call;
  });
}

/** Which functions and aggregations a set of expressions uses, with how often. */
export function coverageOf(queries: readonly string[]): ReadonlyMap<string, number> {
  const names = [...Object.keys(FUNCTIONS), ...Object.keys(AGGREGATIONS)];
  return new Map(
    names.map((name) => [
      name,
      queries.filter((query) => new RegExp(`(^|[^a-z_])${name}\\s*(\\(|by|without)`).test(query)).length,
    ]),
  );
}

class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** mulberry32, 0 to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }
}

const SELECTORS = [
  'http_requests_total',
  'http_requests_total{status="500"}',
  'http_requests_total{status=~"5..",pod!="a"}',
  'http_requests_total{pod="c"}',
  'memory_bytes',
  'memory_bytes{pod!~"b|c"}',
  'memory_limit_bytes',
  'special',
  'pod_owner',
  'latency_seconds_bucket',
  'latency_seconds_bucket{endpoint="/x"}',
  'boundary',
  'boundary{kind="counter"}',
  'nothing_at_all',
] as const;
const DURATIONS = ['15s', '30s', '1m', '97s', '2m', '5m', '10m', '30m'] as const;
const OFFSETS = ['', '', '', ' offset 1m', ' offset 7m', ' offset -2m'] as const;
const SCALARS = ['0', '1', '2.5', '-3', '100', '0.9', '1e3', 'time()', 'scalar(memory_bytes{pod="a"})'] as const;
const QUANTILES = ['0', '0.5', '0.95', '1', '-0.5', '1.5'] as const;
const GROUPINGS = [
  '',
  ' by (pod)',
  ' by (status)',
  ' without (pod)',
  ' by (pod, status)',
  ' by ()',
  ' by (endpoint, le)',
] as const;
const ARITHMETIC = ['+', '-', '*', '/', '%', '^'] as const;
const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='] as const;

function selector(draw: Draw): string {
  return `${draw.of(SELECTORS)}${draw.of(OFFSETS)}`;
}

function range(draw: Draw): string {
  if (draw.chance(0.12))
    return `(${vector(draw, 0)})[${draw.of(['5m', '10m', '20m'] as const)}:${draw.of(['', '30s', '1m', '50s'] as const)}]`;
  const name = draw.of(SELECTORS);
  return `${name}[${draw.of(DURATIONS)}]${draw.of(OFFSETS)}`;
}

function vector(draw: Draw, depth: number): string {
  if (depth <= 0 || draw.chance(0.3)) return selector(draw);
  if (draw.chance(0.35)) return aggregation(draw, draw.of(Object.keys(AGGREGATIONS)), depth - 1);
  const vectors = Object.keys(FUNCTIONS).filter((name) => FUNCTIONS[name]?.returns === 'vector');
  return callOf(draw, draw.of(vectors), depth - 1);
}

function callOf(draw: Draw, name: string, depth: number): string {
  switch (name) {
    case 'time':
      return 'time()';
    case 'label_replace':
      return `label_replace(${vector(draw, depth - 1)}, "short", "$1-x", "${draw.of(['pod', 'status', 'job'] as const)}", "(.*)")`;
    case 'label_join':
      return `label_join(${vector(draw, depth - 1)}, "joined", "/", "pod", "status", "none")`;
    case 'quantile_over_time':
      return `quantile_over_time(${draw.of(QUANTILES)}, ${range(draw)})`;
    case 'histogram_quantile':
      return `histogram_quantile(${draw.of(QUANTILES)}, ${draw.of([
        'latency_seconds_bucket',
        'rate(latency_seconds_bucket[5m])',
        'sum by (le) (rate(latency_seconds_bucket[2m]))',
        'sum by (le, endpoint) (increase(latency_seconds_bucket[10m]))',
      ] as const)})`;
    case 'predict_linear':
      return `predict_linear(${range(draw)}, ${draw.of(['60', '3600', '-300'] as const)})`;
    case 'vector':
      return `vector(${draw.of(SCALARS)})`;
    case 'round':
      return `round(${vector(draw, depth - 1)}${draw.of(['', ', 0.1', ', 7', ', 0.001'] as const)})`;
    case 'clamp':
      return `clamp(${vector(draw, depth - 1)}, ${draw.of(SCALARS)}, ${draw.of(SCALARS)})`;
    case 'clamp_min':
    case 'clamp_max':
      return `${name}(${vector(draw, depth - 1)}, ${draw.of(SCALARS)})`;
    default:
      return FUNCTIONS[name]?.args[0] === 'matrix' ? `${name}(${range(draw)})` : `${name}(${vector(draw, depth - 1)})`;
  }
}

function aggregation(draw: Draw, name: string, depth: number): string {
  const parameter =
    name === 'quantile'
      ? `${draw.of(QUANTILES)}, `
      : name === 'count_values'
        ? '"v", '
        : name === 'topk' || name === 'bottomk'
          ? `${draw.of(['1', '2', '5', '0'] as const)}, `
          : '';
  return `${name}${draw.of(GROUPINGS)} (${parameter}${vector(draw, depth)})`;
}

function combined(draw: Draw, left: string, isScalar: boolean): string {
  if (draw.chance(0.4) || isScalar) {
    const comparison = draw.chance(0.4);
    const operator = comparison ? draw.of(COMPARISONS) : draw.of(ARITHMETIC);
    const bool = comparison && (isScalar || draw.chance(0.5)) ? ' bool' : '';
    return `${left} ${operator}${bool} ${draw.of(SCALARS)}`;
  }
  const matching = draw.of(['', ' on (pod)', ' ignoring (status)', ' on ()'] as const);
  if (draw.chance(0.4)) return `${left} ${draw.of(['and', 'or', 'unless'] as const)}${matching} ${vector(draw, 1)}`;
  const grouping = matching !== '' && draw.chance(0.4) ? draw.of([' group_left', ' group_right'] as const) : '';
  return `${left} ${draw.of(ARITHMETIC)}${matching}${grouping} ${vector(draw, 1)}`;
}
