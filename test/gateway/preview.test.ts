import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { anEvent, someFacts } from '../store/examples.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { COMMUNICATION } from '../views/facts.ts';
import { as, type GatewayRig, gatewayRig, wireAlert } from './gateway-rig.ts';

let postgres: TestPostgres;
let rig: GatewayRig;
/** What Temporal would answer about the incident's own texts. */
let texts: Awaited<ReturnType<IncidentClient['communication']>>;
let id: string;

const away = { ok: false, why: 'away', words: 'Temporal does not answer.' } as const;
const client = {
  agenda: async () => away,
  state: async () => away,
  timelineSince: async () => away,
  communication: async () => texts,
} as unknown as IncidentClient;

beforeAll(async () => {
  postgres = await testPostgres();
  rig = await gatewayRig({ url: await postgres.fresh(), client, start: false });
  const { json } = await rig.alertmanager([wireAlert({ startsAt: '2024-10-23T14:20:00Z' })]);
  id = String(json.incidentId);
  const at = '2024-10-23T14:31:00.000Z';
  await rig.store.projection.append(id, [anEvent(1, at, { kind: 'noted', text: 'seen' })], someFacts(id, at));
}, 60_000);
afterAll(async () => {
  await rig?.close();
  await postgres?.stop();
}, 30_000);

const read = (message: string, person = 'viewer') =>
  rig.app.inject({ method: 'GET', url: `/api/incidents/${id}/preview/${message}`, headers: as(person) });

describe('GET /api/incidents/:id/preview/:message', () => {
  it('speaks with the texts of the incident, not with those of the newest policy', async () => {
    const communication = {
      ...COMMUNICATION,
      templates: { ...COMMUNICATION.templates, chatUpdate: 'Frozen {{ title }}' },
    };
    texts = { ok: true, value: { communication, chatGroups: [] } };
    const answer = await read('update');
    expect(answer.statusCode).toBe(200);
    expect(answer.json().preview).toMatchObject({ medium: 'chat', text: expect.stringMatching(/^Frozen /u) });
  });

  it('says so when it has to use those of now', async () => {
    texts = away;
    const answer = (await read('status-investigating')).json();
    expect(answer.preview.text).toContain('We are investigating reports');
    expect(answer.notes.join(' ')).toContain('these are the policy’s of now');
  });

  it('refuses what is no message, naming those there are, and whoever is nobody', async () => {
    expect((await read('everything')).json().error).toContain('status-identified');
    expect((await read('update', 'stranger')).statusCode).toBe(401);
  });
});
