import { aggregateColumns, histogramColumns } from './aggregate-columns.ts';
import type { Call, Expr, RangeSelector, Subquery, VectorSelector } from './ast.ts';
import { columnsColumns, columnsScalar } from './binary-columns.ts';
import { typeOf } from './check.ts';
import type { Column, Columns } from './columns.ts';
import { emptyColumn, isDisjoint, isEmpty } from './columns.ts';
import { PromqlError } from './errors.ts';
import { dropMetricName } from './labels.ts';
import { RANGE_FUNCTIONS } from './range-functions.ts';
import type { Series } from './store.ts';
import type { Sample } from './vector-functions.ts';
import { labelJoin, labelReplace, labelsOfAbsent, VALUE_FUNCTIONS } from './vector-functions.ts';
import { latestSamples, overWindows, ratesOverWindows } from './window-columns.ts';

/** What the series-wise evaluation takes from the step-wise one. */
export interface StepWise {
  seriesOf(expr: VectorSelector | RangeSelector | Subquery): readonly Series[];
  scalarAt(expr: Expr, atMs: number): number;
  textsOf(call: Call, atMs: number): string[];
}

/**
 * Evaluates a query for all steps at once, series by series: one pass over each series' samples instead of a search
 * in every series at every step. It knows the common expressions and nothing of errors: for what it does not know,
 * and for whatever would be an error at some step, it answers null, and the step-wise evaluation has the word.
 */
export class SeriesWise {
  readonly #timesMs: Float64Array;
  readonly #lookbackMs: number;
  readonly #steps: StepWise;
  readonly #known = new Map<Expr, Columns | null>();

  constructor(timesMs: Float64Array, lookbackMs: number, steps: StepWise) {
    this.#timesMs = timesMs;
    this.#lookbackMs = lookbackMs;
    this.#steps = steps;
  }

  /** An instant vector at every step; null when it must be evaluated step by step. */
  columnsOf(expr: Expr): Columns | null {
    let columns = this.#known.get(expr);
    if (columns === undefined) {
      columns = this.#attempt(expr);
      this.#known.set(expr, columns);
    }
    return columns;
  }

