import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { IncidentInput } from '../../src/workflows/incident/api.ts';
import { anAlert } from '../store/examples.ts';
import { type TemporalRig, temporalRig } from './temporal-rig.ts';

let rig: TemporalRig;
let client: IncidentClient;
let policy: Policy;

beforeAll(async () => {
  policy = await loadPolicy('policy/noa.yaml');
  rig = await temporalRig();
  await rig.startWorker();
  client = rig.client();
}, 60_000);
afterAll(() => rig.stop(), 30_000);

function inputOf(incidentId: string): IncidentInput {
  const firstAlert = anAlert();
  const at = firstAlert.receivedAt;
  const about = { title: firstAlert.summary, service: firstAlert.service };
  const times = { openedAt: at, detectedAt: firstAlert.startsAt, anchorAt: at, speed: 1 };
  return { incidentId, ...about, policy, ...times, firstAlert, previousIncidentId: null, carried: null };
}

function note(incidentId: string, id: string, text: string): Decision<'note'> {
  const actor = { person: 'alice', roles: ['commander' as const], via: 'cli' as const };
  return {
    id,
    incidentId,
    name: 'note',
    actor,
    receivedAt: '2024-10-23T14:31:00.000Z',
    body: { text },
    signature: null,
  };
}

async function notes(incidentId: string): Promise<readonly string[]> {
  const timeline = await client.timelineSince(incidentId, 0);
  return timeline.ok ? timeline.value.flatMap((event) => (event.kind === 'noted' ? [event.text] : [])) : [];
}

describe('the client', () => {
  it('opens with the first alert, joins later ones, and reads', async () => {
    const input = inputOf('incident-20241023-1430');
    expect(await client.openWithAlerts(input, { alerts: [anAlert()] }, 'batch-1')).toMatchObject({ outcome: 'joined' });
    expect(await client.openWithAlerts(input, { alerts: [anAlert()] }, 'batch-1')).toMatchObject({ outcome: 'joined' });
    expect(await client.signalAlerts(input, { alerts: [anAlert({ fingerprint: 'b' })] })).toEqual({
      outcome: 'signalled',
    });
    const timeline = await client.timelineSince(input.incidentId, 0);
    // The same batch id was one update, though it was sent twice.
    expect(timeline.ok && timeline.value.length).toBe(2);
    expect(await client.agenda(input.incidentId)).toMatchObject({ ok: true, value: [{ name: 'acknowledge' }] });
    expect(await client.paper(input.incidentId)).toMatchObject({ ok: true });
    expect(await client.state('incident-19990101-0000')).toMatchObject({ ok: false, why: 'not-found' });
    expect(await client.trouble()).toBeNull();
    await expect
      .poll(async () => {
        const list = await client.list({ openOnly: true });
        return list.ok ? list.value.map(({ incidentId }) => incidentId) : [];
      })
      .toContain(input.incidentId);
  });

  it('takes a decision once, and maps refusals to sentences', async () => {
    const input = inputOf('incident-20241023-1431');
    await client.openWithAlerts(input, { alerts: [anAlert()] }, 'b');
    const id = input.incidentId;
    expect(await client.decide(note(id, 'd1', 'hello'))).toMatchObject({
      outcome: 'accepted',
      answer: { repeated: false },
    });
    await client.decide(note(id, 'd1', 'hello'));
    expect(await notes(id)).toEqual(['note alice: hello']);
    expect(await client.decide(note(id, 'd2', 'refuse'))).toEqual({
      outcome: 'refused',
      words: 'It is already resolved since 14:50.',
      unauthorised: false,
    });
    expect(await client.decide(note(id, 'd3', 'forbid'))).toMatchObject({ outcome: 'refused', unauthorised: true });
    expect(await client.decide(note('incident-20000101-0000', 'd4', 'x'))).toMatchObject({ outcome: 'not-found' });
    await client.decide(note(id, 'd5', 'stop'));
    await expect.poll(() => client.decide(note(id, 'd6', 'late'))).toMatchObject({ outcome: 'ended' });
    expect(await client.openWithAlerts(input, { alerts: [anAlert()] }, 'c')).toEqual({ outcome: 'ended' });
    expect(await client.signalAlerts(input, { alerts: [anAlert()] })).toEqual({ outcome: 'ended' });
  });

  it('leaves alerts and decisions as signals while no worker runs, and loses none', async () => {
    const input = inputOf('incident-20241023-1432');
    await client.openWithAlerts(input, { alerts: [anAlert()] }, 'b');
    await rig.stopWorker();
    const hurried = rig.client(400);
    const other = inputOf('incident-20241023-1433');
    expect(await hurried.openWithAlerts(other, { alerts: [anAlert()] }, 'b')).toEqual({ outcome: 'signalled' });
    const decided = await hurried.decide(note(input.incidentId, 'd1', 'kept'));
    expect(decided).toMatchObject({ outcome: 'pending' });
    await rig.startWorker();
    await expect.poll(() => notes(input.incidentId), { timeout: 15_000 }).toEqual(['note alice: kept']);
    await expect.poll(async () => (await client.timelineSince(other.incidentId, 0)).ok, { timeout: 15_000 }).toBe(true);
  }, 40_000);

  it('says that Temporal is away', async () => {
    const { createIncidentClient } = await import('../../src/client/incident-client.ts');
    const nobody = createIncidentClient({
      connection: { address: '127.0.0.1:1' },
      namespace: 'default',
      answerWithinMs: 300,
    });
    expect(await nobody.trouble()).toMatch(/does not answer/);
    expect(await nobody.decide(note('incident-20241023-1430', 'x', 'y'))).toMatchObject({ outcome: 'unavailable' });
    expect(await nobody.state('incident-20241023-1430')).toMatchObject({ ok: false, why: 'away' });
    await expect(nobody.signalAlerts(inputOf('incident-x'), { alerts: [] })).rejects.toMatchObject({
      name: 'TemporalAway',
    });
    await nobody.close();
  }, 40_000);
});
