import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createVirtualPostgres,
  type VirtualPostgres,
} from '../../../lab/simulation/systems/postgres/virtual-postgres.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { StillWorld } from '../../../lab/test/simulation/systems/still-world.ts';
import { createPostgresClient } from '../../../src/activities/postgres/client.ts';

const world = new StillWorld(Date.parse('2024-10-23T14:30:00Z'));
let postgres: VirtualPostgres;
let url: string;
beforeAll(async () => {
  postgres = await createVirtualPostgres({
    clock: () => world.nowMs,
    faults: new WireFaults(),
    log: new WireLedger(),
    truth: () => world.database(),
  });
  ({ url } = await postgres.listen());
}, 30_000);
afterAll(() => postgres.close());

const row = (
  pid: number,
  state: 'active' | 'idle' | 'idle in transaction',
  secondsAgo: number,
  waitEventType: string | null = null,
) => ({
  pid,
  state,
  query: 'SELECT 1',
  queryStartMs: world.nowMs - secondsAgo * 1000,
  applicationName: 'app',
  waitEventType,
});

describe('probing a database over its wire', () => {
  it('answers SELECT 1 with the time it took (R2.4)', async () => {
    expect(await createPostgresClient({ connectionString: url, timeoutMilliseconds: 3000 }).answers()).toEqual({
      answers: true,
      milliseconds: expect.any(Number),
      error: null,
    });
  });

  it('counts connections by state, against the limit of the server (R3.1.2)', async () => {
    world.databaseTruth = {
      answers: true,
      maxConnections: 100,
      activity: [
        row(1, 'active', 12),
        row(2, 'active', 3, 'Lock'),
        row(3, 'idle', 60),
        row(4, 'idle in transaction', 9),
      ],
      statements: [],
    };
    const activity = await createPostgresClient({ connectionString: url, timeoutMilliseconds: 3000 }).activity();
    expect(activity).toMatchObject({
      byState: { active: 2, idle: 1, 'idle in transaction': 1 },
      active: 2,
      total: 4,
      limit: 100,
      waitingOnLocks: 1,
    });
    expect(activity.longestActiveSeconds).toBeCloseTo(12, 0);
  });

  it('lists slow statements by mean time (R3.3.2, R5.2)', async () => {
    const statements = Array.from({ length: 14 }, (_, index) => ({
      query: `SELECT  ${index}\n FROM t`,
      calls: 3,
      meanExecMs: index * 100,
      totalExecMs: index * 300,
    }));
    world.databaseTruth = { answers: true, maxConnections: 100, activity: [], statements };
    const slow = await createPostgresClient({ connectionString: url, timeoutMilliseconds: 3000 }).slowStatements(150);
    expect(slow).toHaveLength(12);
    expect(slow[0]).toEqual({ query: 'SELECT 13 FROM t', calls: 3, meanMilliseconds: 1300, totalMilliseconds: 3900 });
  });
});

describe('a database in trouble', () => {
  let server: Server | null = null;
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
  });
  const listen = async (greet: (socket: Socket) => void): Promise<string> => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      greet(socket);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `postgres://app:hunter2-pw@127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
  };

  it('is cut off at the deadline when its socket is half open', async () => {
    const client = createPostgresClient({ connectionString: await listen(() => undefined), timeoutMilliseconds: 150 });
    expect(await client.answers()).toMatchObject({
      answers: false,
      error: expect.stringMatching(/PostgreSQL: .*(no answer within|timeout)/i),
    });
    await expect(client.activity()).rejects.toMatchObject({ type: 'Unavailable' });
  });

  it('says what the server says, without the password', async () => {
    const fields = ['SFATAL', 'C53300', 'Msorry, too many clients already for hunter2-pw', '']
      .map((field) => `${field}\0`)
      .join('');
    const refusal = Buffer.alloc(5 + fields.length);
    refusal.write('E', 0);
    refusal.writeInt32BE(4 + fields.length, 1);
    refusal.write(fields, 5);
    const client = createPostgresClient({
      connectionString: await listen((socket) => socket.once('data', () => socket.end(refusal))),
      timeoutMilliseconds: 1000,
    });
    const answer = await client.answers();
    expect(answer.error).toContain('53300 sorry, too many clients already');
    expect(answer.error).not.toContain('hunter2-pw');
  });

  it('names a refused connection', async () => {
    const client = createPostgresClient({
      connectionString: 'postgres://app@127.0.0.1:1/shop',
      timeoutMilliseconds: 1000,
    });
    expect(await client.answers()).toMatchObject({ answers: false, error: expect.stringContaining('ECONNREFUSED') });
  });
});
