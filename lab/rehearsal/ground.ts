import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { builtCode } from '../../scripts/build.mjs';
import { type EmbeddedPostgres, startPostgres } from '../embedded/postgres.ts';
import { resolveTemporalBinary } from '../embedded/temporal-binary.ts';
import {
  registerNamespace,
  type SearchAttributes,
  startTemporalServer,
  type TemporalServer,
} from '../embedded/temporal-server.ts';
import { workflowBundle } from '../embedded/workflow-bundle.ts';
import type { Drill } from './drill.ts';
import type { Ground } from './drill-environment.ts';
import type { GroundProcess } from './wires.ts';

/** A Temporal server and a PostgreSQL that drills stand on: one for all, or a drill's own when it faults them. */
export interface SharedGround {
  /** Runs `play` on a namespace and a database of the drill's own; both are gone afterwards. */
  lend<T>(
    drill: Drill,
    play: (ground: Ground, grounds: Readonly<Partial<Record<'temporal' | 'store', GroundProcess>>>) => Promise<T>,
  ): Promise<T>;
  close(): Promise<void>;
}

const ROOT = resolve(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache');
const RETENTION_DAYS = 90;
const SEARCH_ATTRIBUTES: SearchAttributes = {
  Severity: 'Keyword',
  Phase: 'Keyword',
  Service: 'Keyword',
  Commander: 'Keyword',
};
/** Rehearsals keep nothing: what a crash would lose is thrown away anyway. */
const FORGETFUL = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 300 };

export interface GroundOptions {
  readonly realTime: boolean;
  readonly speed: number;
  /** Keeps workflows over a kill of the server; slower. */
  readonly durable: boolean;
  readonly log: (line: string) => void;
}

/** True when the drill kills what others stand on. */
export function needsOwnGround(drill: Drill): boolean {
  return drill.wires.some(
    (wire) => wire.kind === 'process' && (wire.process === 'temporal' || wire.process === 'store'),
  );
}

export async function openGround(options: GroundOptions): Promise<SharedGround> {
  const folder = mkdtempSync(join(tmpdir(), 'drills-'));
  const [code, postgres, temporal] = await allOrNothing([
    codeOf(options.log).then(doNotStop),
    startStore(folder, options.log).then((server) => ({ value: server, stop: () => server.current().kill() })),
    startTemporal(folder, options).then((server) => ({ value: server, stop: () => server.current().kill() })),
  ]).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    async lend(drill, play) {
      const name = `${drill.name}-${randomUUID().slice(0, 8)}`;
      const store = postgres.current();
      const [databaseUrl] = await Promise.all([
        store.createDatabase(name),
        registerNamespace(temporal.current().address, name, SEARCH_ATTRIBUTES, RETENTION_DAYS),
      ]);
      try {
        const place = {
          temporalAddress: temporal.current().address,
          namespace: name,
          databaseUrl,
          postgresAdminUrl: store.adminUrl,
          code,
        };
        return await play(
          { ...place, realTime: options.realTime, speed: options.speed },
          { temporal: temporal.process, store: postgres.process },
        );
      } finally {
        await postgres
          .current()
          .dropDatabase(name)
          .catch(() => undefined);
      }
    },
    async close() {
      await Promise.all([postgres.current().kill(), temporal.current().kill()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Restartable<S> {
  readonly current: () => S;
  readonly process: GroundProcess;
}

/** What the processes of a drill run, each in one file. */
async function codeOf(log: (line: string) => void): Promise<Ground['code']> {
  const sources = join(ROOT, 'src');
  const [workflows, code] = await Promise.all([
    workflowBundle({ entry: join(sources, 'workflows/index.ts'), cacheDir: CACHE, log }),
    builtCode(ROOT),
  ]);
  return { workflows, worker: join(code, 'worker.js'), gateway: join(code, 'gateway.js') };
}

async function startStore(folder: string, log: (line: string) => void): Promise<Restartable<EmbeddedPostgres>> {
  const options = {
    dataDir: join(folder, 'postgres'),
    logFile: join(folder, 'postgres.log'),
    settings: FORGETFUL,
    log,
  };
  return restartable(await startPostgres(options), (old) =>
    startPostgres({ ...options, dataDir: old.dataDir, port: old.port }),
  );
}

async function startTemporal(folder: string, wanted: GroundOptions): Promise<Restartable<TemporalServer>> {
  const { path } = await resolveTemporalBinary({ cacheDir: CACHE, log: wanted.log });
  const options = {
    binary: path,
    dbFile: wanted.durable ? join(folder, 'temporal.db') : null,
    uiPort: null,
    namespaces: [],
    retentionDays: RETENTION_DAYS,
    searchAttributes: SEARCH_ATTRIBUTES,
    virtualTime: !wanted.realTime,
    logFile: join(folder, 'temporal.log'),
  };
  return restartable(await startTemporalServer(options), (old) =>
    startTemporalServer({ ...options, port: Number(old.address.split(':').at(-1)) }),
  );
}

function restartable<S extends { kill(): Promise<unknown>; stop(): Promise<unknown>; pause(): void; resume(): void }>(
  first: S,
  again: (old: S) => Promise<S>,
): Restartable<S> {
  let server = first;
  return {
    current: () => server,
    process: {
      kill: () => server.kill(),
      stop: () => server.stop(),
      pause: () => server.pause(),
      resume: () => server.resume(),
      async restart() {
        server = await again(server);
      },
    },
  };
}

interface Started<T> {
  readonly value: T;
  readonly stop: () => Promise<unknown>;
}

function doNotStop<T>(value: T): Started<T> {
  return { value, stop: async () => undefined };
}

/** Everything at once; when one part does not start, those that did are stopped again. */
async function allOrNothing<A, B, C>(
  parts: [Promise<Started<A>>, Promise<Started<B>>, Promise<Started<C>>],
): Promise<[A, B, C]> {
  const settled = await Promise.allSettled(parts);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    for (const one of settled) if (one.status === 'fulfilled') await one.value.stop();
    throw failed.reason;
  }
  const [a, b, c] = await Promise.all(parts);
  return [a.value, b.value, c.value];
}
