import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DECISION_COMMANDS } from '../../../src/cli/decisions.ts';
import { DECISION_FORMS } from '../../../src/console/decision-forms.ts';
import { mountConsole } from '../../../src/console/mount.ts';
import { DECISION_NAMES, type DecisionBodies, type DecisionName } from '../../../src/domain/decision.ts';
import { readCommandLine } from '../../../src/gateway/slack/command-line.ts';
import { MODALS } from '../../../src/views/chat-modals.ts';
import { INCIDENT, SIGNING, type SlackRig, slackRig } from '../../../test/gateway/slack/slack-rig.ts';
import { type TestPostgres, testPostgres } from '../../../test/store/test-postgres.ts';
import { ConsoleDoor } from '../../rehearsal/console-door.ts';
import { ACT_SCHEMAS } from '../../rehearsal/drill-schema.ts';
import { SlackDoor } from '../../rehearsal/slack-door.ts';

/** What a person says in each decision; a new decision does not compile without one. */
const BODIES: { readonly [N in DecisionName]: DecisionBodies[N] } = {
  acknowledge: {},
  'test-mail': {},
  assign: { to: 'bob', what: 'look at "redis" -- first' },
  'hand-over': { to: 'bob' },
  'set-severity': { to: 'P1', because: 'half of them' },
  note: { text: '--because is no option here' },
  update: { text: 'it is going well', expectedRecoveryAt: '2024-10-23T15:00:00.000Z' },
  snooze: { minutes: 20, because: 'the vendor is at it' },
  approve: { approvalId: 'r1.1', option: 'restart' },
  reject: { approvalId: 'r1.1', because: 'not this one' },
  resolve: { fix: 'flushed the cache' },
  reopen: { because: 'it is back' },
  merge: { into: 'incident-20241023-1200' },
  'false-alarm': { because: 'a test' },
  cancel: { because: 'a rehearsal' },
  'keep-lease': { leaseId: 'lease-1', because: 'it stays' },
  'renew-lease': { leaseId: 'lease-1', minutes: 45 },
  'revert-lease': { leaseId: 'lease-1' },
  'call-off': { what: 'r1.1', because: 'wait' },
  'pause-canary': { because: 'errors' },
  'abort-canary': { because: 'errors' },
  'break-glass': { approvalId: 'r1.1', option: 'restart', because: 'it burns' },
};

describe('decide means from Slack, the command line and the console alike (R1.3)', () => {
  it('every decision is in all three, in the drills, and in nothing less', () => {
    const all = [...DECISION_NAMES].sort();
    expect(Object.keys(DECISION_COMMANDS).sort()).toEqual(all);
    expect(Object.keys(DECISION_FORMS).sort()).toEqual(all);
    expect(Object.keys(MODALS).sort()).toEqual(all);
    // The post-mortem is no decision of an incident: it is approved where it is read.
    const { 'approve-post-mortem': approving, ...acts } = ACT_SCHEMAS;
    expect(approving).toBeDefined();
    expect(Object.keys(acts).sort()).toEqual(all);
    for (const name of all) expect(readCommandLine(name)).toMatchObject({ kind: 'decision', name });
  });
});

describe('the doors of a drill’s people', () => {
  let postgres: TestPostgres;
  let rig: SlackRig;
  let door: SlackDoor;
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
    door = new SlackDoor({
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

  it.each(DECISION_NAMES)('%s reaches the incident from Slack with the body that was meant', async (name) => {
    const before = rig.incident.asked.length;
    const body = BODIES[name] as Readonly<Record<string, unknown>>;
    await door.decide({ id: 'x', who: 'carol', via: 'slack', incidentId: INCIDENT, name, body });
    const [asked, ...more] = rig.incident.asked.slice(before);
    expect(more).toEqual([]);
    expect(asked).toMatchObject({ name, incidentId: INCIDENT, actor: { person: 'carol', via: 'slack' } });
    const quoted = (value: unknown) => (typeof value === 'string' ? value.replaceAll('"', "'") : value);
    expect(asked?.body).toEqual(Object.fromEntries(Object.entries(body).map(([key, value]) => [key, quoted(value)])));
  });

  it('with Slack down it cannot be done there', async () => {
    rig.faults.set('slack', { kind: 'down' });
    expect(
      await door.decide({
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
    const console = new ConsoleDoor(rig.url, new Map([['carol', 'token-of-carol']]));
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
