import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memorySource } from '../../../simulation/promql/store.ts';
import type { Prometheus } from '../../../simulation/systems/prometheus.ts';
import { createPrometheus } from '../../../simulation/systems/prometheus.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';
import { GOOD_QUERIES, REFUSED_QUERIES } from './contract-queries.ts';
import {
  type Answer,
  normalised,
  PROMETHEUS,
  PROMETHEUS_INSTALLED,
  PROMTOOL,
  type RealPrometheus,
  startRealPrometheus,
} from './real-prometheus.ts';
import { sampleWorld, WORLD_END_MS, WORLD_START_MS } from './sample-world.ts';

// The same questions to a real Prometheus 2.42 and to ours, over HTTP, on the same samples (ADR 0015).
const INSTANTS_MS = [WORLD_START_MS + 21 * 60_000, WORLD_START_MS + 44 * 60_000 + 8_000, WORLD_START_MS + 61 * 60_000];

describe.skipIf(!PROMETHEUS_INSTALLED)(`PromQL against a real Prometheus (${PROMETHEUS}, ${PROMTOOL})`, () => {
  let real: RealPrometheus;
  let ours: Prometheus;
  let oursUrl: string;

  beforeAll(async () => {
    const world = sampleWorld();
    real = await startRealPrometheus(world);
    ours = createPrometheus({
      source: memorySource(world),
      clock: () => WORLD_END_MS,
      faults: new WireFaults(),
      log: new WireLedger(),
      rules: [],
    });
    oursUrl = (await ours.listen()).url;
  }, 60_000);

  afterAll(async () => {
    await ours?.close();
    await real?.stop();
  });

  async function both(path: string, form: Record<string, string>): Promise<[Answer, Answer]> {
    const ask = async (url: string) =>
      (await (await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form) })).json()) as Answer;
    return Promise.all([ask(real.url), ask(oursUrl)]);
  }

  it.each(GOOD_QUERIES)('instant %s', async (query) => {
    for (const atMs of INSTANTS_MS) {
      const [theirs, mine] = await both('/api/v1/query', { query, time: String(atMs / 1000) });
      expect(theirs.status, JSON.stringify(theirs)).toBe('success');
      expectSame(mine, theirs, !/^sort/.test(query));
    }
  });

  it.each(GOOD_QUERIES)('range %s', async (query) => {
    const form = { query, start: String(WORLD_START_MS / 1000), end: String(WORLD_END_MS / 1000), step: '97' };
    const [theirs, mine] = await both('/api/v1/query_range', form);
    expectSame(mine, theirs, true);
  });

  it.each(REFUSED_QUERIES)('refuses %s with the same words', async (query) => {
    const [theirs, mine] = await both('/api/v1/query', { query, time: String((INSTANTS_MS[0] ?? 0) / 1000) });
    expect(theirs.status).toBe('error');
    expect(mine).toEqual(theirs);
  });

  // Longer ones are broken over lines by the real one, ours keeps to one line.
  it.each(GOOD_QUERIES.filter((query) => query.length < 80 && !query.includes('#')))('formats %s', async (query) => {
    const [theirs, mine] = await both('/api/v1/format_query', { query });
    expect(mine).toEqual(theirs);
  });

  it('refuses bad parameters with the same words', async () => {
    const good = { query: '1', start: '1000', end: '2000', step: '1' };
    for (const form of [
      { ...good, end: '999' },
      { ...good, step: '0' },
      { ...good, step: 'soon' },
      { ...good, start: 'yesterday' },
      { ...good, end: '100000000' },
      { ...good, query: 'rate(x' },
      { ...good, query: '"text"' },
    ]) {
      const [theirs, mine] = await both('/api/v1/query_range', form);
      expect(theirs.status).toBe('error');
      expect(mine).toEqual(theirs);
    }
  });
});

function expectSame(mine: Answer, theirs: Answer, sortFirst: boolean): void {
  expect(mine.errorType, JSON.stringify([mine.error, theirs.error])).toBe(theirs.errorType);
  const [a, b] = [mine, theirs].map((answer) => normalised(answer.data, sortFirst));
  expect(a).toEqual(b);
}
