import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigrationActivities } from '../../../src/activities/postgres/activities.ts';
import { createPostgresClient } from '../../../src/activities/postgres/client.ts';
import { createMigrationClient } from '../../../src/activities/postgres/migrations.ts';
import { createPrimaryClient, createReplicaClient } from '../../../src/activities/postgres/replication.ts';
import { examined } from '../../cli/examined.ts';
import { MISSING_POSTGRES, once, type RealPair, rows, startRealPair } from './real-pair.ts';

const PASSWORD = 'planted-secret-77';

/** As psql reads it, with its two variables. */
const grants = readFileSync('deploy/sql/grants.sql', 'utf8')
  .replaceAll(':"DBNAME"', 'shop')
  .replaceAll(':"owner"', 'noa');

describe.skipIf(MISSING_POSTGRES !== null)('deploy/sql/grants.sql on a real PostgreSQL (Debian)', () => {
  let pair: RealPair;
  const as = (role: string, url: string) => {
    const address = new URL(url);
    address.username = role;
    address.password = PASSWORD;
    return address.toString();
  };
  const environment = () => ({
    SERVICE_DATABASE_URL: as('incident_runbook', pair.primaryUrl),
    SERVICE_DATABASE_REPLICA_URL: as('incident_runbook', pair.replicaUrl),
    SERVICE_MIGRATION_URL: as('incident_migrations', pair.primaryUrl),
  });
  const doctor = () =>
    examined(environment(), ['service database', 'service replica', 'migrations', 'staging database']);
  const caughtUp = async () => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const [primary] = await rows<{ lsn: string }>(pair.primaryUrl, 'SELECT pg_current_wal_lsn() AS lsn');
      const [replica] = await rows<{ there: boolean }>(
        pair.replicaUrl,
        `SELECT pg_last_wal_replay_lsn() >= '${primary?.lsn}' AS there`,
      );
      if (replica?.there === true) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  beforeAll(async () => {
    pair = await startRealPair();
    await once(pair.primaryUrl, 'CREATE ROLE noa LOGIN CONNECTION LIMIT 40');
    await once(pair.primaryUrl, 'CREATE TABLE requests (id serial PRIMARY KEY, status text)');
    await once(pair.primaryUrl, 'ALTER TABLE requests OWNER TO noa');
    await once(pair.primaryUrl, 'GRANT CREATE ON SCHEMA public TO noa');
    await once(pair.primaryUrl, grants);
    await caughtUp();
  }, 120_000);
  afterAll(() => pair?.stop(), 30_000);

  it('satisfies doctor', async () => {
    for (const { system, words, advice } of (await doctor()).slice(0, 3))
      expect({ system, words, advice }).toEqual({ system, words, advice: null });
  });

  it('is enough for every reading, and for no row of the service', async () => {
    const url = as('incident_runbook', pair.primaryUrl);
    const client = createPostgresClient({ connectionString: url, timeoutMilliseconds: 5_000 });
    expect(await client.answers()).toMatchObject({ answers: true });
    const { byState } = await client.activity();
    expect(byState.hidden).toBeUndefined();
    const statements = await client.slowStatements(1_000);
    expect(statements.length).toBeGreaterThan(0);
    expect(JSON.stringify(statements)).not.toContain('insufficient privilege');
    expect(await createPrimaryClient({ connectionString: url, timeoutMilliseconds: 5_000 }).state()).toMatchObject({
      answers: true,
      acceptsWrites: true,
      writtenBytes: expect.any(Number),
    });
    await expect(once(url, 'SELECT * FROM requests')).rejects.toMatchObject({ code: '42501' });
    await expect(once(url, 'CREATE TABLE mine (id int)')).rejects.toMatchObject({ code: '42501' });
  });

  it('is enough for a migration', async () => {
    const client = createMigrationClient({
      connectionString: as('incident_migrations', pair.primaryUrl),
      timeoutMilliseconds: 5_000,
    });
    const { previewMigration, migrateDatabase } = createMigrationActivities({ production: client, staging: null });
    const answer = await previewMigration({
      keyPrefix: 'incident-a/fix',
      at: '2026-03-03T09:00:00.000Z',
      target: { kind: 'database', namespace: 'shop', name: 'shop' },
      sql: 'CREATE INDEX CONCURRENTLY requests_status_idx ON requests (status)',
      statement: null,
      file: null,
      allowed: ['create-index'],
    });
    if (answer.kind !== 'plan') throw new Error(answer.reason);
    expect(await migrateDatabase(answer.plan)).toMatchObject({ result: 'done' });
  });

  it.each([
    [
      'REVOKE pg_monitor FROM incident_runbook',
      'GRANT pg_monitor TO incident_runbook',
      'service database',
      /lacks pg_monitor$/,
      /GRANT pg_monitor TO incident_runbook;/,
    ],
    [
      'REVOKE EXECUTE ON FUNCTION pg_promote(boolean, integer) FROM incident_runbook',
      'GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO incident_runbook',
      'service replica',
      /lacks EXECUTE on pg_promote$/,
      /GRANT EXECUTE ON FUNCTION pg_promote/,
    ],
    [
      'REVOKE noa FROM incident_migrations',
      'GRANT noa TO incident_migrations',
      'migrations',
      /lacks ownership of the tables$/,
      /GRANT the role that owns the tables TO incident_migrations;/,
    ],
    [
      'ALTER ROLE noa CONNECTION LIMIT -1',
      'ALTER ROLE noa CONNECTION LIMIT 40',
      'service database',
      /lacks a connection that is left/,
      /CONNECTION LIMIT/,
    ],
  ])('doctor names what %s took away', async (take, give, system, words, advice) => {
    await once(pair.primaryUrl, take);
    await caughtUp();
    const finding = (await doctor()).find((one) => one.system === system);
    expect(finding).toMatchObject({
      authorised: 'no',
      words: expect.stringMatching(words),
      advice: expect.stringMatching(advice),
    });
    await once(pair.primaryUrl, give);
    await caughtUp();
  });

  it('is enough for a promotion, and no password is in what doctor says', async () => {
    expect(JSON.stringify(await doctor())).not.toContain(PASSWORD);
    const replica = createReplicaClient({
      connectionString: as('incident_runbook', pair.replicaUrl),
      timeoutMilliseconds: 5_000,
    });
    expect(await replica.state()).toMatchObject({ inRecovery: true, timeline: 1, isStreaming: true });
    pair.stopPrimary();
    expect(await replica.promote(15)).toBe('promoted');
    expect(await replica.state()).toMatchObject({ inRecovery: false, timeline: 2 });
    expect(await replica.promote(15)).toBe('was-not-in-recovery');
  });
});
