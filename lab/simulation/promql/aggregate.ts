import type { Aggregate } from './ast.ts';
import { executionError } from './errors.ts';
import type { Labels } from './labels.ts';
import { dropLabels, keepLabels, labelsKey, METRIC_NAME, withLabel } from './labels.ts';
import { formatValue } from './literals.ts';
import { quantile } from './range-functions.ts';
import type { Sample } from './vector-functions.ts';
import { isLabelName } from './vector-functions.ts';

interface Group {
  readonly labels: Labels;
  readonly samples: Sample[];
}

/** Largest k of topk and bottomk; beyond it Go's int64 conversion fails. */
const MAX_K = 2 ** 63;

/** Aggregates one instant vector; groups come out in the order in which they were first met. */
export function aggregate(node: Aggregate, samples: readonly Sample[], param: number | string | null): Sample[] {
  if (node.operator === 'count_values') return countValues(node, samples, String(param));
  const groups = groupBy(samples, (sample) => groupLabels(node, sample.labels));
  if (node.operator === 'topk' || node.operator === 'bottomk') {
    const k = limit(Number(param));
    return [...groups.values()].flatMap((group) => extremes(group.samples, k, node.operator === 'topk'));
  }
  return [...groups.values()].map(({ labels, samples: members }) => ({
    labels,
    value: reduce(
      node,
      members.map((member) => member.value),
      Number(param),
    ),
  }));
}

function reduce(node: Aggregate, values: readonly number[], param: number): number {
  switch (node.operator) {
    case 'sum':
      return values.reduce((sum, value) => sum + value);
    case 'avg':
      return average(values);
    case 'min':
      return values.reduce((min, value) => (min > value || Number.isNaN(min) ? value : min));
    case 'max':
      return values.reduce((max, value) => (max < value || Number.isNaN(max) ? value : max));
    case 'count':
      return values.length;
    case 'group':
      return 1;
    case 'stddev':
      return Math.sqrt(variance(values));
    case 'stdvar':
      return variance(values);
    case 'quantile':
      return quantile(param, values);
    case 'topk':
    case 'bottomk':
    case 'count_values':
      throw executionError(`${node.operator} does not reduce a group to one value`);
  }
}

// Divided before adding, as Prometheus does, so that large values do not overflow.
function average(values: readonly number[]): number {
  let mean = 0;
  let count = 0;
  for (const value of values) {
    count += 1;
    const infinite = !Number.isFinite(mean) && !Number.isNaN(mean);
    if (infinite && (value === mean || Number.isFinite(value))) continue;
    mean = count === 1 ? value : mean + (value / count - mean / count);
  }
  return mean;
}

function variance(values: readonly number[]): number {
  let mean = values[0] as number;
  let squares = 0;
  for (let i = 1; i < values.length; i++) {
    const delta = (values[i] as number) - mean;
    mean += delta / (i + 1);
    squares += delta * ((values[i] as number) - mean);
  }
  return squares / values.length;
}

function limit(k: number): number {
  if (Number.isNaN(k) || Math.abs(k) >= MAX_K) throw executionError(`Scalar value ${formatValue(k)} overflows int64`);
  return Math.max(0, Math.trunc(k));
}

function extremes(samples: readonly Sample[], k: number, top: boolean): Sample[] {
  return [...samples]
    .sort((a, b) => {
      if (Number.isNaN(a.value) || Number.isNaN(b.value)) {
        return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
      }
      if (a.value === b.value) return 0;
      return a.value > b.value === top ? -1 : 1;
    })
    .slice(0, k);
}

function countValues(node: Aggregate, samples: readonly Sample[], label: string): Sample[] {
  if (!isLabelName(label)) throw executionError(`invalid label name ${JSON.stringify(label)}`);
  const groups = groupBy(samples, (sample) => {
    const marked = withLabel(sample.labels, label, formatValue(sample.value));
    return groupLabels(node.without ? node : { ...node, grouping: [...node.grouping, label] }, marked);
  });
  return [...groups.values()].map((group) => ({ labels: group.labels, value: group.samples.length }));
}

// A grouping is asked for the same label sets at every step and query, so its answers are kept by identity,
// and equal answers are one object, so that groups are told apart without comparing texts.
interface Grouping {
  readonly ofLabels: WeakMap<Labels, Labels>;
  readonly distinct: Map<string, Labels>;
}
const groupings = new WeakMap<readonly string[], Grouping>();
const MAX_DISTINCT_GROUPS = 10_000;

/** The label set of the group to which a series belongs; the same object for every member of one group. */
export function groupLabels(node: Pick<Aggregate, 'grouping' | 'without'>, labels: Labels): Labels {
  if (!node.without && node.grouping.length === 0) return NO_LABELS;
  let known = groupings.get(node.grouping);
  if (known === undefined || known.distinct.size > MAX_DISTINCT_GROUPS) {
    known = { ofLabels: new WeakMap(), distinct: new Map() };
    groupings.set(node.grouping, known);
  }
  let grouped = known.ofLabels.get(labels);
  if (grouped === undefined) {
    const made = node.without ? dropLabels(labels, [...node.grouping, METRIC_NAME]) : keepLabels(labels, node.grouping);
    const key = labelsKey(made);
    grouped = known.distinct.get(key) ?? made;
    known.distinct.set(key, grouped);
    known.ofLabels.set(labels, grouped);
  }
  return grouped;
}

const NO_LABELS: Labels = {};

function groupBy(samples: readonly Sample[], labelsOf: (sample: Sample) => Labels): Map<string, Group> {
  const groups = new Map<string, Group>();
  const found = new Map<Labels, Group>();
  for (const sample of samples) {
    const labels = labelsOf(sample);
    let group = found.get(labels);
    if (group === undefined) {
      const key = labelsKey(labels);
      group = groups.get(key) ?? { labels, samples: [] };
      groups.set(key, group);
      found.set(labels, group);
    }
    group.samples.push(sample);
  }
  return groups;
}
