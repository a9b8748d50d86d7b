import { refuse } from './api-errors.ts';
import type { ClusterObject } from './objects.ts';

/** Label selectors with =, ==, !=, in, notin, exists and !exists; field selectors with =, == and !=. */
export function selects(query: URLSearchParams): (object: ClusterObject) => boolean {
  const byLabel = labelRequirements(query.get('labelSelector') ?? '');
  const byField = fieldRequirements(query.get('fieldSelector') ?? '');
  return (object) =>
    byLabel.every((fits) => fits(object.metadata.labels ?? {})) && byField.every((fits) => fits(object));
}

type LabelRequirement = (labels: Readonly<Record<string, string>>) => boolean;

function labelRequirements(text: string): LabelRequirement[] {
  // Commas inside the parentheses of "in (a,b)" do not separate requirements.
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(labelRequirement);
}

function labelRequirement(text: string): LabelRequirement {
  const set = /^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', op, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => values.includes(labels[key] ?? '\0') === (op === 'in');
  }
  const equal = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(text);
  if (equal !== null) {
    const [, key = '', op, value = ''] = equal;
    return (labels) => (labels[key] === value) === (op !== '!=');
  }
  const exists = /^(!?)\s*([\w./-]+)$/.exec(text);
  if (exists !== null) return (labels) => Object.hasOwn(labels, exists[2] ?? '') === (exists[1] === '');
  return refuse('BadRequest', `unable to parse requirement: ${text}`);
}

function fieldRequirements(text: string): ((object: ClusterObject) => boolean)[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const match = /^([\w.]+)(==|=|!=)(.*)$/.exec(part.trim());
      if (match === null) return refuse('BadRequest', `invalid selector: '${part}'; can't understand '${part}'`);
      const [, path = '', op, value = ''] = match;
      return (object) => (String(fieldOf(object, path) ?? '') === value) === (op !== '!=');
    });
}

function fieldOf(object: ClusterObject, path: string): unknown {
  let value: unknown = object;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
