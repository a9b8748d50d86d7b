import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { VirtualPostgres } from '../../../simulation/systems/postgres/virtual-postgres.ts';
import { createVirtualPostgres } from '../../../simulation/systems/postgres/virtual-postgres.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';
import { StillWorld } from './still-world.ts';

const START_MS = Date.parse('2024-10-23T14:30:00Z');
const world = new StillWorld(START_MS);
const faults = new WireFaults();
const clients: Client[] = [];
let postgres: VirtualPostgres;
let url: string;

beforeAll(async () => {
  postgres = await createVirtualPostgres({
    clock: () => world.nowMs,
    faults,
    log: new WireLedger(),
    truth: () => world.database(),
  });
  ({ url } = await postgres.listen());
}, 30_000);

afterEach(async () => {
  faults.clearAll();
  world.databaseTruth = { answers: true, maxConnections: 100, activity: [], statements: [] };
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
});

afterAll(() => postgres.close());

async function connect(more: Record<string, unknown> = {}): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3000, ...more });
  client.on('error', () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

function row(pid: number, state: 'active' | 'idle', secondsAgo: number) {
  const query = "SELECT * FROM requests WHERE status = 'pending'";
  return {
    pid,
    state,
    query,
    queryStartMs: world.nowMs - secondsAgo * 1000,
    applicationName: 'noa-mcp',
    waitEventType: null,
  };
}

describe("the world's statistics", () => {
  it('are what pg_stat_activity says, with world time', async () => {
    world.databaseTruth = {
      ...world.databaseTruth,
      activity: [row(11, 'active', 12), row(12, 'active', 3), row(13, 'idle', 60)],
    };
    const client = await connect();
    const active = await client.query("SELECT count(*) FROM pg_stat_activity WHERE state = 'active'");
    expect(active.rows).toEqual([{ count: '2' }]);
    const longest = await client.query(
      "SELECT max(extract(epoch FROM now() - query_start))::float8 AS seconds FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()",
    );
    expect(longest.rows).toEqual([{ seconds: 12 }]);
    world.nowMs += 60_000;
    world.databaseTruth = { ...world.databaseTruth, activity: [] };
    expect((await client.query('SELECT now()')).rows[0].now.getTime()).toBe(world.nowMs);
    expect((await client.query('SELECT * FROM pg_stat_activity')).rowCount).toBe(0);
    expect((await client.query('SHOW max_connections')).rows).toEqual([{ max_connections: '100' }]);
  });

  it('are what pg_stat_statements says', async () => {
    const slow = {
      query: 'SELECT * FROM requests WHERE status = $1',
      calls: 40,
      totalExecMs: 240_000,
      meanExecMs: 6000,
    };
    world.databaseTruth = {
      ...world.databaseTruth,
      statements: [slow, { query: 'SELECT 1', calls: 9, totalExecMs: 9, meanExecMs: 1 }],
    };
    const client = await connect();
    const { rows } = await client.query(
      'SELECT query, mean_exec_time, calls FROM pg_stat_statements WHERE mean_exec_time > 1000',
    );
    expect(rows).toEqual([{ query: slow.query, mean_exec_time: 6000, calls: '40' }]);
  });
});

describe('real statements', () => {
  it('plan, index and read real rows', async () => {
    const client = await connect();
    expect((await client.query('SELECT $1::int + 1 AS two', [1])).rows).toEqual([{ two: 2 }]);
    const sql =
      "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM requests WHERE status = 'pending' AND created_at < now() - interval '1 hour'";
    const before = JSON.stringify((await client.query(sql)).rows);
    expect(before).toContain('Seq Scan');
    await client.query('CREATE INDEX CONCURRENTLY requests_status_created ON requests (status, created_at)');
    const { rows } = await client.query(
      "SELECT indisvalid FROM pg_index WHERE indexrelid = 'requests_status_created'::regclass",
    );
    expect(rows).toEqual([{ indisvalid: true }]);
    await client.query('DROP INDEX requests_status_created');
    expect(postgres.statements.map((entry) => entry.sql)).toContain(sql);
  });
});

describe('several clients', () => {
  it('are connected at once, each with its own settings', async () => {
    const reader = await connect({ options: '-c default_transaction_read_only=on', statement_timeout: 2000 });
    const writer = await connect();
    await writer.query('CREATE TABLE notes (id int)');
    await expect(reader.query('CREATE TABLE more_notes (id int)')).rejects.toMatchObject({ code: '25006' });
    expect((await reader.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '2s' }]);
    expect((await writer.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
    await writer.query('DROP TABLE notes');
  });

  it('wait while one is in a transaction, and go on when it is gone', async () => {
    const first = await connect();
    const second = await connect();
    await first.query('BEGIN');
    await first.query('CREATE TABLE half_done (id int)');
    let done = false;
    const waiting = second.query('SELECT 1 AS one').then(({ rows }) => {
      done = true;
      return rows;
    });
    await first.query('SELECT 1');
    expect(done).toBe(false);
    await first.end();
    expect(await waiting).toEqual([{ one: 1 }]);
    await expect(second.query('SELECT * FROM half_done')).rejects.toMatchObject({ code: '42P01' });
  });
});

describe('trouble', () => {
  it('is a refused connection when the world says that the database does not answer', async () => {
    world.databaseTruth = { ...world.databaseTruth, answers: false };
    await expect(connect()).rejects.toThrow();
    world.databaseTruth = { ...world.databaseTruth, answers: true };
    expect((await (await connect()).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('comes as faults of the wire', async () => {
    faults.set('postgres', { kind: 'refused', times: 1 });
    await expect(connect()).rejects.toThrow();
    faults.set('postgres', { kind: 'unauthorised', times: 1 });
    await expect(connect()).rejects.toMatchObject({ code: '28P01' });
    faults.set('postgres', { kind: 'rate-limited', retryAfterSeconds: 1, times: 1 });
    await expect(connect()).rejects.toMatchObject({ code: '53300' });
    faults.set('postgres', { kind: 'timeout', times: 1 });
    await expect(connect({ connectionTimeoutMillis: 100 })).rejects.toThrow(/timeout/);
    const client = await connect();
    faults.set('postgres', { kind: 'error-500', times: 1 });
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: 'XX000' });
    faults.set('postgres', { kind: 'lost-answer', times: 1 });
    await expect(client.query('CREATE TABLE kept (id int)')).rejects.toThrow();
    await expect((await connect()).query('DROP TABLE kept')).resolves.toMatchObject({ command: 'DROP' });
  });
});
