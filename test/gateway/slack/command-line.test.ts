import { describe, expect, it } from 'vitest';
import { understand } from '../../../src/gateway/slack/command-body.ts';
import { type ChatCommand, readCommandLine } from '../../../src/gateway/slack/command-line.ts';
import { FACTS } from '../../views/facts.ts';

describe('what is typed behind /incident', () => {
  it.each([
    ['', { kind: 'waiting' }],
    ['create “API Error Rate Critical”', { kind: 'create', title: 'API Error Rate Critical', severity: null }],
    [
      'create API is down --severity p0 --separate',
      { kind: 'create', title: 'API is down', severity: 'P0', separate: true },
    ],
    ['ack 1430', { kind: 'decision', name: 'acknowledge', reference: '1430', words: [] }],
    ['ACK', { kind: 'decision', name: 'acknowledge', reference: null }],
    [
      'update 1430 the cache looks fine',
      { kind: 'decision', name: 'update', reference: '1430', words: ['the', 'cache', 'looks', 'fine'] },
    ],
    [
      'update we are back —expect 15:00',
      { name: 'update', words: ['we', 'are', 'back'], options: { expect: '15:00' } },
    ],
    ['reject r1.1 --because "wrong deploy"', { name: 'reject', words: ['r1.1'], options: { because: 'wrong deploy' } }],
    ['merge incident-20241023-1430', { name: 'merge', reference: null, words: ['incident-20241023-1430'] }],
    ['merge 1430 1500', { name: 'merge', reference: '1430', words: ['1500'] }],
    ['status 1430', { kind: 'show', reference: '1430' }],
    ['list all', { kind: 'list', all: true }],
    ['check pods --incident 1430', { kind: 'check', what: 'pods', incident: '1430' }],
    ['do restart because it leaks', { kind: 'do', what: 'restart', target: null, because: 'it leaks' }],
    [
      'do scale noa-mcp 6 because of the surge',
      { kind: 'do', what: 'scale', target: 'noa-mcp', replicas: 6, because: 'of the surge' },
    ],
    ['do delete-pod noa-mcp-1 “stuck”', { what: 'delete-pod', target: 'noa-mcp-1', because: 'stuck' }],
    ['do approve quick-1', { kind: 'do', answers: 'confirm', target: 'quick-1' }],
    ['do call-off quick-1 because no', { answers: 'call-off', target: 'quick-1', because: 'no' }],
  ])('%s', (text, expected) => {
    expect(readCommandLine(text)).toMatchObject(expected);
  });

  it.each([
    ['aprove', /Did you mean: \/incident approve/],
    ['acknowlege 1430', /Did you mean: \/incident acknowledge/],
    ['check podz', /no check "podz"\. Did you mean: pods/],
    ['do restrat noa-mcp', /no action "restrat"\. Did you mean: restart/],
    ['do approve', /Say which/],
    ['frobnicate', /no command "frobnicate"/],
    ['reject --becuase no', /Did you mean --because/],
    ['create', /Say what is wrong/],
    ['create x --severity P9', /is no severity/],
    ['x'.repeat(5_000), /longer than/],
  ])('a slip is answered with what was meant: %s', (text, words) => {
    const read = readCommandLine(text) as Extract<ChatCommand, { kind: 'problem' }>;
    expect(read.kind).toBe('problem');
    expect(read.words).toMatch(words);
  });
});

describe('what a command decides', () => {
  const asked = {
    approvalId: 'r1.1',
    name: 'rollback',
    why: 'The deploy is the cause.',
    options: [
      { name: 'rollback', preview: 'Rolls back.', command: null },
      { name: 'restart', preview: 'Restarts.', command: null },
    ],
    approver: 'approver',
    mode: 'ask',
    deadlineAt: '2024-10-23T15:20:00.000Z',
  };
  const facts = { ...FACTS, openQuestions: [asked], openLeases: [{ id: 'lease-1', what: 'x', expiresAt: FACTS.at }] };
  const read = (text: string, known = facts) => {
    const command = readCommandLine(text);
    if (command.kind !== 'decision') throw new Error(`${text} is no decision`);
    const now = '2024-10-23T14:50:00.000Z';
    return understand(
      command,
      { facts: known, now },
      {
        personOf: async (written) => (written === '<@U0BOB>' || written === 'bob' ? 'bob' : null),
        incidentOf: async (written) => (written === '1500' ? 'incident-20241023-1500' : null),
      },
    );
  };

  it.each([
    ['approve', { approvalId: 'r1.1' }],
    ['approve restart', { approvalId: 'r1.1', option: 'restart' }],
    ['approve 1430 r1.1 restart', { approvalId: 'r1.1', option: 'restart' }],
    ['reject because it is wrong', { approvalId: 'r1.1', because: 'it is wrong' }],
    ['reject r1.1 wrong one', { approvalId: 'r1.1', because: 'wrong one' }],
    ['call-off rollback not now', { what: 'r1.1', because: 'not now' }],
    ['break-glass restart burning', { approvalId: 'r1.1', option: 'restart', because: 'burning' }],
    ['hand-over <@U0BOB>', { to: 'bob' }],
    ['assign bob look at redis', { to: 'bob', what: 'look at redis' }],
    ['severity p1 half of users', { to: 'P1', because: 'half of users' }],
    ['snooze 1h30m waiting for the vendor', { minutes: 90, because: 'waiting for the vendor' }],
    ['snooze 2d --because vendor', { minutes: 2_880, because: 'vendor' }],
    ['renew 2h', { leaseId: 'lease-1', minutes: 120 }],
    ['renew lease-1 1.5h', { leaseId: 'lease-1', minutes: 90 }],
    ['keep as it is', { leaseId: 'lease-1', because: 'as it is' }],
    ['call-off fix not tonight', { what: 'fix', because: 'not tonight' }],
    ['revert', { leaseId: 'lease-1' }],
    ['keep lease-1 it stays', { leaseId: 'lease-1', because: 'it stays' }],
    ['merge 1500', { into: 'incident-20241023-1500' }],
    ['update back —expect 14:00', { text: 'back', expectedRecoveryAt: '2024-10-24T14:00:00.000Z' }],
  ])('%s', async (text, body) => {
    expect(await read(text)).toEqual({ kind: 'body', body });
  });

  it.each(['update', 'reject', 'note', 'hand-over', 'set-severity P1', 'reopen', 'keep'])(
    'asks for the rest in a form: %s',
    async (text) => {
      expect((await read(text)).kind).toBe('form');
    },
  );

  it.each([
    ['hand-over mallory', /is nobody of this team/],
    ['approve failover', /not among the options/],
    ['severity high x', /no severity/],
    ['snooze soon x', /no duration/],
    ['merge 9999', /No single incident/],
  ])('says what is wrong: %s', async (text, words) => {
    const understood = await read(text);
    expect(understood.kind === 'problem' ? understood.words : understood.kind).toMatch(words);
  });

  it('names the open questions when several fit', async () => {
    const two = { ...facts, openQuestions: [asked, { ...asked, approvalId: 'r1.2', name: 'publish-email' }] };
    const understood = await read('reject no', two);
    expect(understood).toMatchObject({ kind: 'problem', words: expect.stringContaining('/incident reject r1.2') });
  });
});
