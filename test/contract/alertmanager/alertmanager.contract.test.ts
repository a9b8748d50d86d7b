import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { createAlertmanagerClient } from '../../../src/activities/alertmanager/client.ts';
import { freePort } from '../../../src/embedded/ports.ts';
import { createAlertmanager } from '../../../src/simulation/systems/alertmanager.ts';
import { WireFaults } from '../../../src/simulation/wire/faults.ts';
import { WireLedger } from '../../../src/simulation/wire/ledger.ts';
import { deafProxy } from '../deaf-proxy.ts';
import { missingProgram, startServer } from '../servers.ts';
import { contract, type Part } from '../suite.ts';

interface Stage {
  readonly url: string;
  readonly faults: WireFaults | null;
  stop(): Promise<void>;
}

const SECRET = 'planted-bearer-5512';
const CONFIGURATION = 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n';

const simulator: Part<Stage> = {
  name: 'simulator',
  missing: null,
  async start() {
    const faults = new WireFaults();
    const alertmanager = createAlertmanager({
      clock: () => Date.now(),
      faults,
      log: new WireLedger(),
      grouping: { groupBy: ['alertname'], groupWaitSeconds: 10, groupIntervalSeconds: 60, repeatIntervalSeconds: 3600 },
      receivers: [],
      externalUrl: 'http://alertmanager.simulated',
      prometheusUrl: 'http://prometheus.simulated',
    });
    const { url } = await alertmanager.listen();
    return { url, faults, stop: () => alertmanager.close() };
  },
  stop: (stage) => stage.stop(),
};

