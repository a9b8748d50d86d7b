import type { Labels } from './labels.ts';
import { compareLabels, labelsKey } from './labels.ts';
import type { Series } from './store.ts';

/** Samples that arrive one by one, collected by label set in the order of their first appearance. */
export class JoinedSeries {
  readonly #series = new Map<string, { labels: Labels; times: number[]; values: number[] }>();

  add(labels: Labels, atMs: number, value: number): void {
    const key = labelsKey(labels);
    let one = this.#series.get(key);
    if (one === undefined) {
      one = { labels, times: [], values: [] };
      this.#series.set(key, one);
    }
    one.times.push(atMs);
    one.values.push(value);
  }

  all(): Series[] {
    return [...this.#series.values()];
  }
}

export function isSorted(series: readonly Series[]): boolean {
  return series.every((one, i) => i === 0 || compareLabels((series[i - 1] as Series).labels, one.labels) <= 0);
}
