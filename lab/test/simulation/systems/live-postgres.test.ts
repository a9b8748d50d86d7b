import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LivePostgres } from '../../../simulation/systems/postgres/live-postgres.ts';
import { createLivePostgres } from '../../../simulation/systems/postgres/live-postgres.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';
import { StillWorld } from './still-world.ts';

const ROOT = '/usr/lib/postgresql';
const BIN = existsSync(ROOT) ? join(ROOT, readdirSync(ROOT).sort().at(-1) ?? '', 'bin') : null;
const AS_ROOT = process.getuid?.() === 0;

/** PostgreSQL refuses to run as root, so root borrows the user that Debian's package made. */
function run(program: string, args: readonly string[]): void {
  const path = join(BIN ?? '', program);
  if (AS_ROOT) execFileSync('runuser', ['-u', 'postgres', '--', path, ...args], { stdio: 'ignore', cwd: '/' });
  else execFileSync(path, [...args], { stdio: 'ignore' });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', () => resolve()));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe.skipIf(BIN === null)("a real PostgreSQL (needs Debian's postgresql)", () => {
  const world = new StillWorld(Date.parse('2026-03-03T09:00:00Z'));
  const faults = new WireFaults();
  const query = "SELECT * FROM requests WHERE status = 'pending'";
  let directory: string;
  let live: LivePostgres;
  let url: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'live-postgres-'));
    if (AS_ROOT) execFileSync('chown', ['postgres', directory]);
    const port = await freePort();
    run('initdb', ['-D', directory, '-U', 'admin', '--auth=trust', '--no-sync']);
    run('pg_ctl', [
      '-D',
      directory,
      '-w',
      '-l',
      join(directory, 'log'),
      '-o',
      `-p ${port} -h 127.0.0.1 -k ${directory} -F`,
      'start',
    ]);
    live = await createLivePostgres({
      clock: () => world.nowMs,
      faults,
      log: new WireLedger(),
      truth: () => world.database(),
      adminUrl: `postgres://admin@127.0.0.1:${port}/postgres`,
    });
    ({ url } = await live.listen());
  }, 60_000);

  afterAll(async () => {
    await live?.close();
    run('pg_ctl', ['-D', directory, '-w', '-m', 'immediate', 'stop']);
    rmSync(directory, { recursive: true, force: true });
  }, 30_000);

  async function counted(): Promise<Record<string, number>> {
    const client = new Client({ connectionString: url });
    await client.connect();
    const sql = "SELECT state, count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'noa-mcp' GROUP BY 1";
    const { rows } = await client.query<{ state: string; n: number }>(sql);
    const shown = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '${query.replaceAll("'", "''")}%'`,
    );
    await client.end();
    return { ...Object.fromEntries(rows.map((row) => [row.state, row.n])), showsQuery: shown.rowCount ?? 0 };
  }

  function activity(active: number, idle: number) {
    const row = (pid: number, state: 'active' | 'idle') => ({
      pid,
      state,
      query,
      queryStartMs: world.nowMs,
      applicationName: 'noa-mcp',
      waitEventType: null,
    });
    return [
      ...Array.from({ length: active }, (_, i) => row(i, 'active')),
      ...Array.from({ length: idle }, (_, i) => row(100 + i, 'idle')),
    ];
  }

  it('shows as many real connections as the world says, and lets them go again', async () => {
    world.databaseTruth = {
      ...world.databaseTruth,
      activity: activity(12, 3),
      statements: [{ query, calls: 5, totalExecMs: 30_000, meanExecMs: 6000 }],
    };
    await live.sync();
    expect(await counted()).toEqual({ active: 12, idle: 3, showsQuery: 12 });
    world.databaseTruth = { ...world.databaseTruth, activity: activity(2, 3) };
    await live.sync();
    expect(await counted()).toEqual({ active: 2, idle: 3, showsQuery: 2 });
    const client = new Client({ connectionString: url });
    await client.connect();
    expect((await client.query('SELECT query, mean_exec_time FROM pg_stat_statements')).rows).toEqual([
      { query, mean_exec_time: 6000 },
    ]);
    await client.end();
  }, 20_000);

  it('refuses when the world says that it does not answer', async () => {
    world.databaseTruth = { ...world.databaseTruth, answers: false };
    await expect(new Client({ connectionString: url }).connect()).rejects.toThrow();
    world.databaseTruth = { ...world.databaseTruth, answers: true };
  });
});
