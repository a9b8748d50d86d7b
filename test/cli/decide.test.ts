import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lineOf } from '../../src/domain/deciding/line.ts';
import { DECISION_NAMES, declarationOf } from '../../src/domain/decision.ts';
import { readDecisionBody } from '../../src/gateway/decision-schemas.ts';
import { type FakeGateway, incident, QUESTION, startFakeGateway } from './fake-gateway.ts';
import { run } from './run.ts';

const R9 = 'incident-20241023-1430';
const OTHER = 'incident-20241023-1500';
let gateway: FakeGateway;

beforeEach(async () => {
  gateway = await startFakeGateway();
  gateway.incidents.push(
    incident(R9, {
      openQuestions: [QUESTION],
      openLeases: [{ id: 'lease-1', what: '6 replicas', expiresAt: '2024-10-23T18:00:00.000Z' }],
    }),
  );
});
afterEach(() => gateway.close());

/** Ways in which people write decisions, and the bodies they make. */
const WRITTEN: Readonly<Record<string, readonly [line: string, body: Readonly<Record<string, unknown>>]>> = {
  acknowledge: ['acknowledge 1430', {}],
  'test-mail': ['test-mail 1430', {}],
  assign: ['assign 1430 bob look at the cache', { to: 'bob', what: 'look at the cache' }],
  'hand-over': ['hand-over bob', { to: 'bob' }],
  'set-severity': ['set-severity 1430 p2 --because better', { to: 'P2', because: 'better' }],
  note: ['note 1430 the cache is fine', { text: 'the cache is fine' }],
  update: [
    'update 1430 going well --expect 15:10',
    { text: 'going well', expectedRecoveryAt: '2024-10-23T15:10:00.000Z' },
  ],
  snooze: ['snooze 1h30m --because quiet', { minutes: 90, because: 'quiet' }],
  approve: ['approve', { approvalId: 'mitigation-1' }],
  reject: ['reject 1430 rollback --because no', { approvalId: 'mitigation-1', because: 'no' }],
  resolve: ['resolve 1430', {}],
  reopen: ['reopen 1430 --because back', { because: 'back' }],
  merge: ['merge 1430 1500', { into: OTHER }],
  'false-alarm': ['false-alarm --because test', { because: 'test' }],
  cancel: ['cancel --because drill', { because: 'drill' }],
  'keep-lease': ['keep-lease --because needed', { leaseId: 'lease-1', because: 'needed' }],
  'renew-lease': ['renew-lease 1430 --for 2h', { leaseId: 'lease-1', minutes: 120 }],
  'revert-lease': ['revert-lease 1430 lease-1', { leaseId: 'lease-1' }],
  'call-off': ['call-off 1430 rollback --because wait', { what: 'mitigation-1', because: 'wait' }],
  'pause-canary': ['pause-canary --because odd', { because: 'odd' }],
  'abort-canary': ['abort-canary --because bad', { because: 'bad' }],
  'break-glass': [
    'break-glass 1430 restart --because alone',
    { approvalId: 'mitigation-1', option: 'restart', because: 'alone' },
  ],
};

describe('every decision', () => {
  it.each(Object.entries(WRITTEN))('%s is written naturally', async (name, [line, body]) => {
    if (name === 'merge') gateway.incidents.push(incident(OTHER));
    const { code, out, err } = await run(gateway, line.split(' '));
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(`${R9}: ${name} is done.`);
    expect(gateway.posted[0]?.path).toBe(`/api/incidents/${R9}/decisions`);
    expect(gateway.posted[0]?.body).toMatchObject({ name, body });
  });

  it.each(DECISION_NAMES)('%s says its own example, which the gateway’s own schema takes', async (name) => {
    const declared = declarationOf(name);
    const words = [...lineOf(declared, declared.example).matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, text, word]) => text ?? word,
    );
    const { code, err } = await run(gateway, [name, '1430', ...words.map(String)]);
    expect([code, err]).toEqual([0, '']);
    const read = readDecisionBody(name, gateway.posted[0]?.body.body, '2024-10-23T14:50:00.000Z');
    expect(read).toEqual({ ok: true, body: declared.example });
  });
});

