import type { Engine } from './engine.ts';
import type { Cause, ProviderCause } from './layout.ts';
import { CAUSES, PROVIDER_CAUSES } from './layout.ts';
import * as lines from './log-lines.ts';
import type { Process } from './process.ts';
import { draw } from './random.ts';
import type { Rows } from './recording.ts';
import type { SeriesStore } from './series.ts';

export interface LogLine {
  readonly atMs: number;
  readonly line: string;
}

/** A container writes at most this many lines of one cause between two scrapes; the rest is sampled away. */
const MOST_LINES_PER_CAUSE = 4;
const INFO_LINES = 2;

const DATABASE_HOST = '10.96.14.20';
const CACHE_HOST = '10.96.14.31';

/** Works log lines out of what was counted, only when somebody asks for them. */
export class Logs {
  readonly #engine: Engine;
  readonly #store: SeriesStore;
  /** When logs were noisy, and what failing code said, by scrape. */
  readonly #noisy = new Set<number>();
  readonly #codeMessages = new Map<string, string>();
  /** Scrapes at which the database could not start, and whether only a lock file was in the way. */
  readonly #failedStarts = new Map<number, boolean>();
  readonly #slow = new Map<
    number,
    readonly { readonly statement: string; readonly seconds: number; readonly held: number }[]
  >();

  constructor(engine: Engine, store: SeriesStore) {
    this.#engine = engine;
    this.#store = store;
  }

  /** Notes what the counters do not say. */
  scraped(scrape: number): void {
    const { conditions, pool } = this.#engine;
    if (conditions.noisyLogs) this.#noisy.add(scrape);
    for (const defect of conditions.defects) {
      if (defect.logPattern === null) continue;
      for (const process of this.#engine.serving) {
        if (defect.runs(process.deployment, process.image, process.isCanary))
          this.#codeMessages.set(process.name, defect.logPattern);
      }
    }
    if (conditions.databaseDown) this.#failedStarts.set(scrape, !conditions.databaseStaysDown);
    if (pool.slow.length > 0) {
      const held = pool.slow.map((one) => ({ statement: one.load.statement, seconds: one.seconds, held: one.held }));
      this.#slow.set(scrape, held);
    }
  }

  ofProcess(process: Process, sinceMs: number, untilMs: number): readonly LogLine[] {
    const { layout } = this.#engine;
    const found: LogLine[] = [];
    this.#eachInterval(process.rows, sinceMs, untilMs, (row, scrape, fromMs, toMs) => {
      const write = new Interval(fromMs, toMs, `${process.name}/${scrape}`, this.#engine.seed, found);
      const context = this.#contexts(process, scrape);
      if (added(process.rows, row, layout.served) > 0)
        write.some('info', INFO_LINES, (at, n) => lines.infoLine(context(at, n)));
      if (this.#noisy.has(scrape)) write.some('noise', 3, (at, n) => lines.noiseLine(context(at, n)));
      for (const cause of CAUSES) {
        const count = added(process.rows, row, layout.cause(cause));
        write.sampled(cause, count, (at, n) => lines.failureLine(cause satisfies Cause, context(at, n)));
      }
      for (const [index, provider] of layout.providers.entries()) {
        for (const cause of PROVIDER_CAUSES) {
          const count = added(process.rows, row, layout.providerCause(index, cause));
          const line = (at: number, n: number) =>
            lines.providerFailureLine(provider, cause satisfies ProviderCause, context(at, n));
          write.sampled(`${provider}/${cause}`, count, line);
        }
      }
    });
    return within(found, sinceMs, untilMs);
  }

