import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatValue } from '../../../src/simulation/promql/literals.ts';
import type { Series } from '../../../src/simulation/promql/store.ts';
import { memorySource } from '../../../src/simulation/promql/store.ts';
import type { Prometheus } from '../../../src/simulation/systems/prometheus.ts';
import { createPrometheus } from '../../../src/simulation/systems/prometheus.ts';
import { WireFaults } from '../../../src/simulation/wire/faults.ts';
import { WireLedger } from '../../../src/simulation/wire/ledger.ts';
import { GOOD_QUERIES, REFUSED_QUERIES } from './contract-queries.ts';
import { sampleWorld, WORLD_END_MS, WORLD_START_MS } from './sample-world.ts';

// The same questions to a real Prometheus 2.42 and to ours, over HTTP, on the same samples (design, decision 9).
// PROMETHEUS_BIN and PROMTOOL_BIN name the binaries where they are not on PATH.
const PROMETHEUS = process.env.PROMETHEUS_BIN ?? 'prometheus';
const PROMTOOL = process.env.PROMTOOL_BIN ?? 'promtool';
const installed = [PROMETHEUS, PROMTOOL].every((binary) => spawnSync(binary, ['--version']).status === 0);

const INSTANTS_MS = [WORLD_START_MS + 21 * 60_000, WORLD_START_MS + 44 * 60_000 + 8_000, WORLD_START_MS + 61 * 60_000];

interface Answer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

describe.skipIf(!installed)(`PromQL against a real Prometheus (${PROMETHEUS}, ${PROMTOOL})`, () => {
  let real: { url: string; process: ChildProcess; directory: string };
  let ours: Prometheus;
  let oursUrl: string;

  beforeAll(async () => {
    const world = sampleWorld();
    real = await startReal(world);
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
    if (real === undefined) return;
    const ended = new Promise((resolve) => real.process.once('exit', resolve));
    real.process.kill('SIGKILL');
    await ended;
    rmSync(real.directory, { recursive: true, force: true });
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

// Ten digits: the real one adds in another order in places, and both are right.
function normalised(data: Answer['data'], sortFirst: boolean): unknown {
  const round = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(round);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value)
          .sort(([x], [y]) => (x < y ? -1 : 1))
          .map(([key, one]) => [
            key,
            key === 'metric' ? Object.fromEntries(Object.entries(one as object).sort()) : round(one),
          ]),
      );
    }
    if (typeof value !== 'string' || !/^-?[\d.]+(e[+-]\d\d+)?$/.test(value)) return value;
    return Number(Number(value).toPrecision(10)) + 0;
  };
  const rounded = round(data) as { result?: unknown } | undefined;
  if (sortFirst && Array.isArray(rounded?.result) && typeof rounded.result[0] === 'object') {
    return { ...rounded, result: [...rounded.result].sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1)) };
  }
  return rounded;
}

async function startReal(world: readonly Series[]) {
  const directory = mkdtempSync(join(tmpdir(), 'promql-contract-'));
  writeFileSync(join(directory, 'world.om'), openMetrics(world));
  writeFileSync(join(directory, 'prometheus.yml'), 'global: {}\n');
  execFileSync(PROMTOOL, [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    join(directory, 'world.om'),
    join(directory, 'data'),
  ]);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  for (let attempt = 0; attempt < 200; attempt++) {
    const ready = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return { url, process: child, directory };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error('Prometheus did not become ready within ten seconds');
}

function openMetrics(world: readonly Series[]): string {
  const lines: string[] = [];
  for (const { labels, times, values } of world) {
    const { __name__: name, ...rest } = labels;
    const text = Object.entries(rest).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    times.forEach((ms, i) => {
      lines.push(`${name}{${text.join(',')}} ${formatValue(values[i] ?? 0)} ${ms / 1000}`);
    });
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
