import type { Labels } from './labels.ts';
import { labelsKey } from './labels.ts';
import type { Series } from './store.ts';
import type { Sample } from './vector-functions.ts';

/** One series of a range query: a value for every step, of which only those count whose `present` is 1. */
export interface Column {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/**
 * A vector at every step. Several columns may have equal labels, but no two of them are present at one step.
 * `ordered` says that the elements of every step come in the order of the columns: sums depend on it in the last bit.
 */
export interface Columns {
  readonly columns: readonly Column[];
  readonly ordered: boolean;
}

export function emptyColumn(labels: Labels, steps: number): Column {
  if (used + steps > block.values.length) {
    const size = Math.max(steps, BLOCK_CELLS);
    block = { values: new Float64Array(size), present: new Uint8Array(size) };
    used = 0;
  }
  const [from, until] = [used, used + steps];
  used = until;
  return { labels, values: block.values.subarray(from, until), present: block.present.subarray(from, until) };
}

// Thousands of small buffers cost more than what is calculated in them, so columns are cut from larger ones, each cell
// given out once.
const BLOCK_CELLS = 32_768;
let block = { values: new Float64Array(0), present: new Uint8Array(0) };
let used = 0;

export function isEmpty({ present }: Column): boolean {
  return present.indexOf(1) === -1;
}

/** Whether no two columns that `keyOf` calls the same are present at one step. */
export function isDisjoint(columns: readonly Column[], keyOf = (column: Column) => labelsKey(column.labels)): boolean {
  const taken = new Map<string, Uint8Array>();
  for (const column of columns) {
    const key = keyOf(column);
    const before = taken.get(key);
    if (before === undefined) {
      taken.set(key, column.present);
      continue;
    }
    const both = Uint8Array.from(before);
    for (let i = 0; i < both.length; i++) {
      if (column.present[i] === 0) continue;
      if (both[i] === 1) return false;
      both[i] = 1;
    }
    taken.set(key, both);
  }
  return true;
}

/** The elements at one step of a vector whose columns are ordered. */
export function samplesAt(columns: readonly Column[], step: number): Sample[] {
  const samples: Sample[] = [];
  for (const { labels, values, present } of columns) {
    if (present[step] === 1) samples.push({ labels, value: values[step] as number });
  }
  return samples;
}

/** The columns as series, those of equal labels joined, in the order in which they appeared. */
export function seriesOf(columns: readonly Column[], timesMs: Float64Array): Series[] {
  const first = new Map(columns.map((column) => [column, column.present.indexOf(1)]));
  const appearing = columns
    .filter((column) => first.get(column) !== -1)
    .sort((a, b) => (first.get(a) ?? 0) - (first.get(b) ?? 0));
  const groups = new Map<string, Column[]>();
  for (const column of appearing) {
    const key = labelsKey(column.labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [column]);
    else group.push(column);
  }
  return [...groups.values()].map((group) => joined(group, timesMs));
}

function joined(group: readonly Column[], timesMs: Float64Array): Series {
  const times: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < timesMs.length; i++) {
    for (const column of group) {
      if (column.present[i] === 0) continue;
      times.push(timesMs[i] as number);
      values.push(column.values[i] as number);
    }
  }
  return { labels: (group[0] as Column).labels, times, values };
}
