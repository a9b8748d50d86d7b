import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { WireFault, WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import type { CacheTruth } from '../../world/api.ts';
import { answerCommand, type RedisSession } from './commands.ts';
import { bulk, error, readCommand } from './resp.ts';

export interface Redis {
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

const SYSTEM = 'redis';
const HOST = '127.0.0.1';

/** A Redis on the wire (RESP2, and RESP3 after HELLO 3) that answers what people ask it in an incident. */
export function createRedis(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly truth: () => CacheTruth;
  /** Asked of every client when it is given. */
  readonly password?: string;
}): Redis {
  const { clock, faults, log, truth, password = null } = options;
  const sockets = new Set<Socket>();
  let nextClientId = 3;
  const note = (method: string, status: number | null, fault: WireFault | null, words = '') =>
    log.record({ system: SYSTEM, atMs: clock(), method, path: '/', status, fault: fault?.kind ?? null, note: words });
  const take = (...kinds: WireFault['kind'][]) => faults.take(SYSTEM, ({ kind }) => kinds.includes(kind));

  function onConnection(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const fault = take('down', 'refused', 'timeout', 'half-open', 'rate-limited');
    if (fault?.kind === 'timeout' || fault?.kind === 'half-open') {
      note('CONNECT', null, fault);
      // It takes what it is told and says nothing.
      socket.resume();
      return;
    }
    if (fault?.kind === 'rate-limited') {
      note('CONNECT', 500, fault);
      socket.end(error('ERR max number of clients reached'));
      return;
    }
    if (fault !== null || !truth().answers) {
      note('CONNECT', null, fault, 'connection refused');
      socket.resetAndDestroy();
      return;
    }
    nextClientId += 1;
    const session: RedisSession = { id: nextClientId, protocol: 2, trusted: password === null };
    let buffer: Buffer = Buffer.alloc(0);
    let working: Promise<void> = Promise.resolve();
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (;;) {
        const next = readCommand(buffer);
        if (next === null) return;
        buffer = buffer.subarray(next.bytes);
        if (next.words === null) return void socket.end(error('ERR Protocol error: invalid multibulk length'));
        const words = next.words;
        working = working
          .then(() => log.during(() => answer(socket, session, words)))
          .catch(() => void socket.destroy());
      }
    });
  }

  async function answer(socket: Socket, session: RedisSession, words: readonly string[]): Promise<void> {
    if (socket.destroyed || words.length === 0) return;
    const slow = take('slow');
    if (slow?.kind === 'slow') await log.sleep(slow.seconds);
    if (!truth().answers) return void socket.resetAndDestroy();
    const fault = take('error-500', 'error-503', 'unauthorised', 'malformed', 'lost-answer', 'reset-mid-body');
    note((words[0] ?? '').toUpperCase(), fault === null ? 200 : null, fault);
    const refusal = fault === null ? undefined : REFUSALS[fault.kind];
    if (refusal !== undefined) return void socket.write(refusal);
    const bytes = answerCommand({ session, words, truth: truth(), nowMs: clock(), password });
    if (fault?.kind === 'lost-answer') return void socket.destroy();
    if (fault?.kind === 'reset-mid-body')
      return void socket.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => socket.resetAndDestroy());
    socket.write(bytes);
    if (words[0]?.toUpperCase() === 'QUIT') socket.end();
  }

  const server = createServer(onConnection);
  return {
    async listen(port = 0) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, HOST, () => resolve());
      });
      const bound = (server.address() as AddressInfo).port;
      const secret = password === null ? '' : `:${encodeURIComponent(password)}@`;
      return { url: `redis://${secret}${HOST}:${bound}`, port: bound };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What the real server says in these situations. */
const REFUSALS: Partial<Record<WireFault['kind'], Buffer>> = {
  'error-500': error('ERR internal error'),
  'error-503': error('LOADING Redis is loading the dataset in memory'),
  unauthorised: error('WRONGPASS invalid username-password pair or user is disabled.'),
  malformed: Buffer.concat([Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), bulk('?')]),
};
