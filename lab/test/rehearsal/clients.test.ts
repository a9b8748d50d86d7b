import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mountConsole } from '../../../src/console/mount.ts';
import { DECISION_NAMES, type DecisionName, declarationOf } from '../../../src/domain/decision.ts';
import { readCommandLine } from '../../../src/gateway/slack/command-line.ts';
import { INCIDENT, SIGNING, type SlackRig, slackRig } from '../../../test/gateway/slack/slack-rig.ts';
import { type TestPostgres, testPostgres } from '../../../test/store/test-postgres.ts';
import { ConsoleClient } from '../../rehearsal/console-client.ts';
import { ACT_SCHEMAS } from '../../rehearsal/drill-schema.ts';
import { SlackUserClient } from '../../rehearsal/slack-user-client.ts';

describe('decide means from Slack, the command line and the console alike (R1.3)', () => {
  it('every decision is in the drills and a word of chat', () => {
    const all = [...DECISION_NAMES].sort();
    // The post-mortem is no decision of an incident: it is approved where it is read.
    const { 'approve-post-mortem': approving, ...acts } = ACT_SCHEMAS;
    expect(approving).toBeDefined();
    expect(Object.keys(acts).sort()).toEqual(all);
    for (const name of all) expect(readCommandLine(name)).toMatchObject({ kind: 'decision', name });
  });
});

describe('the clients of a drill’s people', () => {
  let postgres: TestPostgres;
  let rig: SlackRig;
  let client: SlackUserClient;
  beforeAll(async () => {
    postgres = await testPostgres();
    rig = await slackRig(postgres, undefined, (app, clock) =>
      mountConsole(app, {
        sessionSecrets: ['a-secret-that-seals'],
        secureCookies: false,
        clock,
        speed: 1,
        product: () => 'NOA',
        people: () => [],
        historyUrl: () => null,
      }),
    );
    client = new SlackUserClient({
      slack: rig.slack,
      faults: rig.faults,
      gatewayUrl: rig.url,
      signingSecret: SIGNING,
      chatIdOf: (id) => rig.policy.people.find((person) => person.id === id)?.chatId ?? null,
    });
  });
  afterAll(async () => {
    await rig.close();
    await postgres.stop();
  });

  const said: readonly (readonly [DecisionName, Readonly<Record<string, unknown>>])[] = [
    ...DECISION_NAMES.map((name) => [name, declarationOf(name).example] as const),
    ['assign', { to: 'bob', what: 'look at "redis" -- first' }],
    ['note', { text: '--because is no option here' }],
  ];
  it.each(said)('%s reaches the incident from Slack with the body that was meant', async (name, body) => {
    const before = rig.incident.asked.length;
    await client.decide({ id: 'x', who: 'carol', via: 'slack', incidentId: INCIDENT, name, body });
    const [asked, ...more] = rig.incident.asked.slice(before);
    expect(more).toEqual([]);
    expect(asked).toMatchObject({ name, incidentId: INCIDENT, actor: { person: 'carol', via: 'slack' } });
    const quoted = (value: unknown) => (typeof value === 'string' ? value.replaceAll('"', "'") : value);
    expect(asked?.body).toEqual(Object.fromEntries(Object.entries(body).map(([key, value]) => [key, quoted(value)])));
  });

  it('with Slack down it cannot be done there', async () => {
    rig.faults.set('slack', { kind: 'down' });
    expect(
      await client.decide({
        id: 'x',
        who: 'carol',
        via: 'slack',
        incidentId: INCIDENT,
        name: 'note',
        body: { text: 'x' },
      }),
    ).toBeNull();
    rig.faults.clear('slack');
  });

  it('the console is signed in to, and its post counts as the console’s', async () => {
    const before = rig.incident.asked.length;
    const console = new ConsoleClient(rig.url, new Map([['carol', 'token-of-carol']]));
    const answer = await console.post({
      id: 'c1',
      who: 'carol',
      via: 'console',
      incidentId: INCIDENT,
      name: 'note',
      body: { text: 'from the console' },
    });
    expect(answer.status).toBe(200);
    expect(rig.incident.asked[before]?.actor).toMatchObject({ person: 'carol', via: 'console' });
  });
});
