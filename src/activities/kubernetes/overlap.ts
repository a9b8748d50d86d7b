import { canonicalJson } from '../../domain/canonical-json.ts';

/**
 * The part of `live` that `pattern` speaks of, with live's values: what a change of these fields has to remember in order
 * to be taken back, and what has to read back afterwards. Items of a list are found by their name; a list without names
 * is one value. Undefined when live has none of it.
 */
export function overlapOf(live: unknown, pattern: unknown): unknown {
  if (live === undefined) return undefined;
  if (Array.isArray(pattern)) return overlapOfLists(live, pattern as readonly unknown[]);
  if (!isObject(pattern) || !isObject(live)) return live;
  const common = Object.entries(pattern).flatMap(([key, value]) => {
    const found = overlapOf(live[key], value);
    return found === undefined ? [] : [[key, found] as const];
  });
  return Object.fromEntries(common);
}

export function sameJson(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

function overlapOfLists(live: unknown, pattern: readonly unknown[]): unknown {
  if (!Array.isArray(live) || !pattern.every((one) => nameOf(one) !== null)) return live;
  return pattern.flatMap((wanted) => {
    const found = (live as readonly unknown[]).find((one) => nameOf(one) === nameOf(wanted));
    return found === undefined ? [] : [overlapOf(found, wanted)];
  });
}

function nameOf(item: unknown): string | null {
  return isObject(item) && typeof item.name === 'string' ? item.name : null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
