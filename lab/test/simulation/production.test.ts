import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import type { Production } from '../../simulation/production.ts';
import { startProduction } from '../../simulation/production.ts';

const START_MS = Date.parse('2024-10-23T14:00:00Z');
const MINUTE = 60_000;
const errorRate = {
  alert: 'HighErrorRate',
  expr: 'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.1',
  forSeconds: 60,
  labels: { severity: 'critical', service: 'noa-mcp' },
  annotations: { summary: 'Error rate above 10%' },
};

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(): Promise<Production> {
  const production = await startProduction({ seed: 7, startMs: START_MS, mode: 'virtual', rules: [errorRate] });
  stops.push(() => production.stop());
  return production;
}

interface Heard {
  readonly atMs: number;
  readonly status: string;
  readonly alerts: number;
}

/** A gateway that writes down what reaches it, and when in world time. */
async function gateway(production: Production): Promise<Heard[]> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const payload = JSON.parse(Buffer.concat(chunks).toString()) as { status: string; alerts: unknown[] };
      heard.push({ atMs: production.world.nowMs, status: payload.status, alerts: payload.alerts.length });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  production.setReceivers([{ name: 'incidents', url: `http://127.0.0.1:${port}/alerts`, bearerToken: 'token' }]);
  return heard;
}

describe('a production', () => {
  it('alerts its receiver when a bad deploy makes requests fail, and again when it was rolled back', async () => {
    const production = await start();
    const heard = await gateway(production);
    production.world.addFault(
      { kind: 'bad-deploy', change: 'release of feature X', errorRate: 0.4 },
      START_MS + 5 * MINUTE,
    );
    await production.advanceTo(START_MS + 4 * MINUTE);
    expect(heard).toEqual([]);
    const reactedMs = await production.advanceUntilReaction(START_MS + 60 * MINUTE);
    expect(heard).toEqual([{ atMs: reactedMs, status: 'firing', alerts: 1 }]);
    expect(production.world.nowMs).toBe(reactedMs);
    expect(reactedMs).toBeGreaterThan(START_MS + 6 * MINUTE);
    expect(reactedMs).toBeLessThan(START_MS + 15 * MINUTE);
    const { cluster } = production.kubernetes;
    const previous = cluster.deployment('noa-mcp')?.history.at(-2)?.image ?? '';
    cluster.deploy('noa-mcp', { image: previous, changeCause: 'undo' }, production.world.nowMs);
    const resolvedMs = await production.advanceUntilReaction(START_MS + 120 * MINUTE);
    expect(heard.at(-1)).toMatchObject({ atMs: resolvedMs, status: 'resolved' });
  });

  it('is the same whatever steps it is moved in', async () => {
    const played = async (steps: readonly number[]) => {
      const production = await start();
      const heard = await gateway(production);
      production.world.addFault({ kind: 'bad-deploy', slowQuery: true }, START_MS + 2 * MINUTE);
      for (const minute of steps) await production.advanceTo(START_MS + minute * MINUTE);
      return {
        heard,
        requests: production.world.requests(START_MS, production.world.nowMs),
        database: production.world.database(),
      };
    };
    expect(await played([30])).toEqual(await played([1, 2.33, 7, 7.5, 19, 30]));
  });

  it('shows one truth on every wire', async () => {
    const production = await start();
    production.world.addFault({ kind: 'bad-deploy', slowQuery: true }, START_MS);
    await production.advanceTo(START_MS + 25 * MINUTE);
    const { endpoints } = production;
    const client = new Client({ connectionString: endpoints.SERVICE_DATABASE_URL ?? '' });
    await client.connect();
    const { rows } = await client.query("SELECT count(*)::int AS active FROM pg_stat_activity WHERE state = 'active'");
    const slow = await client.query(
      "SELECT count(*)::int AS slow FROM pg_stat_statements WHERE mean_exec_time > 1000 AND query LIKE '%requests%'",
    );
    await client.end();
    expect(rows[0].active).toBe(production.world.database().activity.filter((row) => row.state === 'active').length);
    expect(rows[0].active).toBeGreaterThan(50);
    expect(slow.rows[0].slow).toBeGreaterThan(0);
    const query = `${endpoints.PROMETHEUS_URL}/api/v1/query?query=${encodeURIComponent(errorRate.expr)}`;
    const answer = (await (await fetch(query)).json()) as { data: { result: { value: [number, string] }[] } };
    expect(Number(answer.data.result[0]?.value[1])).toBeGreaterThan(0.1);
    const log = `${endpoints.KUBERNETES_API_URL}/api/v1/namespaces/noa-server/pods/${production.kubernetes.cluster.deployment('noa-mcp')?.pods[0]?.name}/log?tailLines=100`;
    const lines = await (
      await fetch(log, { headers: { authorization: `Bearer ${endpoints.KUBERNETES_API_TOKEN}` } })
    ).text();
    expect(lines.trim().split('\n')).toHaveLength(100);
  });

  it('takes hours of healthy time in little real time, and refuses to go back', async () => {
    const production = await start();
    const heard = await gateway(production);
    const began = performance.now();
    await production.advanceTo(START_MS + 6 * 60 * MINUTE);
    expect(performance.now() - began).toBeLessThan(8000);
    expect(heard).toEqual([]);
    await expect(production.advanceTo(START_MS)).rejects.toThrow(/cannot go back/);
  }, 20_000);

  it('lets a provider fail on its API and on its status page as the world has it', async () => {
    const production = await start();
    const { endpoints } = production;
    const asked = (headers: Record<string, string>) =>
      fetch(`${endpoints.ANTHROPIC_API_URL}/v1/models`, { headers: { 'anthropic-version': '2023-06-01', ...headers } });
    const models = () => asked({ 'x-api-key': endpoints.ANTHROPIC_API_KEY ?? '' });
    expect((await models()).status).toBe(200);
    expect((await asked({})).status).toBe(401);
    production.world.addFault(
      { kind: 'provider-outage', provider: 'claude', mode: 'down', statusPage: 'silent' },
      START_MS + 1000,
    );
    await production.advanceTo(START_MS + MINUTE);
    expect((await models()).status).toBe(529);
    const summary = (await (await fetch(`${endpoints.ANTHROPIC_STATUS_URL}/api/v2/summary.json`)).json()) as {
      status: { indicator: string };
    };
    expect(summary.status.indicator).toBe('none');
    const openai = await fetch(`${endpoints.OPENAI_API_URL}/v1/models`, {
      headers: { authorization: `Bearer ${endpoints.OPENAI_API_KEY}` },
    });
    expect(openai.status).toBe(200);
  });
});
