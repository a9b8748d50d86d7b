import type { Binary, BinaryOperator, VectorMatching } from './ast.ts';
import { COMPARISONS } from './ast.ts';
import { executionError } from './errors.ts';
import type { Labels } from './labels.ts';
import { dropLabels, dropMetricName, keepLabels, labelsKey, labelsText, METRIC_NAME, withLabel } from './labels.ts';
import type { Sample } from './vector-functions.ts';

export function scalarBinary(node: Binary, left: number, right: number): number {
  return COMPARISONS.has(node.operator)
    ? Number(compare(node.operator, left, right))
    : arithmetic(node.operator, left, right);
}

/** Between a vector and a scalar. `scalarFirst` says that the scalar stands on the left. */
export function vectorScalarBinary(
  node: Binary,
  samples: readonly Sample[],
  scalar: number,
  scalarFirst: boolean,
): Sample[] {
  const out: Sample[] = [];
  for (const { labels, value } of samples) {
    const [left, right] = scalarFirst ? [scalar, value] : [value, scalar];
    if (!COMPARISONS.has(node.operator)) {
      out.push({ labels: dropMetricName(labels), value: arithmetic(node.operator, left, right) });
      continue;
    }
    const holds = compare(node.operator, left, right);
    if (node.returnBool) out.push({ labels: dropMetricName(labels), value: Number(holds) });
    else if (holds) out.push({ labels, value });
  }
  return out;
}

export function setBinary(node: Binary, left: readonly Sample[], right: readonly Sample[]): Sample[] {
  const signature = (sample: Sample) => matchKey(node.matching, sample.labels);
  const rightKeys = new Set(right.map(signature));
  if (node.operator === 'and') return left.filter((sample) => rightKeys.has(signature(sample)));
  if (node.operator === 'unless') return left.filter((sample) => !rightKeys.has(signature(sample)));
  const leftKeys = new Set(left.map(signature));
  return [...left, ...right.filter((sample) => !leftKeys.has(signature(sample)))];
}

/** Arithmetic or comparison between two vectors, after VectorBinop of Prometheus 2.42. */
export function vectorBinary(node: Binary, left: readonly Sample[], right: readonly Sample[]): Sample[] {
  const { matching } = node;
  const swapped = matching.card === 'one-to-many';
  const [many, one] = swapped ? [right, left] : [left, right];
  if (many.length === 0 || one.length === 0) return [];
  const ones = indexOnes(matching, one, swapped);
  const seen = new Map<string, Set<string>>();
  const out: Sample[] = [];
  for (const sample of many) {
    const key = matchKey(matching, sample.labels);
    const partner = ones.get(key);
    if (partner === undefined) continue;
    const [l, r] = swapped ? [partner.value, sample.value] : [sample.value, partner.value];
    const compares = COMPARISONS.has(node.operator);
    const holds = compares && compare(node.operator, l, r);
    if (compares && !holds && !node.returnBool) continue;
    const value = !compares ? arithmetic(node.operator, l, r) : node.returnBool ? Number(holds) : l;
    const labels = resultLabels(node, sample.labels, partner.labels);
    requireUnique(matching, seen, key, labels);
    out.push({ labels, value });
  }
  return out;
}

function indexOnes(matching: VectorMatching, one: readonly Sample[], swapped: boolean): Map<string, Sample> {
  const ones = new Map<string, Sample>();
  for (const sample of one) {
    const key = matchKey(matching, sample.labels);
    const other = ones.get(key);
    if (other !== undefined) {
      const side = swapped ? 'left' : 'right';
      const group = labelsText(
        keepLabels(sample.labels, matching.on ? matching.labels : Object.keys(matchLabels(matching, sample.labels))),
      );
      throw executionError(
        `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
          `[${labelsText(sample.labels)}, ${labelsText(other.labels)}];` +
          'many-to-many matching not allowed: matching labels must be unique on one side',
      );
    }
    ones.set(key, sample);
  }
  return ones;
}

function requireUnique(matching: VectorMatching, seen: Map<string, Set<string>>, key: string, labels: Labels): void {
  const results = seen.get(key);
  if (results === undefined) {
    seen.set(key, new Set([labelsKey(labels)]));
    return;
  }
  if (matching.card === 'one-to-one') {
    throw executionError('multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)');
  }
  if (results.has(labelsKey(labels))) {
    throw executionError('multiple matches for labels: grouping labels must ensure unique matches');
  }
  results.add(labelsKey(labels));
}

const signatures = new WeakMap<VectorMatching, WeakMap<Labels, string>>();

export function matchKey(matching: VectorMatching, labels: Labels): string {
  let known = signatures.get(matching);
  if (known === undefined) {
    known = new WeakMap();
    signatures.set(matching, known);
  }
  let key = known.get(labels);
  if (key === undefined) {
    key = labelsKey(matchLabels(matching, labels));
    known.set(labels, key);
  }
  return key;
}

function matchLabels(matching: VectorMatching, labels: Labels): Labels {
  return matching.on ? keepLabels(labels, matching.labels) : dropLabels(labels, [...matching.labels, METRIC_NAME]);
}

export function resultLabels(node: Binary, many: Labels, one: Labels): Labels {
  const { matching } = node;
  let labels = COMPARISONS.has(node.operator) && !node.returnBool ? many : dropMetricName(many);
  if (matching.card === 'one-to-one') {
    labels = matching.on ? keepLabels(labels, matching.labels) : dropLabels(labels, matching.labels);
  }
  for (const name of matching.include) labels = withLabel(labels, name, one[name] ?? '');
  return labels;
}

export function compare(operator: BinaryOperator, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '>':
      return left > right;
    case '<':
      return left < right;
    case '>=':
      return left >= right;
    case '<=':
      return left <= right;
    default:
      throw executionError(`operator ${JSON.stringify(operator)} does not compare`);
  }
}

export function arithmetic(operator: BinaryOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      // Go's Pow says 1 where JavaScript says NaN.
      return left === 1 || (left === -1 && Math.abs(right) === Number.POSITIVE_INFINITY) ? 1 : left ** right;
    default:
      throw executionError(`operator ${JSON.stringify(operator)} does not calculate`);
  }
}
