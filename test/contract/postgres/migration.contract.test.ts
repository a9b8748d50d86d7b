import { expect } from 'vitest';
import { createVirtualPostgres } from '../../../lab/simulation/systems/postgres/virtual-postgres.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { StillWorld } from '../../../lab/test/simulation/systems/still-world.ts';
import { createMigrationActivities } from '../../../src/activities/postgres/activities.ts';
import type { MigrationPreviewInput } from '../../../src/activities/postgres/api.ts';
import { createMigrationClient } from '../../../src/activities/postgres/migrations.ts';
import type { RemedyPlan } from '../../../src/domain/remedy.ts';
import { type DeafProxy, deafProxy } from '../deaf-proxy.ts';
import { contract, type Part } from '../suite.ts';
import { MISSING_POSTGRES, once, rows, startRealPair } from './real-pair.ts';

interface Stage {
  readonly url: string;
  readonly proxy: DeafProxy;
  stop(): Promise<void>;
}

const TABLE = `CREATE TABLE IF NOT EXISTS public.orders (id serial PRIMARY KEY, status text, created_at timestamptz);
INSERT INTO public.orders (status, created_at) SELECT 'open', now() - n * interval '1 s' FROM generate_series(1, 20000) n;
ANALYZE public.orders`;

const simulator: Part<Stage> = {
  name: 'simulator',
  missing: null,
  async start() {
    const world = new StillWorld(Date.parse('2026-03-03T09:00:00Z'));
    const postgres = await createVirtualPostgres({
      clock: () => world.nowMs,
      faults: new WireFaults(),
      log: new WireLedger(),
      truth: () => world.database(),
    });
    const { url } = await postgres.listen();
    return staged(url, () => postgres.close());
  },
  stop: (stage) => stage.stop(),
};

const real: Part<Stage> = {
  name: 'real',
  missing: MISSING_POSTGRES,
  async start() {
    const pair = await startRealPair();
    return staged(pair.primaryUrl, async () => pair.stop());
  },
  stop: (stage) => stage.stop(),
};

async function staged(url: string, stop: () => Promise<void>): Promise<Stage> {
  for (const sql of TABLE.split(';\n')) await once(url, sql);
  const proxy = await deafProxy(url);
  return {
    url,
    proxy,
    async stop() {
      proxy.close();
      await stop();
    },
  };
}

const SLOW = "SELECT * FROM orders WHERE status = 'open' AND created_at > '2099-01-01'";
const INDEX = 'orders_status_created_at_idx';

function activities(stage: Stage, url = stage.url) {
  const client = createMigrationClient({ connectionString: url, timeoutMilliseconds: 5_000 });
  return createMigrationActivities({ production: client, staging: client });
}

const asked = (change: Partial<MigrationPreviewInput>): MigrationPreviewInput => ({
  keyPrefix: 'incident-a/fix',
  at: '2026-03-03T09:00:00.000Z',
  target: { kind: 'database', namespace: 'shop', name: 'shop' },
  sql: null,
  statement: null,
  file: 'db/changes/20260303_orders.sql',
  allowed: ['create-index', 'drop-index'],
  ...change,
});

async function planFor(stage: Stage, change: Partial<MigrationPreviewInput>): Promise<RemedyPlan> {
  const answer = await activities(stage).previewMigration(asked(change));
  if (answer.kind !== 'plan') throw new Error(answer.reason);
  return answer.plan;
}

async function valid(stage: Stage, index: string): Promise<readonly { readonly valid: boolean }[]> {
  return rows(
    stage.url,
    `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = (SELECT oid FROM pg_class WHERE relname = '${index}')`,
  );
}

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['CREATE INDEX x ON orders (status)', /without CONCURRENTLY locks the table against writes/],
  ['CREATE INDEX CONCURRENTLY ON orders (status)', /has no name, so it could not be found again/],
  ['CREATE INDEX CONCURRENTLY a ON orders (id); DROP TABLE orders', /one statement, and this has 2/],
  ['DROP TABLE orders', /Drop is no kind of migration|no kind of migration/],
  ['DROP INDEX orders_pkey', /DROP INDEX without CONCURRENTLY/],
  ['UPDATE orders SET status = NULL', /Update is no kind of migration/],
  ['CREATE INDX x ON orders (status)', /does not understand it in line 1: syntax error at or near "INDX"/],
  ['', /does not understand it: Query cannot be empty/],
];

