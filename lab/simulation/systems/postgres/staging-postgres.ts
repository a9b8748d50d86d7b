import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import type { DatabaseTruth } from '../../world/api.ts';
import { createVirtualPostgres, type VirtualPostgres } from './virtual-postgres.ts';

const HOST = '127.0.0.1';
const QUIET: DatabaseTruth = { answers: true, maxConnections: 20, activity: [], statements: [] };

export interface StagingPostgres {
  listen(): Promise<{ readonly url: string }>;
  close(): Promise<void>;
}

/**
 * The database of the staging environment: the same tables, nobody's work. Few plays ever ask for it, so it is started
 * at the first connection.
 */
export function createStagingPostgres(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
}): StagingPostgres {
  let inner: Promise<{ readonly postgres: VirtualPostgres; readonly port: number }> | null = null;
  const sockets = new Set<Socket>();
  const started = () => {
    inner ??= createVirtualPostgres({ ...options, truth: () => QUIET }).then(async (postgres) => ({
      postgres,
      port: (await postgres.listen()).port,
    }));
    return inner;
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.pause();
    started().then(
      ({ port }) => {
        const through = connect(port, HOST);
        through.on('error', () => socket.destroy());
        socket.pipe(through).pipe(socket);
      },
      () => socket.destroy(),
    );
  });
  return {
    async listen() {
      await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
      return { url: `postgres://noa:simulated@${HOST}:${(server.address() as AddressInfo).port}/noa` };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      if (inner !== null) await (await inner).postgres.close();
    },
  };
}
