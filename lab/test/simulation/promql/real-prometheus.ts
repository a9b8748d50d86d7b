import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../embedded/ports.ts';
import { formatValue } from '../../../simulation/promql/literals.ts';
import type { Series } from '../../../simulation/promql/store.ts';

// PROMETHEUS_BIN and PROMTOOL_BIN name the binaries where they are not on PATH.
export const PROMETHEUS = process.env.PROMETHEUS_BIN ?? 'prometheus';
export const PROMTOOL = process.env.PROMTOOL_BIN ?? 'promtool';
export const PROMETHEUS_INSTALLED = [PROMETHEUS, PROMTOOL].every(
  (binary) => spawnSync(binary, ['--version']).status === 0,
);

export interface Answer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

export interface RealPrometheus {
  readonly url: string;
  stop(): Promise<void>;
}

// Ten digits: the real one adds in another order in places, and both are right.
export function normalised(data: Answer['data'], sortFirst: boolean): unknown {
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

/** A real Prometheus that holds exactly these samples. */
export async function startRealPrometheus(world: readonly Series[]): Promise<RealPrometheus> {
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
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 200; attempt++) {
    const ready = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
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
