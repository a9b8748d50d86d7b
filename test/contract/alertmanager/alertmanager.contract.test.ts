import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { freePort } from '../../../lab/embedded/ports.ts';
import { createAlertmanager } from '../../../lab/simulation/systems/alertmanager.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { createAlertmanagerClient } from '../../../src/activities/alertmanager/client.ts';
import { missingProgram, startServer } from '../servers.ts';
import { contract, type Part } from '../suite.ts';

interface Stage {
  readonly url: string;
  readonly faults: WireFaults | null;
  stop(): Promise<void>;
}

const SECRET = 'planted-bearer-5512';
const CONFIGURATION = `route: { receiver: nobody }
receivers: [{ name: nobody }]
inhibit_rules:
  - { source_matchers: [alertname = ClusterDown], target_matchers: [alertname = PodDown] }
`;

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
function send(stage: Stage, method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${stage.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function post(stage: Stage, labels: Record<string, string>): Promise<void> {
  const answer = await send(stage, 'POST', '/api/v2/alerts', [
    { labels, startsAt: inMinutes(-1), endsAt: inMinutes(30) },
  ]);
  expect(answer.status).toBe(200);
}

const AMTOOL_MISSING = missingProgram('amtool');

contract<Stage>(
  'Alertmanager',
  [simulator, real],
  [
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
            heldBack: null,
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
      name: 'says by whom an alert is silenced, until when and why, and that it is told again afterwards (R2.8)',
      async run(stage) {
        const silence = {
          matchers: [{ name: 'alertname', value: 'APIDown', isRegex: false, isEqual: true }],
          startsAt: inMinutes(0),
          endsAt: inMinutes(30),
          createdBy: 'erin',
          comment: 'load test',
        };
        const made = (await (await send(stage, 'POST', '/api/v2/silences', silence)).json()) as { silenceID: string };
        await expect
          .poll(async () => (await client(stage).alerts(['alertname="APIDown"']))[0]?.heldBack)
          .toMatch(/^silenced by erin until \d{4}-\d\d-\d\d \d\d:\d\d UTC: load test$/);
        expect((await client(stage).alerts(['alertname="RedisDown"']))[0]).toMatchObject({ heldBack: null });
        await send(stage, 'DELETE', `/api/v2/silence/${made.silenceID}`);
        await expect.poll(async () => (await client(stage).alerts(['alertname="APIDown"']))[0]?.heldBack).toBeNull();
      },
    },
    {
      name: 'says by which alert another is inhibited (R2.8)',
      cannotShow: { simulator: 'it has no inhibition rules' },
      async run(stage) {
        await post(stage, { alertname: 'ClusterDown', severity: 'P0' });
        await post(stage, { alertname: 'PodDown', severity: 'P2' });
        const held = async () =>
          (await client(stage).alerts([])).find(({ labels }) => labels.alertname === 'PodDown')?.heldBack;
        await expect.poll(held, { timeout: 10_000 }).toBe('inhibited by ClusterDown');
      },
    },
    {
      name: 'is limited, damaged or away when it is told so',
      cannotShow: { real: 'faults that only a simulator can be told to have' },
      async run(stage) {
        const { faults } = stage;
        if (faults === null) throw new Error('only the simulator has faults');
        faults.set('alertmanager', { kind: 'malformed', times: 1 });
        await expect(client(stage).alerts([])).rejects.toMatchObject({ type: 'Unavailable' });
        faults.set('alertmanager', { kind: 'rate-limited', retryAfterSeconds: 7, times: 1 });
        await expect(client(stage).alerts([])).rejects.toMatchObject({ type: 'RateLimited' });
        faults.set('alertmanager', { kind: 'unauthorised', times: 1 });
        await expect(client(stage).alerts([])).rejects.toMatchObject({ type: 'Unauthorised' });
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
        const failed = await gone.alerts([]).catch((error: Error) => error);
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