contract<Stage>(
  'migrations (R5.6–R5.8)',
  [simulator, real],
  [
    {
      name: 'are refused with what is wrong, before anything is asked of the database',
      async run(stage) {
        for (const [sql, reason] of REFUSED)
          expect(await activities(stage).previewMigration(asked({ sql })), sql).toMatchObject({
            kind: 'impossible',
            reason: expect.stringMatching(reason),
          });
        const answer = await activities(stage).previewMigration(
          asked({ sql: 'DROP INDEX CONCURRENTLY orders_pkey', allowed: ['create-index'] }),
        );
        expect(answer).toMatchObject({ reason: expect.stringContaining('Policy does not allow drop-index') });
      },
    },
    {
      name: 'are derived from a slow statement, and shown with its cost before',
      async run(stage) {
        const plan = await planFor(stage, { statement: 'SELECT * FROM orders WHERE status = $1 AND created_at > $2' });
        expect(plan.parameters.sql).toBe(`CREATE INDEX CONCURRENTLY ${INDEX} ON orders (status, created_at);`);
        expect(plan.preview).toMatch(/Its statement costs \d+ now.*db\/changes/);
        const vague = await activities(stage).previewMigration(
          asked({ statement: 'SELECT * FROM orders WHERE a = 1 OR b = 2' }),
        );
        expect(vague).toMatchObject({ kind: 'impossible', reason: expect.stringContaining('a person must write') });
      },
    },
    {
      name: 'never explain what writes',
      async run(stage) {
        const client = createMigrationClient({ connectionString: stage.url, timeoutMilliseconds: 5_000 });
        for (const sql of [
          'DELETE FROM orders',
          'SELECT 1; SELECT 2',
          'WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone',
          'SELECT * FROM orders FOR UPDATE',
        ])
          await expect(client.explain(sql, true), sql).rejects.toMatchObject({ type: 'Invalid' });
        expect(await rows(stage.url, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 20_000 }]);
      },
    },
    {
      name: 'are tried in staging, with the plan before and after compared (R5.7)',
      async run(stage) {
        const plan = await planFor(stage, { statement: SLOW });
        const trial = await activities(stage).tryMigrationInStaging(plan);
        expect(trial).toMatchObject({
          result: 'helped',
          before: { scansTable: true, usesIndex: false },
          after: { usesIndex: true },
        });
        expect(trial.before?.milliseconds).toBeGreaterThan(0);
        expect(trial.after?.milliseconds).toBeGreaterThan(0);
        expect(trial.words).toMatch(/cost \d+ before, \d+ after/);
        await once(stage.url, `DROP INDEX ${INDEX}`);
      },
    },
    {
      name: 'are found done after the answer was lost, and are not done twice',
      async run(stage) {
        const plan = await planFor(stage, { statement: SLOW });
        stage.proxy.loseAnswerOf(/CREATE INDEX CONCURRENTLY/);
        await expect(activities(stage, stage.proxy.url).migrateDatabase(plan)).rejects.toMatchObject({
          type: 'Unavailable',
        });
        const again = await activities(stage).migrateDatabase(plan);
        expect(again).toMatchObject({ result: 'already-done', observed: { state: 'valid', isUsed: 1 } });
        expect(again.readBack).toContain('the plan of its statement uses it');
        expect(await valid(stage, INDEX)).toEqual([{ valid: true }]);
        await once(stage.url, `DROP INDEX ${INDEX}`);
      },
    },
    {
      name: 'are done once when two workers race',
      async run(stage) {
        await once(stage.url, `DROP INDEX IF EXISTS ${INDEX}`);
        const plan = await planFor(stage, { statement: SLOW });
        const settled = await Promise.allSettled([
          activities(stage).migrateDatabase(plan),
          activities(stage).migrateDatabase(plan),
        ]);
        for (const one of settled) if (one.status === 'rejected') expect(one.reason).toMatchObject({ type: 'NotYet' });
        expect(await activities(stage).migrateDatabase(plan)).toMatchObject({ result: 'already-done' });
        expect(await valid(stage, INDEX)).toEqual([{ valid: true }]);
      },
    },
    {
      name: 'drop the invalid index that a failed build left, and build it anew',
      async run(stage) {
        await once(stage.url, `DROP INDEX IF EXISTS ${INDEX}`);
        await once(stage.url, `CREATE INDEX ${INDEX} ON orders (status, created_at)`);
        await once(stage.url, `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${INDEX}'::regclass`);
        const plan = await planFor(stage, { statement: SLOW });
        expect(plan.preview).toContain(`An invalid ${INDEX}, left by a build that failed, is dropped first.`);
        expect(await activities(stage).migrateDatabase(plan)).toMatchObject({
          result: 'done',
          observed: { state: 'valid' },
        });
        expect(await valid(stage, INDEX)).toEqual([{ valid: true }]);
      },
    },
    {
      name: 'are carried out only as they were approved',
      async run(stage) {
        const plan = await planFor(stage, { sql: `DROP INDEX CONCURRENTLY ${INDEX}` });
        const forged = { ...plan, parameters: { ...plan.parameters, sql: 'DROP INDEX CONCURRENTLY orders_pkey' } };
        await expect(activities(stage).migrateDatabase(forged)).rejects.toMatchObject({ type: 'Invalid' });
        expect(await activities(stage).migrateDatabase(plan)).toMatchObject({
          result: 'done',
          observed: { state: 'absent' },
        });
      },
    },
    {
      name: 'say which right is missing',
      cannotShow: { simulator: 'it has one role for everything' },
      async run(stage) {
        await once(stage.url, "CREATE ROLE reader LOGIN PASSWORD 'planted-secret-9'");
        const url = new URL(stage.url);
        url.username = 'reader';
        url.password = 'planted-secret-9';
        const plan = await planFor(stage, { sql: 'CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status)' });
        const failed = await activities(stage, url.toString())
          .migrateDatabase(plan)
          .catch((error: Error) => error);
        expect(failed).toMatchObject({
          type: 'Unauthorised',
          message: expect.stringContaining('must be owner of table orders'),
        });
        expect(JSON.stringify(failed)).not.toContain('planted-secret-9');
      },
    },
  ],
);
