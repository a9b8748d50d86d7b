import type { AddressInfo, Socket } from 'node:net';
import { connect as connectSocket, createServer } from 'node:net';
import { Client } from 'pg';
import type { WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import type { DatabaseTruth } from '../../world/api.ts';
import { SEARCH_PATH, SERVICE_TABLES, STATEMENTS_TABLE, statementsSql } from './world-statistics.ts';

export interface LivePostgres {
  /** Opens and ends real connections until the real pg_stat_activity shows what the world says. */
  sync(): Promise<void>;
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

const SYSTEM = 'postgres';
const HOST = '127.0.0.1';
const DATABASE = 'simulated_service';
/** The server allows a hundred; some must be left for those who look. */
const MAX_CONNECTIONS = 90;
/** Connections opened or ended in one go: a pool fills over a while, and so does a small machine. */
const MAX_CHANGES_PER_SYNC = 20;
const SLEEP_SECONDS = 86_400;

interface Load {
  readonly client: Client;
  readonly key: string;
}

type ActivityRow = DatabaseTruth['activity'][number];

/**
 * A real PostgreSQL in front of which the world stands: a forwarder that refuses when the world's database does not
 * answer, real connections that run real statements, and pg_stat_statements as the world counted it.
 */
export async function createLivePostgres(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly truth: () => DatabaseTruth;
  /** A role that may create databases, on the server to be used. */
  readonly adminUrl: string;
}): Promise<LivePostgres> {
  const { faults, log, clock, truth } = options;
  const serviceUrl = await prepareDatabase(options.adminUrl);
  const admin = await connected(serviceUrl, 'simulation-admin');
  const loads: Load[] = [];
  const sockets = new Set<Socket>();
  let syncing: Promise<void> = Promise.resolve();
  let shownStatements = '';

  async function adjust(): Promise<void> {
    const { activity, answers } = truth();
    const wanted = answers ? activity.slice(0, MAX_CONNECTIONS) : [];
    const missing = [...wanted];
    const surplus: Load[] = [];
    for (const load of loads) {
      const index = missing.findIndex((row) => keyOf(row) === load.key);
      if (index >= 0) missing.splice(index, 1);
      else surplus.push(load);
    }
    for (const load of surplus.slice(0, MAX_CHANGES_PER_SYNC)) await endLoad(load);
    for (const row of missing.slice(0, MAX_CHANGES_PER_SYNC)) await startLoad(row);
    const sql = statementsSql(truth());
    if (sql !== shownStatements) await admin.query(sql);
    shownStatements = sql;
  }

  async function startLoad(row: ActivityRow): Promise<void> {
    const client = await connected(serviceUrl, row.applicationName);
    const load = { client, key: keyOf(row) };
    loads.push(load);
    client.on('end', () => forget(load));
    await run(client, row);
  }

  async function endLoad(load: Load): Promise<void> {
    forget(load);
    const { processID } = load.client as unknown as { readonly processID: number };
    // Hanging up would leave the backend asleep in its statement.
    await admin.query('SELECT pg_terminate_backend($1)', [processID]);
    await load.client.end().catch(() => undefined);
  }

  function forget(load: Load): void {
    const index = loads.indexOf(load);
    if (index >= 0) loads.splice(index, 1);
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const fault = faults.take(
      SYSTEM,
      ({ kind }) => kind === 'down' || kind === 'refused' || kind === 'timeout' || kind === 'half-open',
    );
    const entry = { system: SYSTEM, atMs: clock(), method: 'CONNECT', path: '/', fault: fault?.kind ?? null, note: '' };
    if (fault?.kind === 'timeout' || fault?.kind === 'half-open') {
      log.record({ ...entry, status: null });
      return void socket.resume();
    }
    if (fault !== null || !truth().answers) {
      log.record({ ...entry, status: null, note: 'connection refused' });
      return void socket.resetAndDestroy();
    }
    log.record({ ...entry, status: 200 });
    forward(socket, serviceUrl, sockets);
  });

  return {
    sync() {
      syncing = syncing.then(adjust);
      return syncing;
    },
    async listen(port = 0) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, HOST, () => resolve());
      });
      const bound = (server.address() as AddressInfo).port;
      const url = new URL(serviceUrl);
      url.hostname = HOST;
      url.port = String(bound);
      return { url: url.toString(), port: bound };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
      await syncing.catch(() => undefined);
      for (const load of [...loads]) await endLoad(load);
      await admin.end();
    },
  };
}

async function prepareDatabase(adminUrl: string): Promise<string> {
  const admin = await connected(adminUrl, 'simulation-admin');
  try {
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await admin.query(`CREATE DATABASE ${DATABASE}`);
    await admin.query(`ALTER DATABASE ${DATABASE} SET search_path = ${SEARCH_PATH}`);
  } finally {
    await admin.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${DATABASE}`;
  const service = await connected(url.toString(), 'simulation-admin');
  try {
    await service.query(`${STATEMENTS_TABLE}${SERVICE_TABLES}`);
    await service.query('ANALYZE public.requests');
  } finally {
    await service.end();
  }
  return url.toString();
}

async function connected(url: string, applicationName: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 5000,
  });
  // A terminated backend is what we ask for.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function run(client: Client, row: ActivityRow): Promise<void> {
  if (row.state === 'active') {
    // The statement's own text comes first, so that pg_stat_activity shows it; the sleep keeps it running.
    client
      .query(`${row.query}; SELECT pg_sleep(${SLEEP_SECONDS})`)
      .catch((error: { code?: string }) => {
        // Placeholders and tables of its own make a statement that cannot run here; it is shown as a comment instead.
        if (error.code?.startsWith('42') !== true) return undefined;
        return client.query(`/* ${row.query.replaceAll('*/', '* /')} */ SELECT pg_sleep(${SLEEP_SECONDS})`);
      })
      .catch(() => undefined);
    return;
  }
  if (row.state === 'idle in transaction') await client.query('BEGIN');
  await client
    .query(row.query === '' ? 'SELECT 1' : `SELECT 1 /* ${row.query.replaceAll('*/', '* /')} */`)
    .catch(() => undefined);
}

function forward(socket: Socket, serviceUrl: string, sockets: Set<Socket>): void {
  const { hostname, port } = new URL(serviceUrl);
  const upstream = connectSocket({ host: hostname, port: Number(port || 5432) });
  sockets.add(upstream);
  upstream.on('error', () => socket.destroy());
  upstream.on('close', () => {
    sockets.delete(upstream);
    socket.destroy();
  });
  socket.on('close', () => upstream.destroy());
  socket.pipe(upstream);
  upstream.pipe(socket);
}

function keyOf(row: ActivityRow): string {
  return `${row.state}|${row.applicationName}|${row.query}`;
}
