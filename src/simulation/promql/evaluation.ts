import { aggregate } from './aggregate.ts';
import type { Aggregate, Binary, Call, Expr, RangeSelector, Subquery, VectorSelector } from './ast.ts';
import { SET_OPERATORS } from './ast.ts';
import { scalarBinary, setBinary, vectorBinary, vectorScalarBinary } from './binary.ts';
import { executionError } from './errors.ts';
import type { Labels } from './labels.ts';
import { compareLabels, dropMetricName, labelsKey } from './labels.ts';
import { RANGE_FUNCTIONS } from './range-functions.ts';
import type { Series, SeriesSource } from './store.ts';
import type { Sample } from './vector-functions.ts';
import {
  histogramQuantile,
  labelJoin,
  labelReplace,
  labelsOfAbsent,
  mapValues,
  sortSamples,
  VALUE_FUNCTIONS,
} from './vector-functions.ts';

/** An instant selector looks back this far for a sample, this far included, as Prometheus does by default. */
export const LOOKBACK_MS = 5 * 60_000;
/** The step of a subquery that names none: Prometheus's default evaluation interval. */
export const DEFAULT_SUBQUERY_STEP_MS = 60_000;

export type Value =
  | { readonly type: 'scalar'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'vector'; readonly samples: readonly Sample[] };

interface Window {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: number[];
}

/** A plain loop: rules look at thousands of short windows, and copying a typed array twice was most of their cost. */
function numbers(source: ArrayLike<number>, first: number, end: number): number[] {
  const copy = new Array<number>(end - first);
  for (let i = first; i < end; i++) copy[i - first] = source[i] as number;
  return copy;
}

/** One query over one grid of instants. Series are fetched once for each selector, not once for each step. */
export class Evaluation {
  readonly #source: SeriesSource;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #stepMs: number;
  readonly #fetched = new Map<Expr, readonly Series[]>();

  constructor(source: SeriesSource, startMs: number, endMs: number, stepMs: number) {
    this.#source = source;
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#stepMs = stepMs;
  }

  /** Every step of the grid, joined into series in the order in which they appeared. */
  steps(expr: Expr): Series[] {
    const series = new Map<string, { labels: Labels; times: number[]; values: number[] }>();
    for (let atMs = this.#startMs; atMs <= this.#endMs; atMs += this.#stepMs) {
      const value = this.at(expr, atMs);
      if (value.type === 'string') continue;
      const samples = value.type === 'vector' ? value.samples : [{ labels: NO_LABELS, value: value.value }];
      for (const sample of samples) {
        const key = labelsKey(sample.labels);
        let one = series.get(key);
        if (one === undefined) {
          one = { labels: sample.labels, times: [], values: [] };
          series.set(key, one);
        }
        one.times.push(atMs);
        one.values.push(sample.value);
      }
    }
    return [...series.values()];
  }

