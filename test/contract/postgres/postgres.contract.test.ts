import { Client } from 'pg';
import { expect } from 'vitest';
import { createVirtualPostgres } from '../../../lab/simulation/systems/postgres/virtual-postgres.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { StillWorld } from '../../../lab/test/simulation/systems/still-world.ts';
import { createPostgresClient } from '../../../src/activities/postgres/client.ts';
import { contract, type Part } from '../suite.ts';
import { MISSING_POSTGRES, once, rows, startRealPair } from './real-pair.ts';

interface Stage {
  readonly url: string;
  readonly faults: WireFaults | null;
  /** So many sessions that run a statement, sit in a transaction, or wait for a lock. */
  load(active: number, inTransaction: number, waiting: number): Promise<void>;
  slowStatement(): Promise<void>;
  stop(): Promise<void>;
}

const simulator: Part<Stage> = {
  name: 'simulator',
  missing: null,
  async start() {
    const world = new StillWorld(Date.parse('2026-03-03T09:00:00Z'));
    const faults = new WireFaults();
    const truth = () => world.database();
    const postgres = await createVirtualPostgres({ clock: () => world.nowMs, faults, log: new WireLedger(), truth });
    const { url } = await postgres.listen();
    const row = (pid: number, state: 'active' | 'idle in transaction', waitEventType: string | null) => ({
      pid,
      state,
      query: 'SELECT pg_sleep(60)',
      queryStartMs: world.nowMs - 5_000,
      applicationName: 'shop',
      waitEventType,
    });
    return {
      url,
      faults,
      async load(active, inTransaction, waiting) {
        world.databaseTruth = {
          ...world.databaseTruth,
          activity: [
            ...Array.from({ length: active }, (_, i) => row(100 + i, 'active', null)),
            ...Array.from({ length: inTransaction }, (_, i) => row(200 + i, 'idle in transaction', 'Client')),
            ...Array.from({ length: waiting }, (_, i) => row(300 + i, 'active', 'Lock')),
          ],
        };
      },
      async slowStatement() {
        world.databaseTruth = {
          ...world.databaseTruth,
          statements: [{ query: 'SELECT pg_sleep($1)', calls: 1, totalExecMs: 300, meanExecMs: 300 }],
        };
      },
      stop: () => postgres.close(),
    };
  },
  stop: (stage) => stage.stop(),
};

const real: Part<Stage> = {
  name: 'real',
  missing: MISSING_POSTGRES,
  async start() {
    const pair = await startRealPair();
    const clients: Client[] = [];
    const session = async () => {
      const client = new Client({ connectionString: pair.primaryUrl, application_name: 'shop' });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    };
    await once(pair.primaryUrl, 'CREATE TABLE held (id int)');
    return {
      url: pair.primaryUrl,
      faults: null,
      async load(active, inTransaction, waiting) {
        for (let index = 0; index < active; index += 1)
          void (await session()).query('SELECT pg_sleep(60)').catch(() => undefined);
        for (let index = 0; index < inTransaction; index += 1) {
          const holder = await session();
          await holder.query('BEGIN');
          // One of them holds what others wait for.
          await holder.query(index === 0 ? 'LOCK TABLE held IN ACCESS EXCLUSIVE MODE' : 'SELECT 1');
        }
        for (let index = 0; index < waiting; index += 1)
          void (await session()).query('SELECT * FROM held').catch(() => undefined);
        await until(async () => {
          const found = await rows(
            pair.primaryUrl,
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'shop' AND wait_event_type = 'Lock'",
          );
          return found.length >= waiting;
        });
      },
      async slowStatement() {
        // On a busy machine the making of the database itself may have been slower.
        await once(pair.primaryUrl, 'SELECT pg_stat_statements_reset()');
        await once(pair.primaryUrl, 'SELECT pg_sleep(0.3)');
      },
      async stop() {
        await once(
          pair.primaryUrl,
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'shop'",
        );
        await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
        pair.stop();
      },
    };
  },
  stop: (stage) => stage.stop(),
};

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to hold within five seconds');
}

const SECRET = 'planted-dsn-password/41';
const client = (url: string) => createPostgresClient({ connectionString: url, timeoutMilliseconds: 3_000 });

contract<Stage>(
  'PostgreSQL',
  [simulator, real],
  [
    {
      name: 'answers SELECT 1 with the time it took (R2.4)',
      async run(stage) {
        expect(await client(stage.url).answers()).toEqual({
          answers: true,
          milliseconds: expect.any(Number),
          error: null,
        });
      },
    },
    {
      name: 'lists the slowest statements by mean time (R3.3.2, R5.2)',
      async run(stage) {
        await stage.slowStatement();
        const [slowest] = await client(stage.url).slowStatements(1_000);
        expect(slowest).toMatchObject({ query: expect.stringMatching(/^SELECT pg_sleep\(\$1\)/), calls: 1 });
        expect(slowest?.meanMilliseconds).toBeGreaterThan(250);
      },
    },
    {
      name: 'counts connections by state, the longest and those that wait for locks, without itself (R3.1.2)',
      async run(stage) {
        await stage.load(3, 2, 2);
        const activity = await client(stage.url).activity();
        expect(activity).toMatchObject({
          active: 5,
          waitingOnLocks: 2,
          byState: { active: 5, 'idle in transaction': 2 },
        });
        expect(activity.total).toBeGreaterThanOrEqual(7);
        expect(activity.limit).toBeGreaterThan(activity.total);
        expect(activity.longestActiveSeconds).toBeGreaterThanOrEqual(0);
      },
    },
    {
      name: 'lets a probe read and not write',
      async run(stage) {
        const reader = new Client({ connectionString: stage.url, options: '-c default_transaction_read_only=on' });
        await reader.connect();
        await expect(reader.query('CREATE TABLE never (id int)')).rejects.toMatchObject({ code: '25006' });
        await reader.end();
      },
    },
    {
      name: 'never tells a password: not in an answer, not in a failure',
      async run(stage) {
        const url = new URL(stage.url);
        url.password = SECRET;
        url.port = '1';
        const answer = await client(url.toString()).answers();
        const failed = await client(url.toString())
          .activity()
          .catch((error: Error) => error);
        for (const told of [answer, failed]) {
          const text = `${JSON.stringify(told)}${String(told)}${told instanceof Error ? told.stack : ''}`;
          expect(text).not.toContain(SECRET);
          expect(text).not.toContain(encodeURIComponent(SECRET));
        }
        expect(answer).toMatchObject({ answers: false });
      },
    },
    {
      name: 'is full, starting, refusing or damaged when it is told so',
      cannotShow: { real: 'faults that only a simulator can be told to have; their words are the documented ones' },
      async run(stage) {
        const { faults } = stage;
        if (faults === null) throw new Error('only the simulator has faults');
        faults.set('postgres', { kind: 'rate-limited', retryAfterSeconds: 1, times: 1 });
        expect((await client(stage.url).answers()).error).toContain('53300 sorry, too many clients already');
        faults.set('postgres', { kind: 'unauthorised', times: 1 });
        await expect(client(stage.url).activity()).rejects.toMatchObject({ type: 'Unauthorised' });
        faults.set('postgres', { kind: 'error-503', times: 1 });
        expect((await client(stage.url).answers()).error).toContain('the database system is starting up');
        faults.set('postgres', { kind: 'malformed', times: 1 });
        expect(await client(stage.url).answers()).toMatchObject({ answers: false });
        faults.set('postgres', { kind: 'reset-mid-body', times: 1 });
        expect(await client(stage.url).answers()).toMatchObject({ answers: false });
      },
    },
  ],
);
