import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../lab/embedded/ports.ts';
import { builtCode } from '../../scripts/build.mjs';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { type TemporalRig, temporalRig } from '../client/temporal-rig.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { wireAlert } from './gateway-rig.ts';

let postgres: TestPostgres;
let temporal: TemporalRig;
let client: IncidentClient;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  [postgres, temporal] = await Promise.all([testPostgres(), temporalRig()]);
  await temporal.startWorker();
  client = temporal.client();
}, 60_000);
afterAll(async () => {
  for (const one of processes) one.kill('SIGKILL');
  await temporal.stop();
  await postgres.stop();
}, 30_000);

async function startGateway(env: Record<string, string>): Promise<{ process: ChildProcess; address: string }> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(await builtCode(), 'gateway.js')], {
    env: { ...process.env, ...env, PORT: String(port), LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  processes.push(child);
  let trouble = '';
  child.stderr?.on('data', (chunk) => {
    trouble += String(chunk);
  });
  const address = `http://127.0.0.1:${port}`;
  await expect
    .poll(
      () =>
        child.exitCode === null
          ? fetch(`${address}/livez`).then(
              (answer) => answer.status,
              () => 0,
            )
          : trouble,
      { timeout: 20_000 },
    )
    .toBe(200);
  return { process: child, address };
}

it('the real process: SIGKILL with alerts in its inbox, then another one brings them to Temporal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'incident-gateway-'));
  const clockFile = join(folder, 'clock');
  const tokensFile = join(folder, 'tokens.json');
  await writeFile(clockFile, '2024-10-23T14:30:05.000Z');
  await writeFile(tokensFile, JSON.stringify({ alice: createHash('sha256').update('alice-token').digest('hex') }));
  const env = {
    DATABASE_URL: await postgres.fresh(),
    INCIDENT_POLICY: 'policy/noa.yaml',
    INCIDENT_CLOCK_FILE: clockFile,
    INCIDENT_TOKENS_FILE: tokensFile,
    ALERTMANAGER_TOKEN: 'token',
    DECISION_SIGNING_KEY: 'a-key-that-signs-decisions',
  };
  const first = await startGateway({ ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  const post = (address: string, fingerprint: string) =>
    fetch(`${address}/webhooks/alertmanager`, {
      method: 'POST',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
      body: JSON.stringify({ version: '4', alerts: [wireAlert({ fingerprint })] }),
    });
  for (const fingerprint of ['a', 'b', 'c']) expect((await post(first.address, fingerprint)).status).toBe(202);
  first.process.kill('SIGKILL');

  const second = await startGateway({ ...env, TEMPORAL_ADDRESS: temporal.address });
  const id = 'incident-20241023-1430';
  await expect
    .poll(
      async () => {
        const timeline = await client.timelineSince(id, 0);
        return timeline.ok
          ? timeline.value.flatMap((event) => (event.kind === 'alert-received' ? [event.alert.fingerprint] : []))
          : [];
      },
      { timeout: 20_000 },
    )
    .toEqual(['a', 'b', 'c']);
  const me = await fetch(`${second.address}/api/me`, { headers: { authorization: 'Bearer alice-token' } });
  expect(await me.json()).toMatchObject({ id: 'alice' });
  expect(await (await fetch(`${second.address}/readyz`)).json()).toMatchObject({
    ready: true,
    temporal: 'ok',
    inboxPending: 0,
  });
  const ended = new Promise((resolve) => second.process.once('exit', resolve));
  second.process.kill('SIGTERM');
  expect(await ended).toBe(0);
}, 60_000);
