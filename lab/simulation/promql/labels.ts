/** A label set; an absent label and an empty one are the same thing, as in Prometheus. Treated as immutable. */
export type Labels = Readonly<Record<string, string>>;

export const METRIC_NAME = '__name__';

const EMPTY: Labels = {};
const keys = new WeakMap<Labels, string>();
const orderTexts = new WeakMap<Labels, string>();
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
  const left = orderText(a);
  const right = orderText(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A text that sorts as its label set does: the separators come before every character of a name or value. */
function orderText(labels: Labels): string {
  let text = orderTexts.get(labels);
  if (text === undefined) {
    text = sortedEntries(labels)
      .map(([name, value]) => `${name}\u0001${value}`)
      .join('\u0000');
    orderTexts.set(labels, text);
  }
  return text;
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

function sortedEntries(labels: Labels): [string, string][] {
  return Object.entries(labels)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

// Object.fromEntries defines own properties, so a label called `__proto__` stays a label.
function fromEntries(entries: readonly (readonly [string, string])[]): Labels {
  return entries.length === 0 ? EMPTY : Object.fromEntries(entries);
}
