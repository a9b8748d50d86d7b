import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Series } from '../../../lab/simulation/promql/store.ts';
import { memorySource } from '../../../lab/simulation/promql/store.ts';
import { SUPPORTED } from '../../../lab/simulation/promql/supported.ts';
import { createPrometheus, type Prometheus } from '../../../lab/simulation/systems/prometheus.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import {
  type Answer,
  PROMETHEUS_INSTALLED,
  type RealPrometheus,
  startRealPrometheus,
} from '../../../lab/test/simulation/promql/real-prometheus.ts';
import { sampleWorld, WORLD_END_MS, WORLD_START_MS } from '../../../lab/test/simulation/promql/sample-world.ts';
import { loadPolicy } from '../../../src/config/policy.ts';
import { coverageOf, generatedQueries } from './generated-queries.ts';

const SEED = 20261125;
const COUNT = 2_000;
const AT_ONCE = 16;
/** Instants on a sample and on the edge of windows, between samples, and where series have ended. */
const INSTANTS_MS = [WORLD_START_MS + 21 * 60_000, WORLD_START_MS + 44 * 60_000 + 8_000, WORLD_START_MS + 60 * 60_000];

/** Samples exactly on the borders of the windows that are asked for, among them NaN and a reset. */
function boundaryWorld(): Series[] {
  const times = Array.from({ length: 91 }, (_, i) => WORLD_START_MS + i * 60_000);
  const counter = times.map((_, i) => (i % 23) * 5);
  const gauge = times.map((_, i) => (i % 17 === 0 ? Number.NaN : Math.round(Math.sin(i) * 1e4) / 100));
  return [
    { labels: { __name__: 'boundary', kind: 'counter', pod: 'a' }, times, values: counter },
    { labels: { __name__: 'boundary', kind: 'gauge', pod: 'b' }, times, values: gauge },
  ];
}

async function ask(url: string, form: Record<string, string>, path = '/api/v1/query'): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form) });
  return (await answer.json()) as Answer;
}

/** Null when they say the same; else what differs, for people. */
function difference(query: string, mine: Answer, theirs: Answer): string | null {
  if (mine.status !== theirs.status || mine.errorType !== theirs.errorType)
    return `ours ${mine.errorType ?? mine.status} (${mine.error ?? ''}), theirs ${theirs.errorType ?? theirs.status} (${theirs.error ?? ''})`;
  if (theirs.status === 'error') return null;
  const [a, b] = [samplesOf(query, mine), samplesOf(query, theirs)];
  if (a.length !== b.length) return `ours has ${a.length} samples, theirs ${b.length}`;
  const index = a.findIndex((sample, i) => sample.key !== b[i]?.key || !isClose(sample.value, b[i]?.value ?? ''));
  return index < 0 ? null : `ours ${JSON.stringify(a[index])}, theirs ${JSON.stringify(b[index])}`;
}

interface FlatSample {
  readonly key: string;
  readonly value: string;
}

function samplesOf(query: string, { data }: Answer): readonly FlatSample[] {
  if (data === undefined) return [];
  if (data.resultType === 'scalar' || data.resultType === 'string') {
    const [, value] = data.result as [number, string];
    return [{ key: data.resultType, value }];
  }
  const rows = data.result as {
    metric: Record<string, string>;
    value?: [number, string];
    values?: [number, string][];
  }[];
  const flat = rows.flatMap(({ metric, value, values }) => {
    const name = JSON.stringify(Object.entries(metric).map(rounded).sort());
    return (values ?? (value === undefined ? [] : [value])).map(([at, text]) => ({
      key: `${name}@${at}`,
      value: text,
    }));
  });
  const inOrder = [...flat].sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0));
  // Which of two equal ones comes first is nobody's promise, so of an order only the values are compared.
  const order = /^sort(_desc)? ?\([^()]*\)$/.test(query) ? flat.map(({ value }) => ({ key: 'in order', value })) : [];
  return [...inOrder, ...order];
}

/** `count_values` makes labels of values, whose last digit the processor's logarithm decides. */
function rounded([name, value]: [string, string]): [string, string] {
  return [name, name === 'v' && Number.isFinite(Number(value)) ? Number(value).toPrecision(10) : value];
}

/** The real one adds in another order in places, and both are right. */
function isClose(mine: string, theirs: string): boolean {
  if (mine === theirs) return true;
  const [a, b] = [Number(mine), Number(theirs)];
  return Math.abs(a - b) <= Math.max(1e-9, 1e-8 * Math.max(Math.abs(a), Math.abs(b)));
}

