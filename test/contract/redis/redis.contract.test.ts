import { type AddressInfo, connect, createServer } from 'node:net';
import { expect } from 'vitest';
import { createRedis } from '../../../lab/simulation/systems/redis/redis.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { StillWorld } from '../../../lab/test/simulation/systems/still-world.ts';
import { createRedisClient } from '../../../src/activities/redis/client.ts';
import { missingProgram, type RealServer, startServer } from '../servers.ts';
import { contract, type Part } from '../suite.ts';

const PASSWORD = 'planted-secret/8d21';

interface Stage {
  readonly port: number;
  readonly faults: WireFaults | null;
  readonly world: StillWorld | null;
  readonly server: { stop(): Promise<void> };
}

const simulator: Part<Stage> = {
  name: 'simulator',
  missing: null,
  async start() {
    const world = new StillWorld(Date.parse('2026-03-03T09:00:00Z'));
    const faults = new WireFaults();
    const redis = createRedis({
      clock: () => world.nowMs,
      faults,
      log: new WireLedger(),
      truth: () => world.cache(),
      password: PASSWORD,
    });
    const { port } = await redis.listen();
    return { port, faults, world, server: { stop: () => redis.close() } };
  },
  stop: (stage) => stage.server.stop(),
};

const real: Part<Stage> = {
  name: 'real',
  missing: missingProgram('redis-server'),
  async start() {
    const server: RealServer = await startServer('redis-server', (port, folder) => [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--requirepass',
      PASSWORD,
    ]);
    return { port: server.port, faults: null, world: null, server };
  },
  stop: (stage) => stage.server.stop(),
};

const url = (stage: Stage, password = PASSWORD) => `redis://:${encodeURIComponent(password)}@127.0.0.1:${stage.port}`;
const client = (stage: Stage, password?: string) =>
  createRedisClient({ url: url(stage, password), timeoutMilliseconds: 2_000 });

/** Plain bytes, so that nothing of a client library stands between the case and the wire. */
function say(stage: Stage, bytes: string, until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(stage.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    const timer = setTimeout(() => done(new Error(`only ${JSON.stringify(text)} came`)), 3_000);
    const done = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      if (error === undefined) resolve(text);
      else reject(error);
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      if (until.test(text)) done();
    });
    socket.on('error', done);
  });
}

const AUTH = `*2\r\n$4\r\nAUTH\r\n$${PASSWORD.length}\r\n${PASSWORD}\r\n`;
const ONLY_FAULTS = { real: 'a fault that only a simulator can be told to have' };

