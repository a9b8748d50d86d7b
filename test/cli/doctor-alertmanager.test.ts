import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createAlertmanager } from '../../lab/simulation/systems/alertmanager.ts';
import { type SystemFinding, stateOf } from '../../src/activities/finding.ts';
import { bench } from '../contract/simulated.ts';
import { examined } from './examined.ts';

const at = bench();

async function alertmanager(): Promise<string> {
  const made = createAlertmanager({
    clock: at.clock,
    faults: at.faults,
    log: at.log,
    grouping: { groupBy: ['alertname'], groupWaitSeconds: 1, groupIntervalSeconds: 1, repeatIntervalSeconds: 60 },
    receivers: [],
    externalUrl: 'http://alertmanager.test',
    prometheusUrl: 'http://prometheus.test',
  });
  at.stops.push(() => made.close());
  return (await made.listen()).url;
}

async function answering(status: number, body: string): Promise<{ url: string; asked: (string | undefined)[] }> {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  at.stops.push(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function check(env: Readonly<Record<string, string>>): Promise<SystemFinding> {
  const [found] = await examined(env, ['Alertmanager']);
  return found as SystemFinding;
}

describe('doctor on Alertmanager', () => {
  it('finds one that answers, by what the evidence asks of it', async () => {
    const url = await alertmanager();
    const found = await check({ ALERTMANAGER_URL: `${url}/` });
    expect(found).toMatchObject({ reachable: 'yes', authorised: 'yes', advice: null, words: url });
  });

  it('says what is missing without an address', async () => {
    const found = await check({});
    expect(stateOf(found)).toBe('unknown');
    expect(found.advice).toContain('ALERTMANAGER_URL');
  });

  it('names the token when a proxy refuses, and sends it', async () => {
    const { url, asked } = await answering(401, 'no');
    const found = await check({ ALERTMANAGER_URL: url, ALERTMANAGER_API_TOKEN: 'planted-doctor-secret' });
    expect(found).toMatchObject({ authorised: 'no', advice: expect.stringContaining('ALERTMANAGER_API_TOKEN') });
    expect(asked).toEqual(['Bearer planted-doctor-secret']);
    expect(JSON.stringify(found)).not.toContain('planted');
  });

  it.each([
    [404, 'not found'],
    [200, '<html>Sign in</html>'],
  ])('does not take %s %s for an Alertmanager', async (status, body) => {
    const { url } = await answering(status, body);
    expect(await check({ ALERTMANAGER_URL: url })).toMatchObject({ reachable: 'no', advice: expect.any(String) });
  });

  it('says when nothing listens there', async () => {
    const found = await check({ ALERTMANAGER_URL: `http://127.0.0.1:${await freePort()}` });
    expect(found).toMatchObject({ reachable: 'no', words: expect.stringContaining('nothing listens there') });
  });
});
