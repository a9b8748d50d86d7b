import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type EmbeddedPostgres,
  type PostgresOptions,
  removePostgresData,
  startPostgres,
} from '../../embedded/postgres.ts';
import { canReach, findPostgres, userToRunAs } from '../../embedded/postgres-binaries.ts';
import { waitForEnd } from '../../embedded/process-table.ts';
import { killOwner, startOwner } from './owner-process.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postgres-test-'));
  chmodSync(folder, 0o755); // PostgreSQL's user must be able to pass through it
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function has(only: 'machine' | 'npm'): Promise<boolean> {
  return findPostgres({ only, runAs: await userToRunAs() }).then(
    () => true,
    () => false,
  );
}

function optionsFor(name: string, more: Partial<PostgresOptions> = {}): PostgresOptions {
  const dataDir = join(folder, name);
  return { dataDir, logFile: `${dataDir}.log`, settings: { fsync: 'off' }, ...more };
}

async function ask(url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(query)).rows;
  } finally {
    await client.end();
  }
}

for (const only of ['machine', 'npm'] as const) {
  const there = await has(only);
  describe.skipIf(!there)(`PostgreSQL, ${only === 'npm' ? "npm's binaries" : "the machine's binaries"}`, () => {
    let server: EmbeddedPostgres;
    const options = (): PostgresOptions => optionsFor(only, { only, stateFile: join(folder, `${only}.json`) });

    beforeAll(async () => {
      server = await startPostgres(options());
    });
    afterAll(async () => {
      await server.stop();
    });

    it('serves a database of its own, on the loopback interface alone, as somebody other than root', async () => {
      expect(server.source === 'npm').toBe(only === 'npm');
      const rows = await ask(server.url, "SELECT current_database(), current_setting('listen_addresses') AS listens");
      expect(rows).toEqual([{ current_database: 'incident', listens: '127.0.0.1' }]);
      expect(statSync(`/proc/${server.pid}`, { throwIfNoEntry: false })?.uid).not.toBe(0);
    });

    it('asks for the password', async () => {
      await expect(ask(server.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
    });

    it('creates and drops databases, whatever their names', async () => {
      const url = await server.createDatabase('odd "name"');
      expect(await server.createDatabase('odd "name"')).toBe(url);
      expect(await ask(url, 'SELECT current_database()')).toEqual([{ current_database: 'odd "name"' }]);
      await server.dropDatabase('odd "name"');
      await server.dropDatabase('odd "name"');
      await expect(ask(url, 'SELECT 1')).rejects.toThrow(/does not exist/);
    });

    it('has statement statistics', async () => {
      await ask(server.url, 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
      const [row] = await ask(server.url, 'SELECT count(*)::int AS calls FROM pg_stat_statements');
      expect(row?.calls).toBeGreaterThan(0);
    });

    it('comes back with its data after SIGKILL, at the same port', async () => {
      await ask(server.url, 'CREATE TABLE kept AS SELECT 42 AS answer; CHECKPOINT');
      const { port } = server;
      await server.kill();
      server = await startPostgres({ ...options(), port });
      expect(await ask(server.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    });

    it('refuses to start twice for one state file', async () => {
      await expect(startPostgres(options())).rejects.toThrow(/already running for process/);
    });
  });
}

describe('PostgreSQL in bad company', () => {
  it('ends when its owner gets SIGKILL, and the next start finds the data', async () => {
    const options = optionsFor('orphan');
    const { owner, pid } = await startOwner({ kind: 'postgres', options });
    await killOwner(owner);
    const next = await startPostgres(options); // waits for the leaving server
    expect(await waitForEnd(pid, 0)).toBe(true);
    expect(await ask(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await next.stop();
  });

  it('is not kept from starting by a lock whose number now belongs to another process', async () => {
    const options = optionsFor('stale');
    await (await startPostgres(options)).stop();
    writeFileSync(join(options.dataDir, 'postmaster.pid'), `${process.pid}\n${options.dataDir}\n0\n5432\n`);
    const said: string[] = [];
    const next = await startPostgres({ ...options, log: (line) => said.push(line) });
    expect(said.join()).toContain('Removing the lock of a PostgreSQL that crashed');
    await next.stop();
  });

  it('says which binaries are missing for data of another major version', async () => {
    const options = optionsFor('foreign');
    mkdirSync(options.dataDir);
    writeFileSync(join(options.dataDir, 'PG_VERSION'), '9\n');
    await expect(startPostgres(options)).rejects.toThrow(/PostgreSQL 9, which wrote the data, was not found/);
  });

  it('says that POSTGRES_BIN_DIR is wrong', async () => {
    await expect(findPostgres({ env: { POSTGRES_BIN_DIR: '/nowhere' } })).rejects.toThrow(
      /POSTGRES_BIN_DIR is \/nowhere/,
    );
  });

  it("passes the machine's by with POSTGRES_BIN_DIR=none", async () => {
    const runAs = await userToRunAs();
    const found = findPostgres({ env: { ...process.env, POSTGRES_BIN_DIR: 'none' }, only: 'machine', runAs });
    await expect(found).rejects.toThrow(/was not found/);
  });

  it('passes through a closed temporary folder, and keeps its data elsewhere when it may not pass', async () => {
    const inTemporary = join(mkdtempSync(join(folder, 'closed-')), 'data');
    const cache = join(import.meta.dirname, '../../../.cache');
    mkdirSync(cache, { recursive: true });
    const closed = mkdtempSync(join(cache, 'closed-'));
    const isRoot = process.getuid?.() === 0;
    try {
      const first = await startPostgres(optionsFor('first', { dataDir: inTemporary }));
      await first.stop();
      expect(first.dataDir).toBe(inTemporary);
      expect(await canReach(closed, await userToRunAs())).toBe(!isRoot);
      const said: string[] = [];
      const second = await startPostgres(
        optionsFor('second', { dataDir: join(closed, 'data'), log: (line) => said.push(line) }),
      );
      await second.stop();
      await removePostgresData(second.dataDir);
      // A checkout inside the temporary folder is ours to open, like the first; any other is left as it is.
      const elsewhere = isRoot && !closed.startsWith(realpathSync(tmpdir()));
      expect(second.dataDir === join(closed, 'data')).toBe(!elsewhere);
      expect(said.join().includes(`its data is in ${second.dataDir}`)).toBe(elsewhere);
    } finally {
      rmSync(closed, { recursive: true, force: true });
    }
  });
});