describe('approve', () => {
  it('takes the other option by its name or by --option', async () => {
    await run(gateway, ['approve', 'restart']);
    await run(gateway, ['approve', '1430', 'rollback', '--option', 'restart']);
    expect(gateway.posted.map(({ body }) => body.body)).toEqual([
      { approvalId: 'mitigation-1', option: 'restart' },
      { approvalId: 'mitigation-1', option: 'restart' },
    ]);
    const unknown = await run(gateway, ['approve', '--option', 'scale']);
    expect([unknown.code, gateway.posted.length]).toEqual([2, 2]);
    expect(unknown.err).toContain('rollback, restart');
  });

  it('lists the questions when several are open, with the command for each', async () => {
    gateway.incidents[0] = incident(R9, {
      openQuestions: [QUESTION, { ...QUESTION, approvalId: 'resolve-1', name: 'resolve', options: [] }],
    });
    const { code, err } = await run(gateway, ['approve', '1430']);
    expect(code).toBe(2);
    expect(err).toContain(`incident approve ${R9} resolve-1`);
    expect(err).toContain(`incident approve ${R9} mitigation-1`);
    expect(gateway.posted).toEqual([]);
  });

  it('says so when nothing is asked (5)', async () => {
    gateway.incidents[0] = incident(R9);
    expect((await run(gateway, ['approve'])).code).toBe(5);
  });
});

describe('sending', () => {
  it('uses the same decision id again after a broken connection', async () => {
    gateway.answers.push('hang-up', { status: 503, body: { error: 'The store is away.' } });
    const { code, out } = await run(gateway, ['acknowledge', '--json']);
    expect(code).toBe(0);
    const ids = new Set(gateway.posted.map(({ body }) => body.id));
    expect([gateway.posted.length, ids.size]).toEqual([3, 1]);
    expect(JSON.parse(out)).toEqual({
      incidentId: R9,
      decision: 'acknowledge',
      accepted: true,
      decisionId: [...ids][0],
      effect: 'acknowledge is done.',
      repeated: false,
    });
  });

  it.each([
    [403, 4],
    [404, 3],
    [409, 5],
    [422, 2],
  ])('answers %i with exit code %i and the gateway’s own words, without a second try', async (status, code) => {
    gateway.answers.push({ status, body: { error: 'Because I say so.' } });
    const ran = await run(gateway, ['acknowledge']);
    expect([ran.code, gateway.posted.length]).toEqual([code, 1]);
    expect(ran.err).toContain('Because I say so.');
  });

  it('says that a pending decision is kept (7)', async () => {
    gateway.answers.push({ status: 503, body: { error: 'No worker runs.', accepted: 'pending' } });
    const ran = await run(gateway, ['acknowledge']);
    expect([ran.code, gateway.posted.length]).toEqual([7, 1]);
    expect(ran.err).toContain('takes effect as soon as a worker runs');
  });

  it('needs to know which incident when several are open', async () => {
    gateway.incidents.push(incident(OTHER));
    const ran = await run(gateway, ['note', 'hello']);
    expect([ran.code, gateway.posted.length]).toEqual([2, 0]);
    expect(ran.err).toContain(OTHER);
  });

  it.each([
    ['set-severity 1430 P1'],
    ['set-severity 1430 P7 --because x'],
    ['snooze 1430 soon --because x'],
    ['update 1430 x --expect later'],
    ['acknowledge 1430 again please'],
    ['note'],
  ])('refuses "%s" before anything is sent (2)', async (line) => {
    expect([(await run(gateway, line.split(' '))).code, gateway.posted.length]).toEqual([2, 0]);
  });
});
