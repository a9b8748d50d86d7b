import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireEntry } from '../../lab/simulation/wire/ledger.ts';
import { pause } from './running-clock.ts';
import { openStage, type Stage } from './stage.ts';
import { remediesSeen, whenAsked, whenClusterActs } from './watch-ledger.ts';

// kill -9 at the worst moments: what was asked of another system is done there, and nobody here knows it yet.
const SERVICES = ['api', 'evidence', 'channel', 'page', 'message', 'remedy', 'temporal-away', 'store-away'];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    startAt: '2026-03-04T09:00:00.000Z',
    speed: 20,
    durable: true,
    // Each alert below is a problem of its own, of a service that this policy describes.
    policy: {
      'intake.dependsOn': {},
      'communication.statusPageComponents': [{ id: 'api', name: 'API', services: SERVICES }],
      'evidence.probeDeadlineSeconds': 8,
      'verification.holdMinutes': 2,
    },
  });
  stage.production.setReceivers([{ name: 'incidents', url: 'http://127.0.0.1:9/', bearerToken: null }]);
  const at = Date.parse('2026-03-04T09:10:00.000Z');
  stage.production.world.addFault(
    { kind: 'bad-deploy', deployment: 'noa-mcp', change: 'new parser', errorRate: 0.45 },
    at,
  );
  await stage.clock.jumpTo('2026-03-04T09:14:00.000Z');
  stage.clock.start();
}, 120_000);
afterAll(async () => stage?.close());

function payload(service: string, fingerprints: readonly string[] = [service]): object {
  const startsAt = new Date(stage.production.world.nowMs - 60_000).toISOString();
  const labels = { alertname: 'APIErrorRateHigh', service, severity: 'P1' };
  const alerts = fingerprints.map((fingerprint) => ({
    status: 'firing',
    labels: { ...labels, instance: fingerprint },
    annotations: { summary: `Errors of ${service}` },
    startsAt,
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint,
  }));
  const common = {
    groupLabels: labels,
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example',
  };
  return {
    version: '4',
    groupKey: service,
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'incidents',
    ...common,
    alerts,
  };
}

async function open(service: string): Promise<string> {
  const answer = await stage.post(payload(service));
  expect(answer.status).toBe(202);
  return String(answer.body.incidentId);
}

/** Kills the worker the instant this is done there and not answered yet; resolves once another worker runs. */
async function killWhen(matches: (entry: WireEntry) => boolean, provoke: () => Promise<string>): Promise<string> {
  const killed = new Promise<void>((done) => {
    whenAsked(stage.production, matches, () => void stage.worker.kill().then(done));
  });
  const id = await provoke();
  await killed;
  await stage.worker.start();
  return id;
}

/** Goes on as if nothing had happened: one channel, one page, evidence, and a question to people. */
async function expectToGoOn(id: string): Promise<void> {
  const question = await stage.until(
    `${id} asks what to do`,
    async () => (await stage.facts(id))?.openQuestions.find(({ name }) => name === 'rollback') ?? false,
  );
  expect(question.options.length).toBeGreaterThan(0);
  const { slack, pagerDuty } = stage.production;
  const channel = (await stage.events(id, 'channel-opened'))[0]?.name;
  expect(slack.channels.filter(({ name }) => name.startsWith(id)).map(({ name }) => name)).toEqual([channel]);
  const pages = pagerDuty.pages.filter(({ paged, dedupKey }) => paged && dedupKey.startsWith(`${id}/`));
  expect(pages.map(({ service }) => service)).toEqual(['oncall-primary']);
  const initial = slack.messages.filter(
    ({ text, metadata }) => text.includes('[INITIAL ALERT') && JSON.stringify(metadata).includes(`${id}/`),
  );
  expect(initial).toHaveLength(1);
}

async function end(id: string): Promise<void> {
  expect(await stage.decide('alice', id, 'cancel', { because: 'the next play begins' })).toMatchObject({ status: 200 });
}

