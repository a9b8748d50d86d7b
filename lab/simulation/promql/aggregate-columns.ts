import { groupLabels } from './aggregate.ts';
import type { Aggregate } from './ast.ts';
import type { Column, Columns } from './columns.ts';
import { emptyColumn } from './columns.ts';
import { bucketQuantile } from './histogram.ts';
import type { Labels } from './labels.ts';
import { labelsKey } from './labels.ts';
import { parseBound, withoutBound } from './vector-functions.ts';

interface Group {
  readonly labels: Labels;
  readonly members: Column[];
  /** Index of the first member that is present at each step; this is what the order of groups goes by. */
  readonly firstMember: Int32Array;
}

/** Aggregates every step at once; null for operators and inputs that must be looked at step by step. */
export function aggregateColumns(node: Aggregate, input: Columns, steps: number): Columns | null {
  if (!input.ordered && node.operator !== 'count' && node.operator !== 'group') return null;
  if (!(node.operator in REDUCTIONS) && node.operator !== 'count' && node.operator !== 'group') return null;
  const groups = grouped(input.columns, (labels) => groupLabels(node, labels), steps);
  const columns = groups.map((group) => reduced(node.operator, group, steps));
  return { columns, ordered: groups.length <= 1 || (input.ordered && keepsOrder(groups, steps)) };
}

/** histogram_quantile at every step; null where equal bounds could be added up in more than one order. */
export function histogramColumns(qs: Float64Array, input: Columns, steps: number): Columns | null {
  const buckets = input.columns.filter(({ labels }) => parseBound(labels.le) !== null);
  const groups = grouped(buckets, withoutBound, steps);
  const columns: Column[] = [];
  for (const group of groups) {
    const bounded = group.members
      .map((column) => ({ column, upperBound: parseBound(column.labels.le) as number }))
      .sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
    const distinct = new Set(bounded.map(({ upperBound }) => upperBound)).size === bounded.length;
    if (!input.ordered && !distinct) return null;
    const result = emptyColumn(group.labels, steps);
    for (let i = 0; i < steps; i++) {
      const present: { upperBound: number; count: number }[] = [];
      for (const { column, upperBound } of bounded) {
        if (column.present[i] === 1) present.push({ upperBound, count: column.values[i] as number });
      }
      if (present.length === 0) continue;
      result.values[i] = bucketQuantile(qs[i] as number, present);
      result.present[i] = 1;
    }
    columns.push(result);
  }
  return { columns, ordered: groups.length <= 1 || (input.ordered && keepsOrder(groups, steps)) };
}

function grouped(columns: readonly Column[], labelsOf: (labels: Labels) => Labels, steps: number): Group[] {
  const groups = new Map<string, Group>();
  for (const [index, column] of columns.entries()) {
    const labels = labelsOf(column.labels);
    const key = labelsKey(labels);
    let group = groups.get(key);
    if (group === undefined) {
      group = { labels, members: [], firstMember: new Int32Array(steps).fill(-1) };
      groups.set(key, group);
    }
    group.members.push(column);
    const { firstMember } = group;
    for (let i = 0; i < steps; i++) {
      if (column.present[i] === 1 && firstMember[i] === -1) firstMember[i] = index;
    }
  }
  return [...groups.values()];
}

/** Whether at every step the groups come in the same order, although members come and go. */
function keepsOrder(groups: readonly Group[], steps: number): boolean {
  const latest = new Int32Array(steps).fill(-1);
  for (const { firstMember } of groups) {
    for (let i = 0; i < steps; i++) {
      const index = firstMember[i] as number;
      if (index === -1) continue;
      if (index < (latest[i] as number)) return false;
      latest[i] = index;
    }
  }
  return true;
}

/** How one more value changes the result so far; `count` includes the new value, which is not the first. */
type Reduction = (before: number, value: number, count: number) => number;

// The same steps in the same order as in ./aggregate.ts, so that results are equal to the last bit.
const REDUCTIONS: Readonly<Partial<Record<Aggregate['operator'], Reduction>>> = {
  sum: (sum, value) => sum + value,
  min: (min, value) => (min > value || Number.isNaN(min) ? value : min),
  max: (max, value) => (max < value || Number.isNaN(max) ? value : max),
  avg: (mean, value, count) => {
    const infinite = !Number.isFinite(mean) && !Number.isNaN(mean);
    if (infinite && (value === mean || Number.isFinite(value))) return mean;
    return mean + (value / count - mean / count);
  },
};

function reduced(operator: Aggregate['operator'], { labels, members }: Group, steps: number): Column {
  const result = emptyColumn(labels, steps);
  const { values: totals, present } = result;
  const counts = new Int32Array(steps);
  const reduce = REDUCTIONS[operator];
  for (const member of members) {
    for (let i = 0; i < steps; i++) {
      if (member.present[i] === 0) continue;
      present[i] = 1;
      const count = (counts[i] as number) + 1;
      counts[i] = count;
      const value = member.values[i] as number;
      if (reduce !== undefined) totals[i] = count === 1 ? value : reduce(totals[i] as number, value, count);
    }
  }
  if (operator === 'count') totals.set(counts);
  if (operator === 'group') totals.set(present);
  return result;
}