async function compareAll(
  real: string,
  ours: string,
  asked: readonly { query: string; form: Record<string, string>; path: string }[],
) {
  const differences: string[] = [];
  let answered = 0;
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    await Promise.all(
      asked.slice(from, from + AT_ONCE).map(async ({ query, form, path }) => {
        const [theirs, mine] = await Promise.all([ask(real, form, path), ask(ours, form, path)]);
        if (theirs.status === 'success') answered += 1;
        const words = difference(query, mine, theirs);
        if (words !== null) differences.push(`${query} ${form.time ?? 'range'}: ${words}`);
      }),
    );
  }
  return { differences, answered };
}

const instant = (query: string, atMs: number) => ({
  query,
  path: '/api/v1/query',
  form: { query, time: String(atMs / 1000) },
});
const ranged = (query: string) => ({
  query,
  path: '/api/v1/query_range',
  form: { query, start: String(WORLD_START_MS / 1000), end: String(WORLD_END_MS / 1000), step: '173' },
});

describe.skipIf(!PROMETHEUS_INSTALLED)('generated PromQL against a real Prometheus 2.42 (prometheus, promtool)', () => {
  let real: RealPrometheus;
  let ours: Prometheus;
  let oursUrl: string;

  beforeAll(async () => {
    const world = [...sampleWorld(), ...boundaryWorld()];
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

  it(`gives the same numbers for ${COUNT} expressions of seed ${SEED}`, async () => {
    const queries = generatedQueries(SEED, COUNT);
    const asked = queries.map((query, index) =>
      index % 5 === 4 ? ranged(query) : instant(query, INSTANTS_MS[index % INSTANTS_MS.length] ?? 0),
    );
    const { differences, answered } = await compareAll(real.url, oursUrl, asked);
    const coverage = [...coverageOf(queries)].map(([name, times]) => `${name} ${times}`).join(', ');
    console.log(
      `PromQL: ${COUNT} expressions of seed ${SEED}, ${new Set(queries).size} different, ${answered} with an answer, ${COUNT - answered} that both refuse; by function: ${coverage}`,
    );
    expect(differences).toEqual([]);
    expect(answered).toBeGreaterThan(COUNT * 0.7);
    expect([...coverageOf(queries).values()].every((times) => times > 0)).toBe(true);
  }, 120_000);

  it('gives the same answer for every query and rule of the policies', async () => {
    const policies = await Promise.all(['policy/noa.yaml', 'policy/logistics.yaml'].map((file) => loadPolicy(file)));
    const queries = policies.flatMap((policy) => [
      ...Object.values(policy.service.queries).map((query) => query.replaceAll('$range', '35m')),
      ...policy.alertRules.map(({ expr }) => expr),
    ]);
    const asked = queries.flatMap((query) => [...INSTANTS_MS.map((atMs) => instant(query, atMs)), ranged(query)]);
    expect((await compareAll(real.url, oursUrl, asked)).differences).toEqual([]);
  });
});

/** Of PromQL 2.42, but not of ours. */
const UNSUPPORTED = [
  ...['acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'cos', 'cosh', 'sin', 'sinh', 'tan', 'tanh', 'deg', 'rad'].map(
    (name) => `${name}(memory_bytes)`,
  ),
  ...['day_of_month', 'day_of_week', 'day_of_year', 'days_in_month', 'hour', 'minute', 'month', 'year'].map(
    (name) => `${name}(memory_bytes)`,
  ),
  ...['histogram_count', 'histogram_sum'].map((name) => `${name}(memory_bytes)`),
  'histogram_fraction(0, 1, memory_bytes)',
  'holt_winters(memory_bytes[5m], 0.5, 0.5)',
  'pi()',
  'memory_bytes @ 1729692007',
  'memory_bytes @ start()',
  'memory_bytes atan2 memory_limit_bytes',
];

describe('what the simulated Prometheus does not support', () => {
  it('answers an error, never an approximation', async () => {
    const ours = createPrometheus({
      source: memorySource(sampleWorld()),
      clock: () => WORLD_END_MS,
      faults: new WireFaults(),
      log: new WireLedger(),
      rules: [],
    });
    const { url } = await ours.listen();
    for (const query of UNSUPPORTED) {
      const answer = await ask(url, { query, time: String(WORLD_START_MS / 1000) });
      expect(answer, query).toMatchObject({
        status: 'error',
        errorType: 'bad_data',
        error: expect.stringMatching(/\w{3}/),
      });
    }
    await ours.close();
  });

  it('is told apart from what it supports in docs/promql.md', () => {
    const page = readFileSync('docs/promql.md', 'utf8');
    const listed = [...SUPPORTED.functions, ...SUPPORTED.aggregations, ...SUPPORTED.modifiers];
    expect(listed.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
