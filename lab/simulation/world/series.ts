import { compareLabels } from '../promql/labels.ts';
import type { Series, SeriesMatcher, SeriesSource } from './api.ts';
import { Column, type Rows, type UserShares } from './recording.ts';

/** One time series: it knows how to work out its samples and does so only once it is asked for. */
export class StoredSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly firstScrape: number;
  /** Scrapes at which the target was found gone: Prometheus writes a staleness marker there. */
  staleScrapes: number[] = [];
  readonly #column = new Column();
  readonly #fill: (column: Column) => void;

  constructor(labels: Readonly<Record<string, string>>, firstScrape: number, fill: (column: Column) => void) {
    this.labels = labels;
    this.firstScrape = firstScrape;
    this.#fill = fill;
  }

  samples(): Column {
    this.#fill(this.#column);
    return this.#column;
  }
}

/** A column of a process's rows; counters are whole numbers, as a Node process exports them. */
export function columnSeries(
  labels: Readonly<Record<string, string>>,
  rows: Rows,
  value: (row: number) => number,
): StoredSeries {
  return new StoredSeries(labels, rows.firstScrape, (column) => {
    while (column.length < rows.count) column.push(value(column.length));
  });
}

/** A process's counter split by user: each takes its share of what was added between two scrapes. */
export function userSeries(
  labels: Readonly<Record<string, string>>,
  rows: Rows,
  counter: number,
  user: {
    readonly index: number;
    readonly shares: readonly UserShares[];
    readonly firstScrape: number;
    readonly phase: number;
  },
): StoredSeries {
  const skipped = user.firstScrape - rows.firstScrape;
  let sum = 0;
  let epoch = 0;
  return new StoredSeries(labels, user.firstScrape, (column) => {
    while (column.length + skipped < rows.count) {
      const row = column.length + skipped;
      while ((user.shares[epoch + 1]?.fromScrape ?? Number.POSITIVE_INFINITY) <= row + rows.firstScrape) epoch++;
      const now = rows.at(row, counter);
      const before = row === 0 ? 0 : rows.at(row - 1, counter);
      // A counter that fell belongs to a restarted container: it began again from nothing.
      const restarted = now < before;
      const starting = column.length === 0 && row > 0;
      const added = starting ? 0 : restarted ? now : now - before;
      sum = (restarted ? 0 : sum) + added * (user.shares[epoch]?.shares[user.index] ?? 0);
      column.push(Math.floor(sum + user.phase));
    }
  });
}

/** All series of the world. Selections that were made before cost next to nothing. */
export class SeriesStore implements SeriesSource {
  readonly #byName = new Map<string, StoredSeries[]>();
  readonly #remembered = new Map<string, { readonly of: number; readonly found: readonly StoredSeries[] }>();
  readonly #times = new Column();
  #count = 0;

  add(series: StoredSeries): void {
    const name = series.labels.__name__ ?? '';
    const others = this.#byName.get(name);
    if (others === undefined) this.#byName.set(name, [series]);
    else others.push(series);
    this.#count++;
  }

  get seriesCount(): number {
    return this.#count;
  }

  /** Every scrape is told once, in order. */
  scraped(atMs: number): void {
    this.#times.push(atMs);
  }

  get scrapes(): number {
    return this.#times.length;
  }

  scrapeAtMs(scrape: number): number {
    return this.#times.at(scrape);
  }

  /** Samples with `fromMs` ≤ time ≤ `toMs`; series without any in there are left out. */
  select(matchers: readonly SeriesMatcher[], fromMs: number, toMs: number): Series[] {
    const from = this.#firstAtOrAfter(fromMs);
    const until = this.#firstAtOrAfter(toMs + 1);
    const selected: Series[] = [];
    let times = this.#times.window(0, 0);
    let timesStart = 0;
    let timesEnd = 0;
    for (const series of this.#matching(matchers)) {
      const samples = series.samples();
      const start = Math.max(from, series.firstScrape);
      const end = Math.min(until, series.firstScrape + samples.length);
      if (start >= end) continue;
      // Most series share their instants: one array for all of them is quicker, and tells the reader so.
      if (start !== timesStart || end !== timesEnd) {
        times = this.#times.window(start, end);
        timesStart = start;
        timesEnd = end;
      }
      const { labels } = series;
      const values = samples.window(start - series.firstScrape, end - series.firstScrape);
      const staleTimes = this.#staleTimes(series, fromMs, toMs);
      selected.push(staleTimes.length > 0 ? { labels, times, values, staleTimes } : { labels, times, values });
    }
    return selected;
  }

  #staleTimes({ staleScrapes }: StoredSeries, fromMs: number, toMs: number): readonly number[] {
    if (staleScrapes.length === 0) return staleScrapes;
    return staleScrapes.map((scrape) => this.#times.at(scrape)).filter((at) => at >= fromMs && at <= toMs);
  }

  #matching(matchers: readonly SeriesMatcher[]): readonly StoredSeries[] {
    const key = matchers.map((one) => `${one.name}${one.op}${JSON.stringify(one.value)}`).join(',');
    const before = this.#remembered.get(key);
    if (before?.of === this.#count) return before.found;
    const tests = matchers.map(testOf);
    const name = matchers.find((one) => one.name === '__name__' && one.op === '=');
    const candidates = name === undefined ? [...this.#byName.values()].flat() : (this.#byName.get(name.value) ?? []);
    // In Prometheus's order, so that whoever asks need not sort them again.
    const found = candidates
      .filter((series) => tests.every((test) => test(series.labels)))
      .sort((a, b) => compareLabels(a.labels, b.labels));
    if (this.#remembered.size >= MAX_REMEMBERED_SELECTIONS) this.#remembered.clear();
    this.#remembered.set(key, { of: this.#count, found });
    return found;
  }

  #firstAtOrAfter(ms: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times.at(middle) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const MAX_REMEMBERED_SELECTIONS = 500;

function testOf(matcher: SeriesMatcher): (labels: Readonly<Record<string, string>>) => boolean {
  const { name, op, value } = matcher;
  if (matcher.matches !== undefined) return (labels) => matcher.matches?.(labels[name] ?? '') === true;
  if (op === '=') return (labels) => (labels[name] ?? '') === value;
  if (op === '!=') return (labels) => (labels[name] ?? '') !== value;
  const pattern = new RegExp(`^(?:${value})$`);
  return op === '=~' ? (labels) => pattern.test(labels[name] ?? '') : (labels) => !pattern.test(labels[name] ?? '');
}
