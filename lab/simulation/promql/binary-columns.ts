import type { Binary } from './ast.ts';
import { COMPARISONS, SET_OPERATORS } from './ast.ts';
import { arithmetic, compare, matchKey, resultLabels } from './binary.ts';
import type { Column, Columns } from './columns.ts';
import { emptyColumn, isDisjoint, isEmpty } from './columns.ts';
import { dropMetricName } from './labels.ts';

/** Between a vector and a scalar at every step. `scalarFirst` says that the scalar stands on the left. */
export function columnsScalar(node: Binary, input: Columns, scalars: Float64Array, scalarFirst: boolean): Columns {
  const keepsName = COMPARISONS.has(node.operator) && !node.returnBool;
  const columns = input.columns.map((column) => {
    const result = emptyColumn(keepsName ? column.labels : dropMetricName(column.labels), scalars.length);
    const other: Column = { labels: column.labels, values: scalars, present: column.present };
    if (scalarFirst) combine(node, other, column, result, column.values);
    else combine(node, column, other, result, column.values);
    return result;
  });
  return { columns: columns.filter((column) => !isEmpty(column)), ordered: input.ordered };
}

/**
 * Between two vectors at every step. Label sets find each other once for the whole range. Null where two partners are
 * there at one step: that is an error, and the step-wise evaluation says which.
 */
export function columnsColumns(node: Binary, left: Columns, right: Columns, steps: number): Columns | null {
  if (SET_OPERATORS.has(node.operator)) return setColumns(node, left, right, steps);
  const { matching } = node;
  const swapped = matching.card === 'one-to-many';
  const [many, one] = swapped ? [right, left] : [left, right];
  const keyOf = (column: Column) => matchKey(matching, column.labels);
  if (!isDisjoint(one.columns, keyOf)) return null;
  const partners = byKey(one.columns, keyOf);
  const columns: Column[] = [];
  const keys = new Map<Column, string>();
  for (const column of many.columns) {
    const key = keyOf(column);
    for (const partner of partners.get(key) ?? []) {
      const result = emptyColumn(resultLabels(node, column.labels, partner.labels), steps);
      const [l, r] = swapped ? [partner, column] : [column, partner];
      combine(node, l, r, result, l.values);
      if (isEmpty(result)) continue;
      columns.push(result);
      keys.set(result, key);
    }
  }
  if (matching.card === 'one-to-one' && !isDisjoint(columns, (column) => keys.get(column) ?? '')) return null;
  return { columns, ordered: many.ordered };
}

/** Fills `result` where both sides are present; a comparison that filters passes on `kept`. */
function combine(node: Binary, left: Column, right: Column, result: Column, kept: Float64Array): void {
  const { operator, returnBool } = node;
  const compares = COMPARISONS.has(operator);
  for (let i = 0; i < kept.length; i++) {
    if (left.present[i] === 0 || right.present[i] === 0) continue;
    const l = left.values[i] as number;
    const r = right.values[i] as number;
    if (!compares) result.values[i] = arithmetic(operator, l, r);
    else if (returnBool) result.values[i] = Number(compare(operator, l, r));
    else if (compare(operator, l, r)) result.values[i] = kept[i] as number;
    else continue;
    result.present[i] = 1;
  }
}

function setColumns(node: Binary, left: Columns, right: Columns, steps: number): Columns {
  const keyOf = (column: Column) => matchKey(node.matching, column.labels);
  const masks = (columns: readonly Column[]) => {
    const found = new Map<string, Uint8Array>();
    for (const [key, group] of byKey(columns, keyOf)) {
      const mask = new Uint8Array(steps);
      for (const { present } of group) {
        for (let i = 0; i < steps; i++) if (present[i] === 1) mask[i] = 1;
      }
      found.set(key, mask);
    }
    return found;
  };
  const kept = (column: Column, mask: Uint8Array | undefined, wanted: 0 | 1): Column => {
    if (mask === undefined && wanted === 0) return column;
    const present = column.present.map((is, i) => (is === 1 && (mask?.[i] ?? 0) === wanted ? 1 : 0));
    return { ...column, present };
  };
  const filtered = (columns: readonly Column[], by: Map<string, Uint8Array>, wanted: 0 | 1) =>
    columns.map((column) => kept(column, by.get(keyOf(column)), wanted)).filter((column) => !isEmpty(column));
  if (node.operator !== 'or') {
    const columns = filtered(left.columns, masks(right.columns), node.operator === 'and' ? 1 : 0);
    return { columns, ordered: left.ordered };
  }
  const added = filtered(right.columns, masks(left.columns), 0);
  return { columns: [...left.columns, ...added], ordered: left.ordered && right.ordered };
}

function byKey(columns: readonly Column[], keyOf: (column: Column) => string): Map<string, Column[]> {
  const groups = new Map<string, Column[]>();
  for (const column of columns) {
    const key = keyOf(column);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [column]);
    else group.push(column);
  }
  return groups;
}