  #attempt(expr: Expr): Columns | null {
    try {
      const columns = this.#evaluate(expr);
      return columns !== null && isDisjoint(columns.columns) ? columns : null;
    } catch (error) {
      if (error instanceof PromqlError) return null;
      throw error;
    }
  }

  #evaluate(expr: Expr): Columns | null {
    switch (expr.kind) {
      case 'paren':
        return this.columnsOf(expr.expr);
      case 'unary': {
        const input = this.columnsOf(expr.expr);
        return expr.operator === '+' ? input : mapped(input, (value) => -value);
      }
      case 'vector-selector': {
        const grid = { timesMs: this.#timesMs, offsetMs: expr.offsetMs, rangeMs: this.#lookbackMs };
        return { columns: latestSamples(this.#steps.seriesOf(expr), grid), ordered: true };
      }
      case 'call':
        return this.#call(expr);
      case 'aggregate': {
        const input = expr.param === null ? this.columnsOf(expr.expr) : null;
        return input && aggregateColumns(expr, input, this.#timesMs.length);
      }
      case 'binary': {
        const [leftScalar, rightScalar] = [typeOf(expr.left) === 'scalar', typeOf(expr.right) === 'scalar'];
        if (leftScalar && rightScalar) return null;
        const left = leftScalar ? null : this.columnsOf(expr.left);
        const right = rightScalar ? null : this.columnsOf(expr.right);
        if (leftScalar) return right && columnsScalar(expr, right, this.#scalars(expr.left), true);
        if (rightScalar) return left && columnsScalar(expr, left, this.#scalars(expr.right), false);
        return left && right && columnsColumns(expr, left, right, this.#timesMs.length);
      }
      case 'number':
      case 'string':
      case 'range-selector':
      case 'subquery':
        return null;
    }
  }

  #call(call: Call): Columns | null {
    if (RANGE_FUNCTIONS[call.name] !== undefined) return this.#overRange(call);
    const change = VALUE_FUNCTIONS[call.name];
    const [first, second] = call.args;
    if (change !== undefined) {
      // The bounds of clamp may cross at some steps, where it yields nothing.
      if (call.name === 'clamp' || first === undefined) return null;
      const scalars = call.args.slice(1).map((arg) => this.#scalars(arg));
      return mapped(this.columnsOf(first), (value, i) => change(value, ...scalars.map((one) => one[i] as number)));
    }
    switch (call.name) {
      case 'vector': {
        if (first === undefined) return null;
        const present = new Uint8Array(this.#timesMs.length).fill(1);
        return { columns: [{ labels: {}, values: this.#scalars(first), present }], ordered: true };
      }
      case 'absent':
        return first === undefined ? null : this.#absent(first);
      case 'histogram_quantile': {
        const input = second === undefined ? null : this.columnsOf(second);
        return input && first ? histogramColumns(this.#scalars(first), input, this.#timesMs.length) : null;
      }
      case 'label_replace':
        return this.#relabelled(call, labelReplace);
      case 'label_join':
        return this.#relabelled(call, labelJoin);
      default:
        return null;
    }
  }

  #overRange(call: Call): Columns | null {
    const compute = RANGE_FUNCTIONS[call.name];
    const args = call.args.map(stripParens);
    const range = args.find((arg) => arg.kind === 'range-selector' || arg.kind === 'subquery');
    if (compute === undefined || range === undefined) return null;
    if (range.kind !== 'range-selector' && range.kind !== 'subquery') return null;
    const offsetMs = range.kind === 'subquery' ? range.offsetMs : range.vector.offsetMs;
    const grid = { timesMs: this.#timesMs, offsetMs, rangeMs: range.rangeMs };
    const series = this.#steps.seriesOf(range);
    if (call.name === 'rate' || call.name === 'increase') {
      return { columns: ratesOverWindows(series, grid, call.name === 'rate'), ordered: true };
    }
    const scalar = args.find((arg) => arg !== range);
    const columns = overWindows(series, grid, compute, {
      params: scalar === undefined ? null : this.#scalars(scalar),
      labelsOf: (labels) => (call.name === 'last_over_time' ? labels : dropMetricName(labels)),
    });
    return { columns, ordered: true };
  }

  #absent(arg: Expr): Columns | null {
    const input = this.columnsOf(arg);
    if (input === null) return null;
    const column = emptyColumn(labelsOfAbsent(arg), this.#timesMs.length);
    column.values.fill(1);
    column.present.fill(1);
    for (const { present } of input.columns) {
      for (let i = 0; i < present.length; i++) if (present[i] === 1) column.present[i] = 0;
    }
    return { columns: isEmpty(column) ? [] : [column], ordered: true };
  }

  // Labels are rewritten once for each column: an element's value is the index of its column meanwhile.
  #relabelled(call: Call, change: (samples: readonly Sample[], texts: readonly string[]) => Sample[]): Columns | null {
    const input = call.args[0] === undefined ? null : this.columnsOf(call.args[0]);
    if (input === null) return null;
    const samples = input.columns.map(({ labels }, value) => ({ labels, value }));
    const texts = this.#steps.textsOf(call, this.#timesMs[0] ?? 0);
    const columns = change(samples, texts).map(({ labels, value }) => ({
      ...(input.columns[value] as Column),
      labels,
    }));
    return { columns, ordered: input.ordered };
  }

  #scalars(expr: Expr): Float64Array {
    if (expr.kind === 'number') return new Float64Array(this.#timesMs.length).fill(expr.value);
    return this.#timesMs.map((atMs) => this.#steps.scalarAt(expr, atMs));
  }
}

function mapped(input: Columns | null, change: (value: number, step: number) => number): Columns | null {
  if (input === null) return null;
  const columns = input.columns.map(({ labels, values, present }) => ({
    labels: dropMetricName(labels),
    values: values.map((value, i) => (present[i] === 1 ? change(value, i) : 0)),
    present,
  }));
  return { columns, ordered: input.ordered };
}

function stripParens(expr: Expr): Expr {
  return expr.kind === 'paren' ? stripParens(expr.expr) : expr;
}