  at(expr: Expr, atMs: number): Value {
    switch (expr.kind) {
      case 'number':
        return { type: 'scalar', value: expr.value };
      case 'string':
        return { type: 'string', value: expr.value };
      case 'paren':
        return this.at(expr.expr, atMs);
      case 'unary': {
        const value = this.at(expr.expr, atMs);
        if (expr.operator === '+' || value.type === 'string') return value;
        if (value.type === 'scalar') return { type: 'scalar', value: -value.value };
        return vector(unique(mapValues(value.samples, (number) => -number)));
      }
      case 'vector-selector':
        return vector(this.#instant(expr, atMs));
      case 'call':
        return this.#call(expr, atMs);
      case 'aggregate':
        return vector(unique(this.#aggregate(expr, atMs)));
      case 'binary':
        return this.#binary(expr, atMs);
      case 'range-selector':
      case 'subquery':
        throw executionError('a range vector has no value at one instant');
    }
  }

  /** The samples of a range vector at one instant, series without samples left out. */
  windowsOf(expr: Expr, atMs: number): Window[] {
    if (expr.kind === 'paren') return this.windowsOf(expr.expr, atMs);
    if (expr.kind !== 'range-selector' && expr.kind !== 'subquery') {
      throw executionError('expected a range vector');
    }
    const offsetMs = expr.kind === 'subquery' ? expr.offsetMs : expr.vector.offsetMs;
    const series = expr.kind === 'subquery' ? this.#subquerySeries(expr) : this.#rangeSeries(expr);
    const toMs = atMs - offsetMs;
    const fromMs = toMs - expr.rangeMs;
    const windows: Window[] = [];
    for (const { labels, times, values } of series) {
      const first = firstAtOrAfter(times, fromMs);
      const end = firstAtOrAfter(times, toMs + 1);
      if (first >= end) continue;
      windows.push({
        labels,
        times: numbers(times, first, end),
        values: numbers(values, first, end),
      });
    }
    return windows;
  }

  #instant(selector: VectorSelector, atMs: number): Sample[] {
    const refMs = atMs - selector.offsetMs;
    const series = this.#fetch(selector, selector, LOOKBACK_MS);
    const samples: Sample[] = [];
    for (const { labels, times, values, staleTimes } of series) {
      const i = firstAtOrAfter(times, refMs + 1) - 1;
      const sampleMs = times[i];
      if (sampleMs === undefined || sampleMs < refMs - LOOKBACK_MS) continue;
      if (staleTimes?.some((staleMs) => staleMs >= sampleMs && staleMs <= refMs)) continue;
      samples.push({ labels, value: values[i] as number, sampleMs });
    }
    return samples;
  }

  #rangeSeries(expr: RangeSelector): readonly Series[] {
    return this.#fetch(expr, expr.vector, expr.rangeMs);
  }

  #fetch(key: Expr, selector: VectorSelector, backMs: number): readonly Series[] {
    let series = this.#fetched.get(key);
    if (series === undefined) {
      const fromMs = this.#startMs - selector.offsetMs - backMs;
      const toMs = this.#endMs - selector.offsetMs;
      const selected = this.#source.select(selector.matchers, fromMs, toMs);
      series = [...selected].sort((a, b) => compareLabels(a.labels, b.labels));
      this.#fetched.set(key, series);
    }
    return series;
  }

  // Steps of a subquery lie on multiples of its step, whatever instant it is asked for.
  #subquerySeries(expr: Subquery): readonly Series[] {
    let series = this.#fetched.get(expr);
    if (series === undefined) {
      const stepMs = expr.stepMs ?? DEFAULT_SUBQUERY_STEP_MS;
      const fromMs = this.#startMs - expr.offsetMs - expr.rangeMs;
      const startMs = Math.ceil(fromMs / stepMs) * stepMs;
      series = new Evaluation(this.#source, startMs, this.#endMs - expr.offsetMs, stepMs).steps(expr.expr);
      this.#fetched.set(expr, series);
    }
    return series;
  }

