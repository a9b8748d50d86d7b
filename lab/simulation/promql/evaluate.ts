import type { Expr } from './ast.ts';
import { typeName, typeOf } from './check.ts';
import { PromqlError } from './errors.ts';
import type { Method } from './evaluation.ts';
import { Evaluation } from './evaluation.ts';
import type { Labels } from './labels.ts';
import { compareLabels } from './labels.ts';
import { parsePromql } from './parse.ts';
import type { Series, SeriesSource } from './store.ts';

export interface MatrixSeries {
  readonly labels: Labels;
  readonly times: Series['times'];
  readonly values: Series['values'];
}

/** Times are milliseconds since 1970; the wire's seconds and strings are made where the answer is written. */
export type InstantResult =
  | { readonly resultType: 'scalar'; readonly atMs: number; readonly result: number }
  | { readonly resultType: 'string'; readonly atMs: number; readonly result: string }
  | {
      readonly resultType: 'vector';
      readonly atMs: number;
      readonly result: readonly { readonly labels: Labels; readonly value: number }[];
    }
  | { readonly resultType: 'matrix'; readonly atMs: number; readonly result: readonly MatrixSeries[] };

export interface RangeResult {
  readonly resultType: 'matrix';
  readonly result: readonly MatrixSeries[];
}

/** Evaluates a query at one instant as Prometheus 2.42 would. Throws `PromqlError` (`bad_data` or `execution`). */
export function evaluateInstant(expr: string | Expr, atMs: number, source: SeriesSource): InstantResult {
  const parsed = typeof expr === 'string' ? parsePromql(expr) : expr;
  const evaluation = new Evaluation(source, atMs, atMs, 1);
  if (typeOf(parsed) === 'matrix') {
    return { resultType: 'matrix', atMs, result: evaluation.windowsOf(parsed, atMs) };
  }
  const value = evaluation.at(parsed, atMs);
  switch (value.type) {
    case 'scalar':
      return { resultType: 'scalar', atMs, result: value.value };
    case 'string':
      return { resultType: 'string', atMs, result: value.value };
    case 'vector':
      return { resultType: 'vector', atMs, result: value.samples.map(({ labels, value }) => ({ labels, value })) };
  }
}

/** Evaluates a query at every step of an interval, both ends included; series come sorted by their labels. */
export function evaluateRange(
  expr: string | Expr,
  startMs: number,
  endMs: number,
  stepMs: number,
  source: SeriesSource,
  method: Method = 'series-wise',
): RangeResult {
  if (!(stepMs > 0)) {
    const message = 'zero or negative query resolution step widths are not accepted. Try a positive integer';
    throw new PromqlError('bad_data', message);
  }
  const parsed = typeof expr === 'string' ? parsePromql(expr) : expr;
  const type = typeOf(parsed);
  if (type !== 'vector' && type !== 'scalar') {
    const message = `invalid expression type "${typeName(type)}" for range query, must be Scalar or instant Vector`;
    throw new PromqlError('bad_data', message);
  }
  const series = new Evaluation(source, startMs, endMs, stepMs, method).steps(parsed, true);
  const result = [...series].sort((a, b) => compareLabels(a.labels, b.labels));
  return { resultType: 'matrix', result };
}
