/** A label set; an absent label and an empty one are the same thing, as in Prometheus. Treated as immutable. */
export type Labels = Readonly<Record<string, string>>;

export const METRIC_NAME = '__name__';

const EMPTY: Labels = {};
const keys = new WeakMap<Labels, string>();
const entries = new WeakMap<Labels, readonly (readonly [string, string])[]>();
const withoutName = new WeakMap<Labels, Labels>();

/** Identity of a label set, the same for equal sets whatever their insertion order. Cached, since labels never change. */
export function labelsKey(labels: Labels): string {
  let key = keys.get(labels);
  if (key === undefined) {
    key = JSON.stringify(sortedEntries(labels));
    keys.set(labels, key);
  }
  return key;
}

/** Prometheus's order of label sets: name, then value, pair by pair; a prefix comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  const left = sortedEntries(a);
  const right = sortedEntries(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [leftName, leftValue] = left[i] as readonly [string, string];
    const [rightName, rightValue] = right[i] as readonly [string, string];
    if (leftName !== rightName) return leftName < rightName ? -1 : 1;
    if (leftValue !== rightValue) return leftValue < rightValue ? -1 : 1;
  }
  return left.length - right.length;
}

/** The set without its metric name; the same object for the same input, so that caches by identity keep working. */
export function dropMetricName(labels: Labels): Labels {
  if (labels[METRIC_NAME] === undefined) return labels;
  let dropped = withoutName.get(labels);
  if (dropped === undefined) {
    dropped = dropLabels(labels, [METRIC_NAME]);
    withoutName.set(labels, dropped);
  }
  return dropped;
}

export function keepLabels(labels: Labels, names: readonly string[]): Labels {
  return fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}

export function dropLabels(labels: Labels, names: readonly string[]): Labels {
  return fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

/** The set with one label changed; an empty value removes it. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const rest = Object.entries(labels).filter(([other]) => other !== name);
  return fromEntries(value === '' ? rest : [...rest, [name, value]]);
}

/** `{a="b", c="d"}`, the metric name among them, as Go prints a label set. */
export function labelsText(labels: Labels): string {
  return `{${sortedEntries(labels)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(', ')}}`;
}

/** Cached: sets are compared far more often than they are made, and they never change. */
function sortedEntries(labels: Labels): readonly (readonly [string, string])[] {
  let sorted = entries.get(labels);
  if (sorted === undefined) {
    sorted = Object.entries(labels)
      .filter(([, value]) => value !== '')
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    entries.set(labels, sorted);
  }
  return sorted;
}

// Object.fromEntries defines own properties, so a label called `__proto__` stays a label.
function fromEntries(entries: readonly (readonly [string, string])[]): Labels {
  return entries.length === 0 ? EMPTY : Object.fromEntries(entries);
}
