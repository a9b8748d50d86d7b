import type { ValueType } from './ast.ts';

interface Signature {
  readonly args: readonly ValueType[];
  readonly returns: ValueType;
  /** How many trailing arguments may be left out; `'many'` repeats the last one any number of times. */
  readonly optional: number | 'many';
}

function signature(args: readonly ValueType[], returns: ValueType, optional: number | 'many' = 0): Signature {
  return { args, returns, optional };
}

const OVER_RANGE = signature(['matrix'], 'vector');
const OF_VECTOR = signature(['vector'], 'vector');

/** Functions we evaluate, with the types that Prometheus checks before it evaluates anything. */
export const FUNCTIONS: Readonly<Record<string, Signature>> = {
  rate: OVER_RANGE,
  irate: OVER_RANGE,
  increase: OVER_RANGE,
  delta: OVER_RANGE,
  idelta: OVER_RANGE,
  deriv: OVER_RANGE,
  predict_linear: signature(['matrix', 'scalar'], 'vector'),
  changes: OVER_RANGE,
  resets: OVER_RANGE,
  avg_over_time: OVER_RANGE,
  min_over_time: OVER_RANGE,
  max_over_time: OVER_RANGE,
  sum_over_time: OVER_RANGE,
  count_over_time: OVER_RANGE,
  last_over_time: OVER_RANGE,
  present_over_time: OVER_RANGE,
  absent_over_time: OVER_RANGE,
  stddev_over_time: OVER_RANGE,
  stdvar_over_time: OVER_RANGE,
  quantile_over_time: signature(['scalar', 'matrix'], 'vector'),
  histogram_quantile: signature(['scalar', 'vector'], 'vector'),
  absent: OF_VECTOR,
  abs: OF_VECTOR,
  ceil: OF_VECTOR,
  floor: OF_VECTOR,
  exp: OF_VECTOR,
  ln: OF_VECTOR,
  log2: OF_VECTOR,
  log10: OF_VECTOR,
  sqrt: OF_VECTOR,
  sgn: OF_VECTOR,
  round: signature(['vector', 'scalar'], 'vector', 1),
  clamp: signature(['vector', 'scalar', 'scalar'], 'vector'),
  clamp_min: signature(['vector', 'scalar'], 'vector'),
  clamp_max: signature(['vector', 'scalar'], 'vector'),
  sort: OF_VECTOR,
  sort_desc: OF_VECTOR,
  timestamp: OF_VECTOR,
  scalar: signature(['vector'], 'scalar'),
  vector: signature(['scalar'], 'vector'),
  time: signature([], 'scalar'),
  label_replace: signature(['vector', 'string', 'string', 'string', 'string'], 'vector'),
  label_join: signature(['vector', 'string', 'string', 'string'], 'vector', 'many'),
};

/** Type of the leading parameter of each aggregation, null where it takes none. */
export const AGGREGATIONS: Readonly<Record<string, ValueType | null>> = {
  sum: null,
  avg: null,
  min: null,
  max: null,
  count: null,
  group: null,
  stddev: null,
  stdvar: null,
  topk: 'scalar',
  bottomk: 'scalar',
  quantile: 'scalar',
  count_values: 'string',
};

/** Everything this evaluator answers; anything else is refused as `bad_data`, never approximated. */
export const SUPPORTED = {
  functions: Object.keys(FUNCTIONS),
  aggregations: Object.keys(AGGREGATIONS),
  operators: ['+', '-', '*', '/', '%', '^', '==', '!=', '>', '<', '>=', '<=', 'and', 'or', 'unless'],
  modifiers: ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'bool', 'offset'],
  selectors: ['=', '!=', '=~', '!~', 'range [5m]', 'subquery [30m:1m]'],
} as const;
