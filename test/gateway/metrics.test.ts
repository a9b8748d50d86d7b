import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIncidentClient, type IncidentClient } from '../../src/client/incident-client.ts';
import { VERSION } from '../../src/config/version.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { type GatewayRig, gatewayRig, wireAlert } from './gateway-rig.ts';

let postgres: TestPostgres;
let rig: GatewayRig;
let client: IncidentClient;

beforeAll(async () => {
  postgres = await testPostgres();
  client = createIncidentClient({ connection: { address: '127.0.0.1:1' }, namespace: 'default', answerWithinMs: 200 });
  rig = await gatewayRig({ url: await postgres.fresh(), client, start: false });
});
afterAll(async () => {
  await rig.close();
  await client.close();
  await postgres.stop();
});

async function metrics(): Promise<string> {
  const answer = await rig.app.inject({ method: 'GET', url: '/metrics' });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^text\/plain/);
  return answer.body;
}

describe('GET /metrics', () => {
  it('counts what came in by route and status, and what still waits for Temporal', async () => {
    await rig.alertmanager([wireAlert()]);
    await rig.app.inject({ method: 'GET', url: '/nobody/knows/this/path' });
    const text = await metrics();
    expect(text).toMatch(
      /request_duration_seconds_count\{method="POST",route="\/webhooks\/alertmanager",status="2\d\d"\} 1/,
    );
    expect(text).toMatch(/route="unknown",status="404"/);
    expect(text).not.toContain('nobody/knows');
    expect(text).toContain('incident_inbox_pending 1');
    expect(text).toContain(`incident_build_info{version="${VERSION}"} 1`);
  });

  it('says nothing, instead of zero, about what it cannot read', async () => {
    const away = await gatewayRig({ url: await postgres.fresh(), client, start: false });
    await away.store.close();
    const answer = await away.app.inject({ method: 'GET', url: '/metrics' });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('incident_store_reads_failed_total 1');
    expect(answer.body).not.toMatch(/^incident_open\{severity="P0"\}/m);
    await away.app.close();
  });

  it('knows the version of package.json', () => {
    expect(VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
  });
});
