import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { WireFault, WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import type { DatabaseTruth, ReplicaTruth } from '../../world/api.ts';
import { promotes, REPLICA_SEARCH_PATH, replicationSql } from './replica-functions.ts';
import { lendDatabase } from './template.ts';
import { errorResponse, queryMessage, readStartUp, readyForQuery, takeBatch, welcome } from './wire-protocol.ts';
import { SEARCH_PATH, statisticsSql } from './world-statistics.ts';

/** A statement that a client ran, for the judge. */
export interface DatabaseEntry {
  readonly atMs: number;
  readonly applicationName: string;
  readonly sql: string;
}

export interface VirtualPostgres {
  readonly statements: readonly DatabaseEntry[];
  /** Each time the replica became a primary, for the judge. */
  readonly promotions: readonly { readonly atMs: number }[];
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  /** The replica's own address. */
  listenReplica(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

const SYSTEM = 'postgres';
const HOST = '127.0.0.1';
const DATABASE = 'noa';
const USER = 'noa';
/** Real time after which a client that sits in a transaction is thrown out: the others are waiting. */
const TRANSACTION_LIMIT_MS = 15_000;

/**
 * PostgreSQL on the wire with world-timed statistics. There is one real session (PGlite); the clients take turns in it,
 * a whole batch at a time and a transaction for as long as it lasts, each with its own settings.
 */
export async function createVirtualPostgres(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly truth: () => DatabaseTruth;
  /** The streaming replica, and what happens when it is promoted; without them there is none. */
  readonly replica?: { readonly truth: () => ReplicaTruth; readonly promote: () => void };
  /** A folder in which the empty cluster is kept, so that it is made once and not for every play. */
  readonly templateFolder?: string | undefined;
}): Promise<VirtualPostgres> {
  const { clock, faults, log, truth, replica = null } = options;
  const { db, giveBack } = await lendDatabase(options.templateFolder ?? null, truth().maxConnections);
  const { rows } = await db.query<{ server_version: string }>('SHOW server_version');
  const version = rows[0]?.server_version ?? '';
  const statements: DatabaseEntry[] = [];
  const promotions: { readonly atMs: number }[] = [];
  const isUp = (role: Role) => (role === 'replica' ? (replica?.truth().present ?? false) : truth().answers);
  const sockets = new Set<Socket>();
  const turns = new Turns();
  let lastSession: Session | null = null;
  let shown = '';
  let nextPid = 500;

  const note = (method: string, path: string, status: number | null, fault: WireFault | null, words = '') =>
    log.record({ system: SYSTEM, atMs: clock(), method, path, status, fault: fault?.kind ?? null, note: words });
  const take = (...kinds: WireFault['kind'][]) => faults.take(SYSTEM, ({ kind }) => kinds.includes(kind));

  /** The world may have moved since the last batch; inside a transaction nothing moves, as in a real snapshot. */
  async function showWorld(): Promise<void> {
    const statistics = statisticsSql({ nowMs: clock(), truth: truth(), database: DATABASE, user: USER });
    const sql = replica === null ? statistics : `${statistics};\n${replicationSql(replica.truth())}`;
    if (sql === shown) return;
    await db.exec(sql);
    shown = sql;
  }

  async function runBatch(session: Session, batch: Buffer): Promise<Buffer> {
    if (!db.isInTransaction()) {
      if (lastSession !== session) await exec(`RESET ALL; SET search_path = ${SEARCH_PATHS[session.role]}`);
      await showWorld();
      if (lastSession !== session) for (const sql of session.settings) await exec(sql);
      // A standby only reads, whatever its sessions ask for.
      if (session.role === 'replica' && replica?.truth().promoted === false)
        await exec('SET default_transaction_read_only = on');
      lastSession = session;
    }
    const answer = Buffer.from(await db.execProtocolRaw(new Uint8Array(batch)));
    if (session.role === 'replica' && sqlOf(batch).some(promotes) && !hasError(answer)) promoteReplica();
    return answer;
  }

  function promoteReplica(): void {
    if (replica === null || replica.truth().promoted) return;
    replica.promote();
    promotions.push({ atMs: clock() });
  }

  /** Through the protocol and not `db.exec`, because a setting that PostgreSQL does not know must not end the play. */
  async function exec(sql: string): Promise<void> {
    await db.execProtocolRaw(new Uint8Array(queryMessage(sql)));
  }

  function onConnection(socket: Socket, role: Role): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const fault = take('down', 'refused', 'timeout', 'half-open');
    if (fault?.kind === 'timeout' || fault?.kind === 'half-open') {
      note('CONNECT', '/', null, fault);
      // A half-open connection takes the start-up and says nothing more.
      socket.resume();
      return;
    }
    if (fault !== null || !isUp(role)) {
      note('CONNECT', '/', null, fault, 'connection refused');
      socket.resetAndDestroy();
      return;
    }
    serve(socket, role);
  }

  function serve(socket: Socket, role: Role): void {
    let buffer: Buffer = Buffer.alloc(0);
    let session: Session | null = null;
    let working = false;
    const work = async (): Promise<void> => {
      while (!socket.destroyed) {
        if (session === null) {
          const step = readStartUp(buffer);
          if (step.kind === 'incomplete') return;
          if (step.kind === 'encryption') socket.write('N');
          else if (step.kind !== 'start') return void socket.destroy();
          buffer = buffer.subarray(step.bytes);
          if (step.kind === 'start') session = await begin(socket, role, step.parameters);
          continue;
        }
        const next = takeBatch(buffer);
        if (next === null) return;
        buffer = next.rest;
        if (next.ends === 'terminate') return void socket.end();
        const { batch } = next;
        const asked = session;
        await log.during(() => answer(socket, asked, batch));
      }
    };
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      if (working) return;
      working = true;
      work()
        .catch(() => socket.destroy())
        .finally(() => {
          working = false;
        });
    });
    socket.on('close', () => {
      if (session !== null) turns.leave(session, () => exec('ROLLBACK'));
    });
  }

  async function begin(socket: Socket, role: Role, parameters: ReadonlyMap<string, string>): Promise<Session | null> {
    const fault = take('unauthorised', 'error-503', 'rate-limited', 'malformed');
    if (fault !== null) {
      note('CONNECT', '/', 500, fault);
      if (fault.kind === 'malformed') socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      else socket.end(FATAL[fault.kind] ?? errorResponse('FATAL', '57P03', 'the database system is starting up'));
      return null;
    }
    nextPid += 1;
    const session: Session = {
      role,
      applicationName: parameters.get('application_name') ?? '',
      settings: settingsOf(parameters),
    };
    const statuses = new Map([
      ['server_version', version],
      ['server_encoding', 'UTF8'],
      ['client_encoding', 'UTF8'],
      ['DateStyle', 'ISO, MDY'],
      ['TimeZone', 'GMT'],
      ['integer_datetimes', 'on'],
      ['standard_conforming_strings', 'on'],
    ]);
    socket.write(welcome(statuses, nextPid));
    note('CONNECT', '/', 200, null, session.applicationName);
    return session;
  }

  async function answer(socket: Socket, session: Session, batch: Buffer): Promise<void> {
    const sql = sqlOf(batch);
    statements.push(...sql.map((one) => ({ atMs: clock(), applicationName: session.applicationName, sql: one })));
    const slow = take('slow');
    if (slow?.kind === 'slow') await log.sleep(slow.seconds);
    if (!isUp(session.role)) return void socket.resetAndDestroy();
    const fault = take('error-500', 'lost-answer', 'reset-mid-body', 'timeout', 'half-open');
    note('QUERY', '/', fault === null ? 200 : null, fault, sql[0]?.slice(0, 80) ?? '');
    if (fault?.kind === 'timeout' || fault?.kind === 'half-open') return;
    if (fault?.kind === 'error-500') {
      socket.write(Buffer.concat([errorResponse('ERROR', 'XX000', 'internal error'), readyForQuery()]));
      return;
    }
    const bytes = await turns.take(session, {
      run: () => runBatch(session, batch),
      inTransaction: () => db.isInTransaction(),
      throwOut: async () => {
        await exec('ROLLBACK');
        socket.end(errorResponse('FATAL', '25P03', 'terminating connection due to idle-in-transaction timeout'));
      },
    });
    if (fault === null) socket.write(bytes);
    else if (fault.kind === 'lost-answer') socket.destroy();
    else socket.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => socket.resetAndDestroy());
  }

  const servers: Readonly<Record<Role, Server>> = {
    primary: createServer((socket) => onConnection(socket, 'primary')),
    replica: createServer((socket) => onConnection(socket, 'replica')),
  };
  async function listenAs(role: Role, port: number) {
    const server = servers[role];
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, HOST, () => resolve());
    });
    const bound = (server.address() as AddressInfo).port;
    return { url: `postgres://${USER}@${HOST}:${bound}/${DATABASE}`, port: bound };
  }
  return {
    statements,
    promotions,
    listen: (port = 0) => listenAs('primary', port),
    listenReplica: (port = 0) => listenAs('replica', port),
    async close() {
      for (const socket of sockets) socket.destroy();
      for (const server of Object.values(servers))
        if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
      await turns.idle();
      await giveBack();
    },
  };
}

