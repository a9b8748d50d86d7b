import type { Expr } from './ast.ts';
import { executionError } from './errors.ts';
import { bucketQuantile } from './histogram.ts';
import type { Labels } from './labels.ts';
import { dropLabels, dropMetricName, labelsKey, METRIC_NAME, withLabel } from './labels.ts';
import type { Matcher } from './store.ts';
import { anchoredRegExp } from './store.ts';

/** One element of an instant vector. `sampleMs` is set on elements straight from a selector, for `timestamp()`. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly sampleMs?: number;
}

/** Functions that change each value by itself and drop the metric name; the other arguments are scalars. */
export const VALUE_FUNCTIONS: Readonly<Record<string, (value: number, ...scalars: number[]) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  round: (value, to = 1) => Math.floor(value * (1 / to) + 0.5) / (1 / to),
  clamp: (value, min = Number.NaN, max = Number.NaN) => Math.max(min, Math.min(max, value)),
  clamp_min: (value, min = Number.NaN) => Math.max(min, value),
  clamp_max: (value, max = Number.NaN) => Math.min(max, value),
};

export function mapValues(samples: readonly Sample[], change: (value: number) => number): Sample[] {
  return samples.map(({ labels, value }) => ({ labels: dropMetricName(labels), value: change(value) }));
}

/** sort and sort_desc; NaN goes last either way. */
export function sortSamples(samples: readonly Sample[], descending: boolean): Sample[] {
  return [...samples].sort((a, b) => {
    if (Number.isNaN(a.value) || Number.isNaN(b.value))
      return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
    return descending ? b.value - a.value || 0 : a.value - b.value || 0;
  });
}

/** histogram_quantile: one element for each label set without `le`. */
export function histogramQuantile(q: number, samples: readonly Sample[]): Sample[] {
  const histograms = new Map<string, { labels: Labels; buckets: { upperBound: number; count: number }[] }>();
  for (const { labels, value } of samples) {
    const upperBound = parseBound(labels.le);
    if (upperBound === null) continue;
    const rest = withoutBound(labels);
    const key = labelsKey(rest);
    let histogram = histograms.get(key);
    if (histogram === undefined) {
      histogram = { labels: rest, buckets: [] };
      histograms.set(key, histogram);
    }
    histogram.buckets.push({ upperBound, count: value });
  }
  return [...histograms.values()].map(({ labels, buckets }) => ({ labels, value: bucketQuantile(q, buckets) }));
}

// Asked for the same label sets at every step and query; kept by identity.
const withoutBounds = new WeakMap<Labels, Labels>();

/** The labels of the histogram to which a bucket belongs. */
export function withoutBound(labels: Labels): Labels {
  let rest = withoutBounds.get(labels);
  if (rest === undefined) {
    rest = dropLabels(labels, ['le', METRIC_NAME]);
    withoutBounds.set(labels, rest);
  }
  return rest;
}

/** The upper bound of a bucket; null when its `le` is missing or no number. */
export function parseBound(le: string | undefined): number | null {
  if (le === undefined || le === '') return null;
  if (/^\+?inf$/i.test(le)) return Number.POSITIVE_INFINITY;
  const bound = Number(le);
  return Number.isNaN(bound) ? null : bound;
}

export function labelReplace(samples: readonly Sample[], texts: readonly string[]): Sample[] {
  const [target = '', replacement = '', source = '', pattern = ''] = texts;
  let regExp: RegExp;
  try {
    regExp = anchoredRegExp(pattern);
  } catch {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
  requireLabelName(target, 'destination label name in label_replace()');
  return samples.map((sample) => {
    const match = regExp.exec(sample.labels[source] ?? '');
    if (match === null) return sample;
    return { ...sample, labels: withLabel(sample.labels, target, expandTemplate(replacement, match)) };
  });
}

// Go's Regexp.Expand: $1, $name and ${name}, `$$` for a dollar; a group that does not exist is empty.
function expandTemplate(template: string, match: RegExpExecArray): string {
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare?: string, braced?: string) => {
    if (whole === '$$') return '$';
    const group = bare ?? braced ?? '';
    return (/^\d+$/.test(group) ? match[Number(group)] : match.groups?.[group]) ?? '';
  });
}

export function labelJoin(samples: readonly Sample[], texts: readonly string[]): Sample[] {
  const [target = '', separator = '', ...sources] = texts;
  requireLabelName(target, 'destination label name in label_join()');
  for (const source of sources) requireLabelName(source, 'source label name in label_join()');
  return samples.map((sample) => {
    const joined = sources.map((source) => sample.labels[source] ?? '').join(separator);
    return { ...sample, labels: withLabel(sample.labels, target, joined) };
  });
}

function requireLabelName(name: string, what: string): void {
  if (!isLabelName(name)) throw executionError(`invalid ${what}: ${name}`);
}

export function isLabelName(name: string): boolean {
  return /^[a-zA-Z_]\w*$/.test(name);
}

/** The labels that absent() can vouch for: those the selector demands by a single equality. */
export function labelsOfAbsent(expr: Expr): Labels {
  const inner = expr.kind === 'paren' ? expr.expr : expr;
  const selector = inner.kind === 'range-selector' ? inner.vector : inner;
  if (selector.kind !== 'vector-selector') return {};
  const named = selector.matchers.filter((matcher) => matcher.name !== METRIC_NAME);
  const sole = (matcher: Matcher) => named.filter((other) => other.name === matcher.name).length === 1;
  return Object.fromEntries(
    named
      .filter((matcher) => matcher.operator === '=' && matcher.value !== '' && sole(matcher))
      .map((matcher) => [matcher.name, matcher.value]),
  );
}