  ofDatabase(podName: string, sinceMs: number, untilMs: number): readonly LogLine[] {
    const { layout, seed } = this.#engine;
    const found: LogLine[] = [];
    this.#eachInterval(this.#engine.ingress.rows, sinceMs, untilMs, (_row, scrape, fromMs, toMs) => {
      const write = new Interval(fromMs, toMs, `${podName}/${scrape}`, seed, found);
      const context = (atMs: number, count: number) => this.#context(podName, atMs, scrape * 100 + count, null);
      const lockLeft = this.#failedStarts.get(scrape);
      if (lockLeft !== undefined) {
        write.some('start', lockLeft ? 1 : 3, (at, n) => lines.failedStartLine(context(at, n), lockLeft));
        return;
      }
      if (scrape % 20 === 0) write.some('checkpoint', 1, (at, n) => lines.checkpointLine(context(at, n)));
      for (const one of this.#slow.get(scrape) ?? []) {
        const line = (at: number, n: number) => lines.slowStatementLine(context(at, n), one.seconds, one.statement);
        write.sampled('slow', one.held / 8, line);
      }
      for (const process of this.#engine.processes.values()) {
        const row = scrape - process.rows.firstScrape;
        if (row < 0 || row >= process.rows.count) continue;
        const refused = added(process.rows, row, layout.cause('too-many-clients'));
        const line = (at: number, n: number) => lines.databaseLine('too-many-clients', context(at, n)) ?? '';
        write.sampled(`refused/${process.name}`, refused, line);
        const damaged = added(process.rows, row, layout.cause('corrupt-page'));
        const damage = (at: number, n: number) => lines.databaseLine('corrupt-page', context(at, n)) ?? '';
        write.sampled(`damaged/${process.name}`, damaged, damage);
      }
    });
    return within(found, sinceMs, untilMs);
  }

  #eachInterval(
    rows: Rows,
    sinceMs: number,
    untilMs: number,
    visit: (row: number, scrape: number, fromMs: number, toMs: number) => void,
  ): void {
    const lengthMs = this.#engine.settings.scrapeSeconds * 1000;
    const firstMs = this.#store.scrapeAtMs(0);
    const from = Math.max(rows.firstScrape, Math.floor((sinceMs - firstMs) / lengthMs), 1);
    const until = Math.min(rows.firstScrape + rows.count - 1, Math.ceil((untilMs - firstMs) / lengthMs));
    for (let scrape = from; scrape <= until; scrape++) {
      const atMs = firstMs + scrape * lengthMs;
      visit(scrape - rows.firstScrape, scrape, atMs - lengthMs, atMs);
    }
  }

  #contexts(process: Process, scrape: number): (atMs: number, count: number) => lines.LineContext {
    const message = this.#codeMessages.get(process.name) ?? null;
    return (atMs, count) => this.#context(process.name, atMs, scrape * 100 + count, message, process.deployment);
  }

  #context(
    pod: string,
    atMs: number,
    count: number,
    codeMessage: string | null,
    deployment?: string,
  ): lines.LineContext {
    const { layout, seed } = this.#engine;
    const served = layout.endpoints.filter((one) => deployment === undefined || one.deployment === deployment);
    const chosen = served[Math.floor(draw(seed, `endpoint/${pod}`, count) * served.length)];
    return {
      seed,
      pod,
      atMs,
      count,
      endpoint: chosen ?? { path: '/', method: 'GET' },
      host: { database: DATABASE_HOST, cache: CACHE_HOST },
      codeMessage,
    };
  }
}

/** Spreads lines over the time between two scrapes. */
class Interval {
  #written = 0;
  readonly fromMs: number;
  readonly toMs: number;
  readonly key: string;
  readonly seed: number;
  readonly into: LogLine[];

  constructor(fromMs: number, toMs: number, key: string, seed: number, into: LogLine[]) {
    this.fromMs = fromMs;
    this.toMs = toMs;
    this.key = key;
    this.seed = seed;
    this.into = into;
  }

  /** As many lines as there were failures, but never more than the limit; part of a failure is one at times. */
  sampled(name: string, count: number, line: (atMs: number, count: number) => string): void {
    if (count <= 0) return;
    const whole = Math.floor(count + draw(this.seed, `${this.key}/${name}`, -1));
    this.some(name, Math.min(MOST_LINES_PER_CAUSE, whole), line);
  }

  some(name: string, count: number, line: (atMs: number, count: number) => string): void {
    for (let index = 0; index < count; index++) {
      const part = (index + draw(this.seed, `${this.key}/${name}`, index)) / count;
      const atMs = Math.floor(this.fromMs + part * (this.toMs - this.fromMs));
      this.into.push({ atMs, line: line(atMs, this.#written++) });
    }
  }
}

function added(rows: Rows, row: number, column: number): number {
  const now = rows.at(row, column);
  const before = row === 0 ? 0 : rows.at(row - 1, column);
  return now < before ? now : now - before;
}

function within(found: LogLine[], sinceMs: number, untilMs: number): readonly LogLine[] {
  return found.filter((one) => one.atMs >= sinceMs && one.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
}