type Role = 'primary' | 'replica';

const SEARCH_PATHS: Readonly<Record<Role, string>> = { primary: SEARCH_PATH, replica: REPLICA_SEARCH_PATH };

interface Session {
  readonly role: Role;
  readonly applicationName: string;
  readonly settings: readonly string[];
}

const FATAL: Partial<Record<WireFault['kind'], Buffer>> = {
  unauthorised: errorResponse('FATAL', '28P01', 'password authentication failed for user "noa"'),
  'rate-limited': errorResponse('FATAL', '53300', 'sorry, too many clients already'),
};

/** Settings that come with the connection: known parameters, and `options: '-c name=value …'`. */
function settingsOf(parameters: ReadonlyMap<string, string>): string[] {
  const settings: [string, string][] = [];
  for (const [name, value] of parameters) {
    if (!['user', 'database', 'options', 'replication', 'client_encoding'].includes(name)) settings.push([name, value]);
  }
  for (const match of (parameters.get('options') ?? '').matchAll(/(?:-c\s*|--)([\w.]+)=((?:\\.|\S)*)/g)) {
    settings.push([match[1] ?? '', (match[2] ?? '').replace(/\\(.)/g, '$1')]);
  }
  return settings
    .filter(([name]) => /^[\w.]+$/.test(name))
    .map(([name, value]) => `SET ${name} = '${value.replaceAll("'", "''")}'`);
}

