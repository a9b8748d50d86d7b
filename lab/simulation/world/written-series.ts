import { Column } from './recording.ts';
import { type SeriesStore, StoredSeries } from './series.ts';

type Labels = Readonly<Record<string, string>>;

interface Written {
  readonly column: Column;
  readonly series: StoredSeries;
}

/** Series that are written at every scrape, as exporters do for what they look at. */
export class WrittenSeries {
  readonly #store: SeriesStore;
  readonly #families = new Map<string, Map<string, Written>>();

  constructor(store: SeriesStore) {
    this.#store = store;
  }

  /** `key` tells a series from others of its name; `labels` are asked for once, when it is new. */
  set(name: string, key: string, labels: () => Labels, scrape: number, value: number): void {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = new Map();
      this.#families.set(name, family);
    }
    let written = family.get(key);
    if (written === undefined) {
      const column = new Column();
      const series = new StoredSeries({ __name__: name, ...labels() }, scrape, (into) => {
        while (into.length < column.length) into.push(column.at(into.length));
      });
      written = { column, series };
      family.set(key, written);
      this.#store.add(series);
    }
    written.column.push(value);
  }

  has(name: string, key: string): boolean {
    return this.#families.get(name)?.has(key) === true;
  }

  /** What it was about is gone: its series of that key end here, with a staleness marker. */
  end(key: string, scrape: number): void {
    for (const family of this.#families.values()) {
      family.get(key)?.series.staleScrapes.push(scrape);
      family.delete(key);
    }
  }
}
