import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alertmanager } from '../../../simulation/systems/alertmanager.ts';
import { createAlertmanager } from '../../../simulation/systems/alertmanager.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';
import { createWireServer } from '../../../simulation/wire/server.ts';

// The same alerts to a real Alertmanager 0.25 and to ours; both must send the same webhook (ADR 0015).
const BINARY = process.env.ALERTMANAGER_BIN ?? 'prometheus-alertmanager';
const installed = spawnSync(BINARY, ['--version']).status === 0;

const EXTERNAL_URL = 'http://alertmanager.example';
const nowMs = Date.now();
const faults = new WireFaults();
const log = new WireLedger();
const gateway = createWireServer({ system: 'gateway', clock: () => nowMs, faults, log });
const bodies: Record<'real' | 'ours', string[]> = { real: [], ours: [] };

describe.skipIf(!installed)(`Alertmanager against a real one (${BINARY})`, () => {
  let ours: Alertmanager;
  let child: ChildProcess;
  let directory: string;
  let urls: { real: string; ours: string };

  beforeAll(async () => {
    for (const who of ['real', 'ours'] as const) {
      gateway.route('POST', `/${who}`, (request) => {
        bodies[who].push(request.rawBody.toString());
        return { status: 200 };
      });
    }
    const { url } = await gateway.listen();
    ours = createAlertmanager({
      clock: () => nowMs,
      faults,
      log,
      grouping: {
        groupBy: ['alertname', 'team'],
        groupWaitSeconds: 0.2,
        groupIntervalSeconds: 1,
        repeatIntervalSeconds: 600,
      },
      receivers: [{ name: 'gateway', url: `${url}/ours`, bearerToken: null, sendResolved: true }],
      externalUrl: EXTERNAL_URL,
      prometheusUrl: 'http://prometheus.example',
    });
    const port = await freePort();
    directory = mkdtempSync(join(tmpdir(), 'alertmanager-contract-'));
    writeFileSync(
      join(directory, 'config.yml'),
      `route: {receiver: gateway, group_by: [alertname, team], group_wait: 200ms, group_interval: 1s, repeat_interval: 10m}
receivers: [{name: gateway, webhook_configs: [{url: '${url}/real', send_resolved: true}]}]
`,
    );
    child = spawn(
      BINARY,
      [
        `--config.file=${join(directory, 'config.yml')}`,
        `--storage.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        `--web.external-url=${EXTERNAL_URL}`,
        '--web.route-prefix=/',
        '--cluster.listen-address=',
      ],
      { stdio: 'ignore' },
    );
    urls = { real: `http://127.0.0.1:${port}`, ours: (await ours.listen()).url };
    await until(async () => (await fetch(`${urls.real}/-/ready`)).ok);
  }, 30_000);

  afterAll(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await ours.close();
    await gateway.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function toBoth(alerts: unknown): Promise<void> {
    for (const url of [urls.real, urls.ours]) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(alerts) });
      expect(answer.status).toBe(200);
    }
  }

  it('sends the same bytes for a group that fires and then resolves in part', async () => {
    const alert = (labels: object, endsAtMs: number | null) => ({
      labels: { alertname: 'HighErrors', ...labels },
      annotations: { summary: 'too "many" é', dashboard: 'http://grafana.example' },
      startsAt: new Date(nowMs).toISOString(),
      ...(endsAtMs === null ? {} : { endsAt: new Date(endsAtMs).toISOString() }),
      generatorURL: 'http://prometheus.example/graph?g0.expr=x',
    });
    const far = nowMs + 3_600_000;
    await toBoth([
      alert({ pod: 'b', instance: '2', severity: 'P1' }, far),
      alert({ pod: 'a', instance: '10', severity: 'P1' }, far),
      alert({ pod: 'a', job: 'noa-mcp' }, far),
    ]);
    await ours.flush(nowMs + 200);
    await until(() => bodies.real.length === 1);
    expect(bodies.ours).toEqual(bodies.real);

    await toBoth([alert({ pod: 'b', instance: '2', severity: 'P1' }, nowMs)]);
    await ours.flush(nowMs + 1200);
    await until(() => bodies.real.length === 2);
    expect(bodies.ours).toEqual(bodies.real);
  });

  it('lists the same alerts', async () => {
    const list = async (url: string) => {
      const filter = new URLSearchParams({ filter: 'pod=~"a|b"' });
      const alerts = (await (await fetch(`${url}/api/v2/alerts?${filter}`)).json()) as Record<string, unknown>[];
      return alerts.map((alert) => ({ ...alert, updatedAt: '' }));
    };
    const real = await list(urls.real);
    expect(real).toHaveLength(2);
    expect(await list(urls.ours)).toEqual(real);
  });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (
      await Promise.resolve()
        .then(holds)
        .catch(() => false)
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('what the test waits for did not happen within ten seconds');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