contract<Stage>(
  'Redis',
  [simulator, real],
  [
    {
      name: 'answers a ping with the time it took (R2.5)',
      async run(stage) {
        expect(await client(stage).answers()).toEqual({
          answers: true,
          milliseconds: expect.any(Number),
          error: null,
        });
      },
    },
    {
      name: 'tells its hits, evictions, clients and memory (R3.3.3)',
      async run(stage) {
        const facts = await client(stage).statistics();
        expect(facts).toMatchObject({ rejectedConnections: 0, clientLimit: expect.any(Number) });
        expect(facts.evictedKeys).toBeGreaterThanOrEqual(0);
        expect(facts.connectedClients).toBeGreaterThanOrEqual(1);
        expect(facts.idleClients).toBeLessThanOrEqual(facts.connectedClients);
        expect(facts.usedMemoryMiB).toBeGreaterThan(0);
        if (facts.hitRatio !== null) expect(facts.hitRatio).toBeLessThanOrEqual(1);
      },
    },
    {
      name: 'refuses a wrong password, and the refusal does not tell it',
      async run(stage) {
        const wrong = client(stage, 'another-planted-secret');
        await expect(wrong.statistics()).rejects.toMatchObject({ type: 'Unauthorised', nonRetryable: true });
        const answer = await wrong.answers();
        expect(answer.error).toMatch(/WRONGPASS/);
        expect(JSON.stringify(answer)).not.toContain('another-planted-secret');
      },
    },
    {
      name: 'asks for the password before anything else',
      async run(stage) {
        expect(await say(stage, 'PING\r\n', /\r\n/)).toBe('-NOAUTH Authentication required.\r\n');
      },
    },
    {
      name: 'speaks RESP2 at first, inline and in arrays',
      async run(stage) {
        expect(await say(stage, `${AUTH}PING\r\n*1\r\n$4\r\nPING\r\n`, /PONG\r\n\+PONG\r\n/)).toBe(
          '+OK\r\n+PONG\r\n+PONG\r\n',
        );
        expect(await say(stage, `${AUTH}HELLO 2\r\n`, /modules/)).toMatch(/^\+OK\r\n\*14\r\n\$6\r\nserver\r\n/);
        expect(await say(stage, `${AUTH}INFO stats\r\n`, /evicted_keys/)).toMatch(/^\+OK\r\n\$\d+\r\n# Stats\r\n/);
      },
    },
    {
      name: 'speaks RESP3 after HELLO 3',
      async run(stage) {
        expect(await say(stage, `${AUTH}HELLO 3\r\n`, /modules/)).toMatch(/^\+OK\r\n%7\r\n\$6\r\nserver\r\n/);
        expect(await say(stage, `${AUTH}HELLO 3\r\nINFO stats\r\n`, /evicted_keys/)).toMatch(/=\d+\r\ntxt:# Stats\r\n/);
        expect(await say(stage, `${AUTH}HELLO 4\r\n`, /-/)).toBe('+OK\r\n-NOPROTO unsupported protocol version\r\n');
      },
    },
    {
      name: 'lists its clients with how long each has been silent',
      async run(stage) {
        expect(await say(stage, `${AUTH}CLIENT LIST\r\n`, /cmd=client\|list/)).toMatch(/id=\d+ addr=\S+ .* idle=\d+ /);
      },
    },
    {
      name: 'refuses commands that it has not',
      async run(stage) {
        expect(await say(stage, `${AUTH}FROBNICATE a b\r\n`, /beginning/)).toContain(
          "-ERR unknown command 'FROBNICATE', with args beginning with: 'a' 'b' \r\n",
        );
        expect(await say(stage, `${AUTH}CLIENT FROB\r\n`, /HELP/)).toContain(
          "-ERR unknown subcommand 'FROB'. Try CLIENT HELP.\r\n",
        );
      },
    },
    {
      name: 'is a finding when nothing listens, not an error',
      async run() {
        const gone = createRedisClient({ url: 'redis://:pw-of-nobody@127.0.0.1:1', timeoutMilliseconds: 1_000 });
        const answer = await gone.answers();
        expect(answer).toMatchObject({ answers: false, error: expect.stringMatching(/^Redis: .*ECONNREFUSED/) });
        await expect(gone.statistics()).rejects.toMatchObject({ type: 'Unavailable' });
      },
    },
    {
      name: 'is cut off at the deadline when its socket is half open',
      async run() {
        const silent = createServer((socket) => socket.resume());
        await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
        const { port } = silent.address() as AddressInfo;
        const answer = await createRedisClient({
          url: `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
          timeoutMilliseconds: 200,
        }).answers();
        expect(answer).toMatchObject({ answers: false, error: expect.stringMatching(/no answer within 0.2 s/) });
        expect(JSON.stringify(answer)).not.toContain(PASSWORD);
        silent.close();
      },
    },
    {
      name: 'is down, loading or cut short when it is told so',
      cannotShow: ONLY_FAULTS,
      async run(stage) {
        const { faults, world } = stage;
        if (faults === null || world === null) throw new Error('only the simulator has faults');
        faults.set('redis', { kind: 'error-503', times: 1 });
        expect((await client(stage).answers()).error).toMatch(/LOADING/);
        faults.set('redis', { kind: 'reset-mid-body', times: 1 });
        expect(await client(stage).answers()).toMatchObject({ answers: false });
        faults.set('redis', { kind: 'malformed', times: 1 });
        expect(await client(stage).answers()).toMatchObject({ answers: false });
        world.cacheTruth = { ...world.cacheTruth, answers: false };
        expect(await client(stage).answers()).toMatchObject({ answers: false });
        world.cacheTruth = { ...world.cacheTruth, answers: true };
        expect(await client(stage).answers()).toMatchObject({ answers: true });
      },
    },
    {
      name: 'tells stale connections from evictions as the world has them',
      cannotShow: { real: 'a fresh server has neither; the fields are the same ones' },
      async run(stage) {
        if (stage.world === null) throw new Error('only the simulator has a world');
        const healthy = stage.world.cacheTruth;
        stage.world.cacheTruth = { ...healthy, evictedKeys: 4200, usedMemoryMiB: 256 };
        expect(await client(stage).statistics()).toMatchObject({
          evictedKeys: 4200,
          usedMemoryMiB: 256,
          memoryLimitMiB: 256,
        });
        stage.world.cacheTruth = { ...healthy, connectedClients: 120, idleClients: 90 };
        expect(await client(stage).statistics()).toMatchObject({
          evictedKeys: 0,
          idleClients: 90,
          connectedClients: 121,
        });
        stage.world.cacheTruth = healthy;
      },
    },
  ],
);
