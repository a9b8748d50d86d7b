import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ALERTMANAGER,
  isAlertmanagerHere,
  type PostedAlert,
  type RealAlertmanager,
  startAlertmanager,
} from './alertmanager.ts';
import { pause } from './running-clock.ts';
import { openStage, type Stage } from './stage.ts';

// ADR 0008, R1.2, R1.9: Debian's Alertmanager, as a team runs it, sends to our gateway.
const here = isAlertmanagerHere();
const title = here
  ? 'a real Alertmanager'
  : `a real Alertmanager (skipped: ${ALERTMANAGER} is missing; install the package prometheus-alertmanager)`;

let stage: Stage;
let folder: string;
const running: RealAlertmanager[] = [];

beforeAll(async () => {
  if (!here) return;
  folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
  // Alertmanager knows only the wall clock, so incident time is that here. Services are kept apart by the policy.
  stage = await openStage({ startAt: new Date().toISOString(), speed: 1, policy: { 'intake.dependsOn': {} } });
  stage.clock.start();
}, 90_000);
afterEach(async () => {
  for (const one of running.splice(0)) await one.kill();
});
afterAll(async () => {
  await stage?.close();
  if (here) rmSync(folder, { recursive: true, force: true });
});

async function start(more: { groupBy?: readonly string[]; peer?: RealAlertmanager } = {}) {
  const one = await startAlertmanager({
    folder: join(folder, String(Math.random()).slice(2)),
    webhook: `${stage.gatewayUrl}/webhooks/alertmanager`,
    token: stage.alertmanagerToken,
    groupBy: ['alertname', 'service'],
    ...more,
  });
  running.push(one);
  return one;
}

function alertOf(service: string, changes: Partial<PostedAlert> & { instance?: string } = {}): PostedAlert {
  const { instance = 'a', ...rest } = changes;
  return {
    labels: { alertname: 'APIErrorRateHigh', severity: 'P1', service, instance },
    annotations: { summary: `Errors of ${service}` },
    startsAt: new Date(Date.now() - 60_000).toISOString(),
    ...rest,
  };
}

/** Fingerprints that the incident of this service has heard of, by what it heard. */
async function heard(service: string) {
  const found: { id: string; firing: string[]; cleared: string[] }[] = [];
  for (const id of await stage.incidentIds()) {
    const events = await stage.timeline(id);
    const opened = events.find((event) => event.kind === 'opened');
    if (opened?.kind !== 'opened' || opened.service !== service) continue;
    const firing = events.flatMap((event) =>
      event.kind === 'alert-received' ? [event.alert.labels.instance ?? ''] : [],
    );
    const cleared = events.flatMap((event) => (event.kind === 'alert-cleared' ? [event.name] : []));
    found.push({ id, firing: [...new Set(firing)].sort(), cleared });
  }
  return found;
}

describe.skipIf(!here)(title, () => {
  it('opens one incident by an alert, and what is resolved is recorded there', async () => {
    const alertmanager = await start();
    const alert = alertOf('orders');
    await alertmanager.alert([alert]);
    await stage.until('the alert has an incident', async () => (await heard('orders')).length === 1);
    await alertmanager.alert([{ ...alert, endsAt: new Date().toISOString() }]);
    const [incident] = await stage.until('the resolution is recorded', async () => {
      const found = await heard('orders');
      return (found[0]?.cleared.length ?? 0) > 0 && found;
    });
    expect(incident).toMatchObject({ firing: ['a'], cleared: ['APIErrorRateHigh'] });
  }, 60_000);

  it('sends grouped alerts of two services, and each service gets its own incident', async () => {
    const alertmanager = await start({ groupBy: ['alertname'] });
    const both = [alertOf('search'), alertOf('search', { instance: 'b' }), alertOf('billing')];
    await alertmanager.alert(both);
    await stage.until('both services have an incident', async () => {
      const [search] = await heard('search');
      return search?.firing.length === 2 && (await heard('billing')).length === 1;
    });
    expect(await heard('search')).toHaveLength(1);
    expect((await heard('billing'))[0]?.firing).toEqual(['a']);
  }, 60_000);

  it.each([
    { pair: 'that hear of each other', service: 'mail', together: true },
    // Then neither knows what the other has sent, and both send everything.
    { pair: 'that cannot hear each other', service: 'parcels', together: false },
  ])(
    'runs as a pair $pair: still one incident, and the alert counts once',
    async ({ service, together }) => {
      const first = await start();
      const second = await start(together ? { peer: first } : {});
      const alert = alertOf(service);
      await Promise.all([first.alert([alert]), second.alert([alert])]);
      const sent = async () => [await first.notificationsSent(), await second.notificationsSent()];
      await stage.until(
        'it is sent',
        async () => (await sent()).filter((count) => count > 0).length >= (together ? 1 : 2),
      );
      await stage.until('the alert has an incident', async () => (await heard(service)).length > 0);
      const found = await heard(service);
      expect(found).toHaveLength(1);
      expect(found[0]?.firing).toEqual(['a']);
      const received = (await stage.events(found[0]?.id ?? '', 'alert-received')).filter(
        (event) => event.alert.labels.instance === 'a',
      );
      // What is recorded per delivery would page again; one firing period is one alert (fingerprint, startsAt, status).
      expect(new Set(received.map(({ alert: one }) => `${one.fingerprint}/${one.startsAt}/${one.status}`)).size).toBe(
        1,
      );
    },
    60_000,
  );

  it('finds the gateway away for ten seconds, tries again, and nothing is lost', async () => {
    const alertmanager = await start();
    await stage.gateway.kill();
    await alertmanager.alert([alertOf('login'), alertOf('login', { instance: 'b' })]);
    await pause(10_000);
    await stage.gateway.start();
    const [incident] = await stage.until(
      'both alerts have arrived',
      async () => {
        const found = await heard('login');
        return found[0]?.firing.length === 2 && found;
      },
      60_000,
    );
    expect(incident?.firing).toEqual(['a', 'b']);
    expect(await heard('login')).toHaveLength(1);
  }, 120_000);
});