  #call(call: Call, atMs: number): Value {
    const rangeFunction = RANGE_FUNCTIONS[call.name];
    if (rangeFunction !== undefined) return vector(unique(this.#overRange(call, atMs)));
    const valueFunction = VALUE_FUNCTIONS[call.name];
    if (valueFunction !== undefined) {
      const scalars = call.args.slice(1).map((arg) => this.#scalar(arg, atMs));
      if (call.name === 'clamp' && (scalars[1] as number) < (scalars[0] as number)) return vector([]);
      return vector(unique(mapValues(this.#arg(call, 0, atMs), (value) => valueFunction(value, ...scalars))));
    }
    switch (call.name) {
      case 'time':
        return { type: 'scalar', value: atMs / 1000 };
      case 'scalar': {
        const samples = this.#arg(call, 0, atMs);
        return { type: 'scalar', value: samples.length === 1 ? (samples[0] as Sample).value : Number.NaN };
      }
      case 'vector':
        return vector([{ labels: NO_LABELS, value: this.#scalar(call.args[0] as Expr, atMs) }]);
      case 'sort':
      case 'sort_desc':
        return vector(sortSamples(this.#arg(call, 0, atMs), call.name === 'sort_desc'));
      case 'timestamp':
        return vector(unique(this.#timestamps(call, atMs)));
      case 'absent':
        return vector(this.#arg(call, 0, atMs).length > 0 ? [] : absentSample(call));
      case 'absent_over_time':
        return vector(this.windowsOf(call.args[0] as Expr, atMs).length > 0 ? [] : absentSample(call));
      case 'histogram_quantile':
        return vector(histogramQuantile(this.#scalar(call.args[0] as Expr, atMs), this.#arg(call, 1, atMs)));
      case 'label_replace':
        return vector(unique(labelReplace(this.#arg(call, 0, atMs), this.#texts(call, atMs))));
      case 'label_join':
        return vector(unique(labelJoin(this.#arg(call, 0, atMs), this.#texts(call, atMs))));
      default:
        throw executionError(`unknown function with name ${JSON.stringify(call.name)}`);
    }
  }

  #overRange(call: Call, atMs: number): Sample[] {
    const compute = RANGE_FUNCTIONS[call.name];
    const at = call.args.findIndex((arg) => isRange(arg));
    const range = stripParens(call.args[at] as Expr);
    if (compute === undefined || (range.kind !== 'range-selector' && range.kind !== 'subquery')) return [];
    const scalarArg = call.args.find((_, i) => i !== at);
    const param = scalarArg === undefined ? Number.NaN : this.#scalar(scalarArg, atMs);
    const rangeEndMs = atMs - (range.kind === 'subquery' ? range.offsetMs : range.vector.offsetMs);
    const rangeStartMs = rangeEndMs - range.rangeMs;
    const samples: Sample[] = [];
    for (const { labels, times, values } of this.windowsOf(range, atMs)) {
      const value = compute({ times, values, rangeStartMs, rangeEndMs }, param, atMs);
      if (value === null) continue;
      // Only last_over_time still shows the metric itself, so only it keeps the name.
      samples.push({ labels: call.name === 'last_over_time' ? labels : dropMetricName(labels), value });
    }
    return samples;
  }

  #timestamps(call: Call, atMs: number): Sample[] {
    return this.#arg(call, 0, atMs).map(({ labels, sampleMs }) => ({
      labels: dropMetricName(labels),
      value: (stripParens(call.args[0] as Expr).kind === 'vector-selector' ? (sampleMs ?? atMs) : atMs) / 1000,
    }));
  }

  #aggregate(node: Aggregate, atMs: number): Sample[] {
    const param = node.param === null ? null : this.at(node.param, atMs);
    return aggregate(
      node,
      this.#samples(node.expr, atMs),
      param === null || param.type === 'vector' ? null : param.value,
    );
  }

  #binary(node: Binary, atMs: number): Value {
    const left = this.at(node.left, atMs);
    const right = this.at(node.right, atMs);
    if (left.type === 'string' || right.type === 'string') throw executionError('strings have no operators');
    if (left.type === 'scalar' && right.type === 'scalar') {
      return { type: 'scalar', value: scalarBinary(node, left.value, right.value) };
    }
    if (left.type === 'scalar') {
      return vector(unique(vectorScalarBinary(node, this.#vectorOf(right), left.value, true)));
    }
    if (right.type === 'scalar') return vector(unique(vectorScalarBinary(node, left.samples, right.value, false)));
    if (SET_OPERATORS.has(node.operator)) return vector(unique(setBinary(node, left.samples, right.samples)));
    return vector(unique(vectorBinary(node, left.samples, right.samples)));
  }

  #vectorOf(value: Value): readonly Sample[] {
    return value.type === 'vector' ? value.samples : [];
  }

  #samples(expr: Expr, atMs: number): readonly Sample[] {
    return this.#vectorOf(this.at(expr, atMs));
  }

  #arg(call: Call, index: number, atMs: number): readonly Sample[] {
    return this.#samples(call.args[index] as Expr, atMs);
  }

  #scalar(expr: Expr, atMs: number): number {
    const value = this.at(expr, atMs);
    return value.type === 'scalar' ? value.value : Number.NaN;
  }

  #texts(call: Call, atMs: number): string[] {
    return call.args.slice(1).map((arg) => {
      const value = this.at(arg, atMs);
      return value.type === 'string' ? value.value : '';
    });
  }
}

const NO_LABELS: Labels = {};

function vector(samples: readonly Sample[]): Value {
  return { type: 'vector', samples };
}

function absentSample(call: Call): Sample[] {
  return [{ labels: labelsOfAbsent(call.args[0] as Expr), value: 1 }];
}

function isRange(expr: Expr): boolean {
  const inner = stripParens(expr);
  return inner.kind === 'range-selector' || inner.kind === 'subquery';
}

function stripParens(expr: Expr): Expr {
  return expr.kind === 'paren' ? stripParens(expr.expr) : expr;
}

// Two metrics that differ only by name become one label set when the name is dropped; Prometheus refuses that.
function unique(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length > 1 && new Set(samples.map(({ labels }) => labelsKey(labels))).size < samples.length) {
    throw executionError('vector cannot contain metrics with the same labelset');
  }
  return samples;
}

/** Index of the first time at or after `ms`, by bisection. */
function firstAtOrAfter(times: ArrayLike<number>, ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
