import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { FaultSpec } from './faults/faults.ts';
import type { AlertReceiver } from './movable-receiver.ts';
import type { Production } from './production.ts';
import { startProduction } from './production.ts';
import type { AlertRule } from './promql/alert-rules.ts';
import type { WireFault } from './wire/faults.ts';
import { FAULT_NAMES } from './wire/faults.ts';
import type { WorldOptions } from './world/settings.ts';

// A live production as a process. World time is wall time × speed, moved every quarter of a second.
// Usage: tsx lab/simulation/main.ts [--seed N] [--speed N] [--start ISO] [--control-port N] [--settings FILE] [--clock-file FILE]
// SIMULATION_POSTGRES_URL gives the real PostgreSQL; without it a virtual one is used.
// The settings file is JSON: {rules, receivers, world}. The first line of output is JSON: {ready, control, endpoints, at}.

const TICK_MS = 250;
const MAX_BODY_BYTES = 1_000_000;

interface Settings {
  readonly rules?: readonly AlertRule[];
  readonly receivers?: readonly AlertReceiver[];
  readonly world?: WorldOptions;
}

const { values: args } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    speed: { type: 'string', default: '1' },
    start: { type: 'string' },
    'control-port': { type: 'string', default: '0' },
    settings: { type: 'string' },
    'clock-file': { type: 'string' },
  },
});

/** Throws with a sentence that names the argument. */
function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < least)
    throw new Error(`--${name} must be a number of at least ${least}, not "${text}".`);
  return value;
}

async function main(): Promise<void> {
  const speed = number('speed', args.speed, 0.001);
  const startMs = args.start === undefined ? Date.now() : Date.parse(args.start);
  if (!Number.isFinite(startMs))
    throw new Error(`--start must be an instant such as 2026-03-03T09:00:00Z, not "${args.start}".`);
  const settings: Settings =
    args.settings === undefined ? {} : (JSON.parse(readFileSync(args.settings, 'utf8')) as Settings);
  const postgresAdminUrl = process.env.SIMULATION_POSTGRES_URL;
  const production = await startProduction({
    seed: number('seed', args.seed, 0),
    startMs,
    mode: postgresAdminUrl === undefined ? 'virtual' : 'live',
    rules: settings.rules ?? [],
    ...(settings.receivers === undefined ? {} : { receivers: settings.receivers }),
    ...(settings.world === undefined ? {} : { world: settings.world }),
    ...(postgresAdminUrl === undefined ? {} : { postgresAdminUrl }),
  });
  const control = await serveControl(production, number('control-port', args['control-port'], 0));
  const running = run(production, clockOf(startMs, speed, args['clock-file']));
  process.stdout.write(
    `${JSON.stringify({ ready: true, control: control.url, at: new Date(startMs).toISOString(), endpoints: production.endpoints })}\n`,
  );
  const stop = async () => {
    running.stop();
    control.close();
    await running.done;
    await production.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

/** World time: the instant that the clock file says (the demo keeps one for everybody), or the wall's from the start. */
function clockOf(startMs: number, speed: number, file: string | undefined): () => number {
  if (file !== undefined) return () => Date.parse(readFileSync(file, 'utf8'));
  const startedAt = performance.now();
  return () => startMs + Math.floor((performance.now() - startedAt) * speed);
}

/** Moves the world after the clock, never two moves at once. */
function run(production: Production, clock: () => number): { stop(): void; readonly done: Promise<void> } {
  let stopped = false;
  const loop = async () => {
    while (!stopped) {
      const target = clock();
      if (target > production.world.nowMs) {
        await production
          .advanceTo(target)
          .catch((error: unknown) => process.stderr.write(`simulation: ${String(error)}\n`));
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  };
  return {
    stop() {
      stopped = true;
    },
    done: loop(),
  };
}

/** POST /faults, POST /wires, POST /receivers, GET /state, on the loopback only. */
async function serveControl(production: Production, port: number): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    answer(production, request).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(body)}\n`);
      },
      (error: unknown) => {
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(production: Production, request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  switch (`${request.method} ${pathname}`) {
    case 'GET /state':
      return { status: 200, body: stateOf(production) };
    case 'POST /faults': {
      const fault = (await bodyOf(request)) as FaultSpec;
      const id = production.world.addFault(fault, production.world.nowMs);
      return { status: 201, body: { id, at: new Date(production.world.nowMs).toISOString() } };
    }
    case 'POST /faults/end': {
      const { id } = (await bodyOf(request)) as { id: string };
      production.world.endFault(id);
      return { status: 200, body: { id } };
    }
    case 'POST /wires': {
      const { system, fault, clear } = (await bodyOf(request)) as {
        system?: string;
        fault?: WireFault;
        clear?: boolean;
      };
      if (typeof system !== 'string')
        throw new Error('The body must be {"system", "fault"} or {"system", "clear": true}.');
      if (clear === true) production.wires.clear(system);
      else if (fault !== undefined && FAULT_NAMES.includes(fault.kind)) production.wires.set(system, fault);
      else throw new Error(`The fault's kind must be one of ${FAULT_NAMES.join(', ')}.`);
      return { status: 200, body: { system, active: production.wires.active(system) } };
    }
    case 'POST /receivers':
      production.setReceivers((await bodyOf(request)) as AlertReceiver[]);
      return { status: 200, body: { ok: true } };
    default:
      return {
        status: 404,
        body: { error: 'There are GET /state, POST /faults, /faults/end, /wires and /receivers.' },
      };
  }
}

function stateOf(production: Production): unknown {
  const { world } = production;
  return {
    at: new Date(world.nowMs).toISOString(),
    health: world.health(),
    faults: world.truths(),
    requestsLastFiveMinutes: world.requests(world.nowMs - 300_000, world.nowMs),
    deployments: production.kubernetes.cluster
      .deployments()
      .map(({ name, current, wantedReplicas, readyReplicas }) => ({ name, current, wantedReplicas, readyReplicas })),
    alerts: production.prometheus.activeAlerts(),
    pages: production.pagerDuty.pages,
    mails: production.smtp.mails.map(({ atMs, to, subject }) => ({ atMs, to, subject })),
    statusPage: production.statusPage.ledger,
    clusterActions: production.kubernetes.actions,
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error('The body is too large.');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

main().catch((error: unknown) => {
  process.stderr.write(
    `The simulated production could not start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
});