/** Whether an answer has an ErrorResponse among its messages. */
function hasError(answer: Buffer): boolean {
  for (let offset = 0; offset + 5 <= answer.length; offset += 1 + answer.readInt32BE(offset + 1))
    if (answer[offset] === 'E'.charCodeAt(0)) return true;
  return false;
}

/** The texts of simple queries and of parsed statements in a batch. */
function sqlOf(batch: Buffer): string[] {
  const found: string[] = [];
  for (let offset = 0; offset + 5 <= batch.length; offset += 1 + batch.readInt32BE(offset + 1)) {
    const type = String.fromCharCode(batch[offset] ?? 0);
    const body = batch.subarray(offset + 5, offset + 1 + batch.readInt32BE(offset + 1));
    const texts = body.toString('utf8').split('\0');
    const sql = type === 'Q' ? texts[0] : type === 'P' ? texts[1] : undefined;
    if (sql !== undefined && sql !== '') found.push(sql);
  }
  return found;
}

interface Turn {
  run(): Promise<Buffer>;
  inTransaction(): boolean;
  /** Ends a transaction that lasts too long. */
  throwOut(): Promise<void>;
}

/** One client at a time; who is in a transaction keeps the turn until it ends. */
class Turns {
  #holder: Session | null = null;
  #limit: NodeJS.Timeout | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #release: (() => void) | null = null;

  async take(session: Session, turn: Turn): Promise<Buffer> {
    if (this.#holder !== session) await this.#acquire(session);
    if (this.#limit !== null) clearTimeout(this.#limit);
    try {
      return await turn.run();
    } finally {
      if (turn.inTransaction())
        this.#limit = setTimeout(() => this.leave(session, turn.throwOut), TRANSACTION_LIMIT_MS).unref();
      else this.#free();
    }
  }

  /** The client is gone, or has sat in its transaction for too long. */
  leave(session: Session, end: () => Promise<void>): void {
    if (this.#holder !== session) return;
    end().then(
      () => this.#free(),
      () => this.#free(),
    );
  }

  async idle(): Promise<void> {
    await this.#tail;
  }

  async #acquire(session: Session): Promise<void> {
    const before = this.#tail;
    let release: () => void = () => undefined;
    this.#tail = new Promise<void>((resolve) => {
      release = resolve;
    });
    await before;
    this.#holder = session;
    this.#release = release;
  }

  #free(): void {
    if (this.#limit !== null) clearTimeout(this.#limit);
    this.#limit = null;
    this.#holder = null;
    this.#release?.();
    this.#release = null;
  }
}
