import { aggregate } from './aggregate.ts';
import type { Aggregate, Binary, Call, Expr, RangeSelector, Subquery, VectorSelector } from './ast.ts';
import { SET_OPERATORS } from './ast.ts';
import { scalarBinary, setBinary, vectorBinary, vectorScalarBinary } from './binary.ts';
import { typeOf } from './check.ts';
import { samplesAt, seriesOf } from './columns.ts';
import { executionError } from './errors.ts';
import { isSorted, JoinedSeries } from './joined-series.ts';
import type { Labels } from './labels.ts';
import { compareLabels, dropMetricName, labelsKey } from './labels.ts';
import { RANGE_FUNCTIONS } from './range-functions.ts';
import { SeriesWise } from './series-wise.ts';
import type { Series, SeriesSource } from './store.ts';
import { isStale } from './store.ts';
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
/** Steps whose values are held at once; a longer grid is worked off in parts of so many. */
const MAX_STEPS_AT_ONCE = 1_000;
/** The step of a subquery that names none: Prometheus's default evaluation interval. */
export const DEFAULT_SUBQUERY_STEP_MS = 60_000;

/** Series by series wherever that is possible, or everything step by step: the results are the same to the last bit. */
export type Method = 'series-wise' | 'step-wise';

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
  readonly #method: Method;
  readonly #grid: Float64Array;
  readonly #columns: SeriesWise | null;

  constructor(source: SeriesSource, startMs: number, endMs: number, stepMs: number, method: Method = 'series-wise') {
    this.#source = source;
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#stepMs = stepMs;
    this.#method = method;
    this.#grid = startMs === endMs ? ONE_STEP : gridOf(startMs, endMs, stepMs);
    this.#columns =
      method === 'step-wise' || this.#grid.length < 2 || this.#grid.length > MAX_STEPS_AT_ONCE
        ? null
        : new SeriesWise(this.#grid, LOOKBACK_MS, {
            seriesOf: (expr) => this.#seriesOf(expr),
            scalarAt: (expr, atMs) => this.#scalar(expr, atMs),
            textsOf: (call, atMs) => this.#texts(call, atMs),
          });
  }

  /** Every step of the grid, joined into series in the order in which they appeared, or in any order if that will do. */
  steps(expr: Expr, inAnyOrder = false): Series[] {
    if (this.#method === 'series-wise' && this.#grid.length > MAX_STEPS_AT_ONCE) return this.#stepsInParts(expr);
    const columns = typeOf(expr) === 'vector' ? this.#columns?.columnsOf(expr) : null;
    if (columns && (columns.ordered || inAnyOrder)) return seriesOf(columns.columns, this.#grid);
    const joined = new JoinedSeries();
    for (let atMs = this.#startMs; atMs <= this.#endMs; atMs += this.#stepMs) {
      const value = this.at(expr, atMs);
      if (value.type === 'string') continue;
      const samples = value.type === 'vector' ? value.samples : [{ labels: NO_LABELS, value: value.value }];
      for (const { labels, value } of samples) joined.add(labels, atMs, value);
    }
    return joined.all();
  }

  // All series at all steps are held at once, so a very long grid is worked off in parts.
  #stepsInParts(expr: Expr): Series[] {
    const joined = new JoinedSeries();
    for (let from = 0; from < this.#grid.length; from += MAX_STEPS_AT_ONCE) {
      const last = Math.min(from + MAX_STEPS_AT_ONCE, this.#grid.length) - 1;
      const [startMs, endMs] = [this.#grid[from] as number, this.#grid[last] as number];
      for (const { labels, times, values } of new Evaluation(this.#source, startMs, endMs, this.#stepMs).steps(expr)) {
        for (let i = 0; i < times.length; i++) joined.add(labels, times[i] as number, values[i] as number);
      }
    }
    return joined.all();
  }

  at(expr: Expr, atMs: number): Value {
    const known = this.#columns === null ? null : this.#knownAt(this.#columns, expr, atMs);
    if (known !== null) return vector(known);
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

  // What is known for every step need not be worked out for this one; a lone selector is quick, and has timestamps.
  #knownAt(columns: SeriesWise, expr: Expr, atMs: number): Sample[] | null {
    if (expr.kind === 'vector-selector' || expr.kind === 'paren' || typeOf(expr) !== 'vector') return null;
    const known = columns.columnsOf(expr);
    if (known === null || !known.ordered) return null;
    const step = Math.round((atMs - this.#startMs) / this.#stepMs);
    return this.#grid[step] === atMs ? samplesAt(known.columns, step) : null;
  }

  /** The samples of a range vector at one instant, series without samples left out. */
  windowsOf(expr: Expr, atMs: number): Window[] {
    if (expr.kind === 'paren') return this.windowsOf(expr.expr, atMs);
    if (expr.kind !== 'range-selector' && expr.kind !== 'subquery') {
      throw executionError('expected a range vector');
    }
    const offsetMs = expr.kind === 'subquery' ? expr.offsetMs : expr.vector.offsetMs;
    const toMs = atMs - offsetMs;
    const fromMs = toMs - expr.rangeMs;
    const windows: Window[] = [];
    for (const { labels, times, values } of this.#seriesOf(expr)) {
      const first = firstAtOrAfter(times, fromMs);
      const end = firstAtOrAfter(times, toMs + 1);
      if (first < end) windows.push({ labels, times: numbers(times, first, end), values: numbers(values, first, end) });
    }
    return windows;
  }

  #instant(selector: VectorSelector, atMs: number): Sample[] {
    const refMs = atMs - selector.offsetMs;
    const series = this.#seriesOf(selector);
    const samples: Sample[] = [];
    for (const { labels, times, values, staleTimes } of series) {
      const i = firstAtOrAfter(times, refMs + 1) - 1;
      const sampleMs = times[i];
      if (sampleMs === undefined || sampleMs < refMs - LOOKBACK_MS) continue;
      if (isStale(staleTimes, sampleMs, refMs)) continue;
      samples.push({ labels, value: values[i] as number, sampleMs });
    }
    return samples;
  }

  #seriesOf(expr: VectorSelector | RangeSelector | Subquery): readonly Series[] {
    switch (expr.kind) {
      case 'vector-selector':
        return this.#fetch(expr, expr, LOOKBACK_MS);
      case 'range-selector':
        return this.#fetch(expr, expr.vector, expr.rangeMs);
      case 'subquery':
        return this.#subquerySeries(expr);
    }
  }

  #fetch(key: Expr, selector: VectorSelector, backMs: number): readonly Series[] {
    let series = this.#fetched.get(key);
    if (series === undefined) {
      const fromMs = this.#startMs - selector.offsetMs - backMs;
      const toMs = this.#endMs - selector.offsetMs;
      const selected = this.#source.select(selector.matchers, fromMs, toMs);
      series = isSorted(selected) ? selected : [...selected].sort((a, b) => compareLabels(a.labels, b.labels));
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
      series = new Evaluation(this.#source, startMs, this.#endMs - expr.offsetMs, stepMs, this.#method).steps(
        expr.expr,
      );
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
    for (const { labels, times, values } of this.#seriesOf(range)) {
      const first = firstAtOrAfter(times, rangeStartMs);
      const end = firstAtOrAfter(times, rangeEndMs + 1);
      if (first >= end) continue;
      const value = compute({ times, values, first, end, rangeStartMs, rangeEndMs }, param, atMs);
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
const ONE_STEP = new Float64Array(1);

// The instants at which a step-wise evaluation stops, added up in the same way.
function gridOf(startMs: number, endMs: number, stepMs: number): Float64Array {
  const grid: number[] = [];
  for (let atMs = startMs; atMs <= endMs; atMs += stepMs) grid.push(atMs);
  return Float64Array.from(grid);
}

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