const real: Part<Stage> = {
  name: 'real',
  missing: missingProgram('prometheus-alertmanager'),
  async start() {
    const cluster = await freePort();
    const server = await startServer(
      'prometheus-alertmanager',
      (port, folder) => {
        writeFileSync(join(folder, 'alertmanager.yml'), CONFIGURATION);
        return [
          `--config.file=${join(folder, 'alertmanager.yml')}`,
          `--storage.path=${join(folder, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          `--cluster.listen-address=127.0.0.1:${cluster}`,
          '--cluster.settle-timeout=0s',
        ];
      },
      async (port) => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok,
    );
    return { url: `http://127.0.0.1:${server.port}`, faults: null, stop: () => server.stop() };
  },
  stop: (stage) => stage.stop(),
};

const client = (stage: Stage) =>
  createAlertmanagerClient({ baseUrl: stage.url, bearerToken: SECRET, timeoutMilliseconds: 3_000 });
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const wish = (key: string) => ({
  key,
  matchers: [{ name: 'alertname', value: 'APIDown', isRegex: false }],
  startsAt: inMinutes(0),
  endsAt: inMinutes(30),
  createdBy: 'incident runbook',
  because: 'Known and being worked on.',
});

async function post(stage: Stage, labels: Record<string, string>): Promise<void> {
  const answer = await fetch(`${stage.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels, startsAt: inMinutes(-1), endsAt: inMinutes(30) }]),
  });
  expect(answer.status).toBe(200);
}

const AMTOOL_MISSING = missingProgram('amtool');

contract<Stage>(
  'Alertmanager',
  [simulator, real],
  [
    {
      name: 'tells its version',
      async run(stage) {
        expect(await client(stage).version()).toMatch(/^0\.25\.0/);
      },
    },
    {
      name: 'gives the alerts that fit all filters, with when they began (R2.8)',
      async run(stage) {
        await post(stage, { alertname: 'APIDown', service: 'api', severity: 'P0' });
        await post(stage, { alertname: 'RedisDown', service: 'cache' });
        const found = await client(stage).alerts(['alertname="APIDown"', 'service=~"api|db"']);
        expect(found).toMatchObject([
          {
            labels: { alertname: 'APIDown', severity: 'P0' },
            state: 'active',
            silencedBy: [],
            fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
          },
        ]);
        expect(Date.parse(found[0]?.startsAt ?? '')).toBeLessThan(Date.now());
        expect(await client(stage).alerts(['alertname="Nothing"'])).toEqual([]);
      },
    },
    {
      name: 'refuses a filter that is none, with words',
      async run(stage) {
        await expect(client(stage).alerts(['what is this'])).rejects.toMatchObject({
          type: 'Invalid',
          message: expect.stringMatching(/Alertmanager answered 400: .*bad matcher format/),
        });
      },
    },
    {
      name: 'silences once, however often it is asked with one key',
      async run(stage) {
        const first = await client(stage).silence(wish('incident-a/silence-1'));
        expect(first.made).toBe(true);
        expect(await client(stage).silence(wish('incident-a/silence-1'))).toEqual({ id: first.id, made: false });
        expect((await client(stage).silence(wish('incident-b/silence-1'))).id).not.toBe(first.id);
        const [alert] = await client(stage).alerts(['alertname="APIDown"']);
        expect(alert).toMatchObject({ state: 'suppressed', silencedBy: expect.arrayContaining([first.id]) });
      },
    },
    {
      name: 'ends a silence by its key, and makes a new one afterwards',
      async run(stage) {
        expect(await client(stage).endSilence('incident-a/silence-1')).toBe(true);
        expect(await client(stage).endSilence('incident-a/silence-1')).toBe(false);
        expect((await client(stage).silence(wish('incident-a/silence-1'))).made).toBe(true);
        await client(stage).endSilence('incident-a/silence-1');
        await client(stage).endSilence('incident-b/silence-1');
        const [alert] = await client(stage).alerts(['alertname="APIDown"']);
        expect(alert).toMatchObject({ state: 'active' });
      },
    },
    {
      name: 'refuses a silence without matchers, and one that ends before it begins',
      async run(stage) {
        await expect(client(stage).silence({ ...wish('x'), matchers: [] })).rejects.toMatchObject({ type: 'Invalid' });
        await expect(client(stage).silence({ ...wish('x'), endsAt: inMinutes(-5) })).rejects.toMatchObject({
          type: 'Invalid',
        });
      },
    },
    {
      name: 'finds the silence again after the answer was lost (decision 4)',
      async run(stage) {
        const proxy = await deafProxy(stage.url);
        const deaf = createAlertmanagerClient({ baseUrl: proxy.url, timeoutMilliseconds: 3_000 });
        proxy.loseAnswerOf(/^POST \/api\/v2\/silences/m);
        await expect(deaf.silence(wish('incident-c/silence-1'))).rejects.toMatchObject({ type: 'Unavailable' });
        expect(await deaf.silence(wish('incident-c/silence-1'))).toMatchObject({ made: false });
        await deaf.endSilence('incident-c/silence-1');
        proxy.close();
      },
    },
    {
      name: 'is limited, damaged or away when it is told so',
      cannotShow: { real: 'faults that only a simulator can be told to have' },
      async run(stage) {
        const { faults } = stage;
        if (faults === null) throw new Error('only the simulator has faults');
        faults.set('alertmanager', { kind: 'malformed', times: 1 });
        await expect(client(stage).version()).rejects.toMatchObject({ type: 'Unavailable' });
        faults.set('alertmanager', { kind: 'rate-limited', retryAfterSeconds: 7, times: 1 });
        await expect(client(stage).version()).rejects.toMatchObject({ type: 'RateLimited' });
        faults.set('alertmanager', { kind: 'unauthorised', times: 1 });
        await expect(client(stage).version()).rejects.toMatchObject({ type: 'Unauthorised' });
      },
    },
    {
      name: 'never tells its token',
      async run(stage) {
        const gone = createAlertmanagerClient({
          baseUrl: 'http://127.0.0.1:1',
          bearerToken: SECRET,
          timeoutMilliseconds: 500,
        });
        const failed = await gone.version().catch((error: Error) => error);
        expect(failed).toMatchObject({ type: 'Unavailable' });
        expect(JSON.stringify(failed) + String(failed)).not.toContain(SECRET);
        expect(stage.url).toBeTruthy();
      },
    },
    ...(AMTOOL_MISSING !== null
      ? []
      : [
          {
            name: 'answers amtool: alerts, silence add, silence query, silence expire',
            async run(stage: Stage) {
              const amtool = async (...words: string[]) => {
                const ran = await promisify(execFile)('amtool', [...words, `--alertmanager.url=${stage.url}`], {
                  timeout: 10_000,
                });
                return `${ran.stdout}${ran.stderr}`;
              };
              expect(await amtool('alert', 'query', 'alertname=RedisDown')).toContain('RedisDown');
              const id = (
                await amtool('silence', 'add', 'alertname=RedisDown', '--comment=by amtool', '--author=me')
              ).trim();
              expect(await amtool('silence', 'query')).toContain('by amtool');
              expect(await amtool('silence', 'expire', id)).not.toMatch(/error/i);
              expect(await amtool('silence', 'query')).not.toContain('by amtool');
            },
          },
        ]),
  ],
);
