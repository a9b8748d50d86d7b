import { join } from 'node:path';
import { builtCode } from '../../scripts/build.mjs';
import type { Policy } from '../../src/domain/policy.ts';
import { type EmbeddedPostgres, startPostgres } from '../embedded/postgres.ts';
import { type ProcessSpec, type RunningProcess, spawnProcess } from '../embedded/processes.ts';
import { resolveTemporalBinary } from '../embedded/temporal-binary.ts';
import { type SearchAttributes, startTemporalServer, type TemporalServer } from '../embedded/temporal-server.ts';
import { workflowBundle } from '../embedded/workflow-bundle.ts';
import { noteDataDir, type Places, ROOT, writePrivately } from './places.ts';

type Say = (line: string) => void;

export const SEARCH_ATTRIBUTES: SearchAttributes = {
  Severity: 'Keyword',
  Phase: 'Keyword',
  Service: 'Keyword',
  Commander: 'Keyword',
};
export const RETENTION_DAYS = 90;
const START_WITHIN_MS = 90_000;
/** The simulated service's pool is 100 connections of the same server. */
const MAX_CONNECTIONS = 300;

export async function startTemporal(
  places: Places,
  ports: { readonly port: number; readonly uiPort: number },
  say: Say,
): Promise<TemporalServer> {
  const { path } = await resolveTemporalBinary({ cacheDir: places.cache, log: say });
  return startTemporalServer({
    binary: path,
    dbFile: join(places.demo, 'temporal.db'),
    ...ports,
    namespaces: ['default'],
    retentionDays: RETENTION_DAYS,
    searchAttributes: SEARCH_ATTRIBUTES,
    virtualTime: false,
    logFile: places.log('temporal'),
    stateFile: places.processFile('temporal'),
  });
}

export async function startDatabase(places: Places, port: number, say: Say): Promise<EmbeddedPostgres> {
  const server = await startPostgres({
    dataDir: join(places.demo, 'postgres'),
    port,
    database: 'incident',
    logFile: places.log('postgres'),
    settings: { max_connections: MAX_CONNECTIONS },
    stateFile: places.processFile('postgres'),
    log: say,
  });
  noteDataDir(places.demo, server.dataDir);
  return server;
}

export interface SimulationOptions {
  readonly speed: number;
  readonly nowMs: number;
  readonly clockFile: string;
  readonly policy: Policy;
  readonly gatewayUrl: string;
  readonly alertmanagerToken: string;
  /** A PostgreSQL where the simulated service keeps its own database. */
  readonly postgresAdminUrl: string;
}

export interface Simulation extends RunningProcess {
  readonly controlUrl: string;
  /** Environment variables with which the worker finds the simulated systems. */
  readonly endpoints: Readonly<Record<string, string>>;
}

/** A production on the wire, with rules that alert the gateway. */
export async function startSimulation(places: Places, options: SimulationOptions): Promise<Simulation> {
  const settings = join(places.demo, 'simulation.json');
  const receiver = {
    name: 'incidents',
    url: `${options.gatewayUrl}/webhooks/alertmanager`,
    bearerToken: options.alertmanagerToken,
  };
  writePrivately(settings, JSON.stringify({ rules: options.policy.alertRules, receivers: [receiver] }));
  const start = new Date(options.nowMs).toISOString();
  const running = await spawnProcess({
    ...program(places, 'simulation', 'lab/simulation/main.ts', [
      '--speed',
      String(options.speed),
      '--start',
      start,
      '--settings',
      settings,
      '--clock-file',
      options.clockFile,
    ]),
    env: { SIMULATION_POSTGRES_URL: options.postgresAdminUrl },
    readyWhen: { kind: 'line', pattern: /^\{"ready":true/ },
  });
  const line = running.lastLines().findLast((text) => text.startsWith('{"ready":true')) ?? '';
  const { control, endpoints } = JSON.parse(line) as { control: string; endpoints: Record<string, string> };
  writePrivately(places.controlFile, control);
  return { ...running, controlUrl: control, endpoints };
}

export async function startWorker(places: Places, env: Record<string, string>): Promise<RunningProcess> {
  const workflows = await workflowBundle({ entry: join(ROOT, 'src/workflows/index.ts'), cacheDir: places.cache });
  return spawnProcess({
    ...(await product(places, 'worker')),
    env: { ...env, WORKFLOW_BUNDLE: workflows },
    readyWhen: { kind: 'line', pattern: /worker ready/ },
  });
}

/** The product's own gateway, or one of the demo's. */
export async function startGateway(
  places: Places,
  entry: string | null,
  env: Record<string, string>,
  port: number,
): Promise<RunningProcess> {
  return spawnProcess({
    ...(entry === null ? await product(places, 'gateway') : program(places, 'gateway', entry)),
    env,
    listensOn: [port],
    readyWhen: { kind: 'http', url: `http://127.0.0.1:${port}/readyz` },
  });
}

async function product(places: Places, name: 'gateway' | 'worker'): Promise<ProcessSpec> {
  return nodeProcess(places, name, [join(await builtCode(ROOT), `${name}.js`)]);
}

function program(places: Places, name: string, entry: string, args: readonly string[] = []): ProcessSpec {
  return nodeProcess(places, name, ['--import', 'tsx', join(ROOT, entry), ...args]);
}

function nodeProcess(places: Places, name: string, args: readonly string[]): ProcessSpec {
  return {
    name,
    command: process.execPath,
    args,
    cwd: ROOT,
    logFile: places.log(name),
    readyTimeoutMs: START_WITHIN_MS,
    stateFile: places.processFile(name),
  };
}