const MOMENTS: readonly {
  readonly when: string;
  readonly service: string;
  readonly matches: (entry: WireEntry) => boolean;
}[] = [
  { when: 'evidence is being collected', service: 'evidence', matches: ({ system }) => system === 'prometheus' },
  {
    when: 'the channel has just been made',
    service: 'channel',
    matches: ({ path }) => path.endsWith('/conversations.create'),
  },
  { when: 'the page has just gone out', service: 'page', matches: ({ path }) => path.endsWith('/v2/enqueue') },
  {
    when: 'the first message has just been posted',
    service: 'message',
    matches: ({ path }) => path.endsWith('/chat.postMessage'),
  },
];

describe('a worker killed at the worst moment', () => {
  it.each(MOMENTS)(
    'when $when: nothing twice, and the incident goes on',
    async ({ service, matches }) => {
      const id = await killWhen(matches, () => open(service));
      await expectToGoOn(id);
      await end(id);
    },
    120_000,
  );

  it('when an approval is waited for, and again when the remedy is in effect: one remedy', async () => {
    const { production, worker } = stage;
    const id = await open('remedy');
    await expectToGoOn(id);
    await worker.kill();
    const question = (await stage.facts(id))?.openQuestions.find(({ name }) => name === 'rollback');
    const killed = new Promise<void>((done) => {
      let first = true;
      whenClusterActs(production, ({ effects }) => {
        if (!first || !effects.some(({ kind }) => kind === 'rollback')) return;
        first = false;
        void worker.kill().then(done);
      });
    });
    // Nobody is there to take the yes: it waits in Temporal, and takes effect once somebody is.
    const yes = { approvalId: question?.approvalId ?? '', option: 'rollback' as const };
    const answer = await stage.decide('alice', id, 'approve', yes, 'one-yes');
    expect([200, 503]).toContain(answer.status);
    await worker.start();
    await killed;
    await worker.start();
    await stage.until(
      'the rollback is known to be in effect',
      async () => (await stage.events(id, 'remedy-carried-out'))[0] ?? false,
    );
    await stage.until('the errors have gone', async () => (await stage.events(id, 'mitigated'))[0] ?? false);
    expect(await stage.events(id, 'remedy-carried-out')).toMatchObject([
      { action: 'rollback', outcome: { result: 'already-done' } },
    ]);
    const yeses = (await stage.events(id, 'approval-granted')).filter(
      (event) => (event as unknown as { option: string }).option === 'rollback',
    );
    expect(yeses).toHaveLength(1);
    expect(remediesSeen(production)).toEqual(['rollback noa-mcp']);
    await end(id);
  }, 180_000);
});

describe('what stands below is away', () => {
  it('Temporal: alerts are taken, and all of them arrive', async () => {
    await stage.temporal.stop();
    for (const fingerprints of [['t1'], ['t2'], ['t1', 't3']]) {
      expect(await stage.post(payload('temporal-away', fingerprints))).toMatchObject({ status: 202 });
    }
    await pause(2_000);
    await stage.temporal.restart();
    const id = (await stage.incidentIds())[0] ?? '';
    await stage.until(
      'all three alerts have arrived',
      async () => {
        const heard = new Set((await stage.events(id, 'alert-received')).map(({ alert }) => alert.fingerprint));
        return ['t1', 't2', 't3'].every((fingerprint) => heard.has(fingerprint));
      },
      60_000,
    );
    await end(id);
  }, 120_000);

  it('the store: alerts are refused with 503 and a time to come back, and taken then', async () => {
    await stage.store.stop();
    const body = JSON.stringify(payload('store-away'));
    const headers = { authorization: `Bearer ${stage.alertmanagerToken}`, 'content-type': 'application/json' };
    const refused = await fetch(`${stage.gatewayUrl}/webhooks/alertmanager`, { method: 'POST', headers, body });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(((await refused.json()) as { error: string }).error).toMatch(/send it again/);
    expect((await fetch(`${stage.gatewayUrl}/readyz`)).status).toBe(503);
    await stage.store.restart();
    const id = await stage.until('the alert is taken', async () => {
      const answer = await stage.post(payload('store-away'));
      return answer.status === 202 && String(answer.body.incidentId);
    });
    await stage.until('its incident runs', async () => (await stage.events(id, 'channel-opened'))[0] ?? false);
  }, 120_000);
});
