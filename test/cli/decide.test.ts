import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DECISION_NAMES } from '../../src/domain/decision.ts';
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

/** One way to write each decision, and the body it makes. */
const WRITTEN: Readonly<Record<string, readonly [line: string, body: unknown]>> = {
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
  approve: ['approve', { approvalId: 'mitigation-1', option: null }],
  reject: ['reject 1430 rollback --because no', { approvalId: 'mitigation-1', because: 'no' }],
  resolve: ['resolve 1430', { fix: null }],
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
  it.each(DECISION_NAMES)('%s is written naturally and accepted by the gateway’s own schema', async (name) => {
    const [line, body] = WRITTEN[name] ?? ['', null];
    if (name === 'merge') gateway.incidents.push(incident(OTHER));
    const { code, out, err } = await run(gateway, line.split(' '));
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(`${R9}: ${name} is done.`);
    const posted = gateway.posted[0];
    expect(posted?.path).toBe(`/api/incidents/${R9}/decisions`);
    expect(posted?.body).toMatchObject({ name, body });
    expect(readDecisionBody(name, posted?.body.body, '2024-10-23T14:50:00.000Z')).toMatchObject({ ok: true });
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
