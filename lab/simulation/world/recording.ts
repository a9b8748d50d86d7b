/** Numbers sampled at scrapes, one row a scrape, kept for as long as the world lives. */
export class Rows {
  readonly width: number;
  /** The scrape (counted from the start of history) of the first row. */
  readonly firstScrape: number;
  count = 0;
  #data: Float64Array;

  constructor(width: number, firstScrape: number) {
    this.width = width;
    this.firstScrape = firstScrape;
    this.#data = new Float64Array(width * 64);
  }

  push(row: Float64Array): void {
    const end = (this.count + 1) * this.width;
    if (end > this.#data.length) {
      const grown = new Float64Array(this.#data.length * 2);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data.set(row, this.count * this.width);
    this.count++;
  }

  at(row: number, column: number): number {
    return this.#data[row * this.width + column] ?? 0;
  }
}

/** A growing list of numbers whose windows are views, not copies. */
export class Column {
  length = 0;
  #data = new Float64Array(64);

  push(value: number): void {
    if (this.length === this.#data.length) {
      const grown = new Float64Array(this.#data.length * 2);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data[this.length++] = value;
  }

  at(index: number): number {
    return this.#data[index] ?? 0;
  }

  window(from: number, until: number): Float64Array {
    return this.#data.subarray(from, until);
  }
}

/** Which users a process serves from a scrape on: shares of its requests, adding up to 1. */
export interface UserShares {
  readonly fromScrape: number;
  readonly shares: Float64Array;
}
