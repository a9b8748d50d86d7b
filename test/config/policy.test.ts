import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkPolicy,
  loadPolicy,
  PolicyError,
  parsePolicy,
  policyJsonSchema,
  problemLine,
} from '../../src/config/policy.ts';

const NOA = await readFile('policy/noa.yaml', 'utf8');

/** The runbook's file with one piece of it replaced; fails when the piece is not there. */
function changed(piece: string | RegExp, replacement: string): string {
  const text = NOA.replace(piece, replacement);
  if (text === NOA) throw new Error(`policy/noa.yaml no longer contains ${piece}`);
  return text;
}

function problems(text: string, overrides = {}): readonly string[] {
  return checkPolicy(text, 'p.yaml', overrides).problems.map(problemLine);
}

/** Line and column, counted from 1, at which a piece stands in a text. */
function placeOf(text: string, piece: string): string {
  const before = text.slice(0, text.indexOf(piece)).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

describe('policy/noa.yaml', () => {
  it('is valid, without a warning', () => {
    expect(problems(NOA)).toEqual([]);
  });

  it("holds the runbook's numbers (R0.1–R0.4, R3.1.0, R3.2.5)", () => {
    const policy = parsePolicy(NOA, 'noa.yaml');
    expect(
      Object.values(policy.severities).map((severity) => [
        severity.acknowledgeWithinMinutes,
        severity.updateEveryMinutes,
      ]),
    ).toEqual([
      [5, 15],
      [15, 30],
      [60, 120],
      [1440, 1440],
    ]);
    expect(policy.severities.P0.escalations).toEqual([{ afterMinutes: 0, to: ['engineering-manager', 'cto'] }]);
    expect(policy.severities.P1.escalations).toEqual([{ afterMinutes: 30, to: ['engineering-manager'] }]);
    expect(policy.severities.P2.escalations).toEqual([{ afterMinutes: 120, to: ['team-lead'] }]);
    expect(policy.severities.P3.escalations).toEqual([]);
    expect(policy.severities.P3.paging).toEqual([]);
    expect(policy.classification).toMatchObject({
      usersAffectedP0Above: 0.5,
      usersAffectedP1Above: 0.25,
      errorRatioP1Above: 0.1,
      errorRatioP2From: 0.05,
      p95SecondsP1Above: 5,
      p95SecondsP2From: 2,
    });
    expect(policy.verification).toMatchObject({ errorRatioBelow: 0.05, withinMinutes: 5 });
    expect(policy.service.database).toMatchObject({ poolLimit: 100, exhaustedAbove: 80 });
    expect(policy.review.agenda.map((item) => item.minutes)).toEqual([10, 15, 10, 15, 10]);
    expect(policy.maintenanceWindow).toEqual({ from: '02:00', to: '04:00', timeZone: 'UTC' });
    expect(policy.communication.preApproved).toEqual(['investigating', 'no-news']);
  });

  it('is frozen, so that nothing changes it on the way', () => {
    const policy = parsePolicy(NOA, 'noa.yaml');
    expect(Object.isFrozen(policy.severities.P0.escalations)).toBe(true);
  });
});

describe('policy/logistics.yaml', () => {
  it('is another kind of company, and valid', async () => {
    const policy = await loadPolicy('policy/logistics.yaml');
    expect(policy.service.providers).toEqual([]);
    expect(policy.service.cache).toBeNull();
    expect(JSON.stringify(policy)).not.toMatch(/noa|claude|openai|redis/i);
  });
});

describe('errors of a policy', () => {
  it('says where a syntax error stands', () => {
    const text = changed('label: SEV1', 'label: [SEV1');
    expect(problems(text)[0]).toMatch(/^p\.yaml:\d+:\d+: /);
    expect(checkPolicy(text, 'p.yaml').policy).toBeNull();
  });

  it('names an unknown key where it stands, and the key that was meant', () => {
    const text = changed(
      '    acknowledgeWithinMinutes: 5\n',
      '    acknowledgeWithinMinutes: 5\n    updatesEveryMinutes: 15\n',
    );
    expect(problems(text)).toEqual([
      `p.yaml:${placeOf(text, 'updatesEveryMinutes')}: unknown key "updatesEveryMinutes"; did you mean "updateEveryMinutes"?`,
    ]);
  });

  it('refuses negative durations, wrong types and missing values', () => {
    const negative = changed('updateEveryMinutes: 15', 'updateEveryMinutes: -15');
    expect(problems(negative)).toEqual([
      `p.yaml:${placeOf(negative, '-15')}: severities.P0.updateEveryMinutes must be more than 0`,
    ]);
    const wrong = changed('updateEveryMinutes: 15', 'updateEveryMinutes: soon');
    expect(problems(wrong)).toEqual([
      `p.yaml:${placeOf(wrong, 'soon')}: severities.P0.updateEveryMinutes must be a number`,
    ]);
    expect(problems(changed('    label: SEV1\n', ''))[0]).toContain('severities.P0.label is missing');
    expect(problems(changed('version: 1', 'version: 2'))[0]).toContain('version must be 1');
  });

  it('says all that is wrong at once, in the order of the file', () => {
    const text = changed('updateEveryMinutes: 15', 'updateEveryMinutes: -15').replace(
      'holdMinutes: 5',
      'holdMinutes: -5',
    );
    expect(problems(text).map((line) => line.includes('must'))).toEqual([true, true]);
  });

  it('reads ratios and percentages alike, and nothing beyond', () => {
    expect(
      parsePolicy(changed('errorRatioP2From: 5%', 'errorRatioP2From: 0.05'), 'p.yaml').classification.errorRatioP2From,
    ).toBe(0.05);
    expect(problems(changed('errorRatioP2From: 5%', 'errorRatioP2From: 5'))[0]).toContain(
      'must be a ratio from 0 to 1',
    );
    expect(problems(changed('errorRatioP2From: 5%', 'errorRatioP2From: 500%'))[0]).toContain(
      'must be a ratio from 0 to 1',
    );
  });

  it.each([
    [
      'thresholds out of order',
      'errorRatioP1Above: 10%',
      'errorRatioP1Above: 3%',
      'the lower severity is never reached',
    ],
    ['severities out of order', 'updateEveryMinutes: 15', 'updateEveryMinutes: 45', 'must not be more than that of P1'],
    [
      'a paging chain out of order',
      '{ afterMinutes: 5, to: [oncall-backup] }',
      '{ afterMinutes: 50, to: [oncall-backup] }',
      'must be in order of time',
    ],
    [
      'a first page that is late',
      '- { afterMinutes: 0, to: [oncall-primary] }',
      '- { afterMinutes: 1, to: [oncall-primary] }',
      'must begin at 0',
    ],
    [
      'a circle of dependencies',
      'platform: [api]',
      'platform: [api]\n    api: [database]',
      'goes round in a circle: database → api → database',
    ],
    [
      'a value that the text does not have',
      'Issue: {{ issue }}',
      'Issue: {{ isue }}',
      'uses {{ isue }}, which it does not have; did you mean "issue"?',
    ],
    [
      'a fallback that does not exist',
      'fallback: openai',
      'fallback: opneai',
      'there is no provider "opneai"; did you mean "openai"?',
    ],
    [
      'a contact that cannot be mailed',
      'email: cto@noaserver.com, pagingService',
      'email: null, pagingService',
      'has no address in contacts.cto.email',
    ],
    [
      'a contact that cannot be paged',
      'pagingService: oncall-backup',
      'pagingService: null',
      'has no contacts.oncall-backup.pagingService',
    ],
    ['two people with one id', 'id: bob', 'id: alice', 'alice and alice have the same id'],
    [
      'a token instead of its digest',
      'contacts: [oncall-primary] }',
      'contacts: [oncall-primary], tokenSha256: secret }',
      'never the token itself',
    ],
    [
      'an empty query',
      'totalUsers: count(sum by (user_id) (increase(http_requests_total{user_id!=""}[5m])) > 0)',
      'totalUsers: ""',
      'is empty: write a PromQL expression',
    ],
    [
      'a bracket that is never closed',
      'requestsPerMinute: 60 * sum(rate(http_requests_total[2m]))',
      'requestsPerMinute: 60 * sum(rate(http_requests_total[2m])',
      'never closed',
    ],
    ['a query without its range', '[$range]', '[1h]', 'must contain $range'],
    [
      'a zone that does not exist',
      'timeZone: UTC\n  workingHours',
      'timeZone: Mars/Olympus\n  workingHours',
      'there is no time zone "Mars/Olympus"',
    ],
    [
      'an agenda that is too long',
      'meetingMinutes: 60',
      'meetingMinutes: 30',
      'the agenda takes 60 minutes, the meeting only 30',
    ],
    [
      'a temporary action without an end',
      'temporary: true, leaseMinutes: 240 }',
      'temporary: true, leaseMinutes: null }',
      'is temporary, so leaseMinutes must say for how long',
    ],
    ['an empty pool', 'exhaustedAbove: 80', 'exhaustedAbove: 800', 'must not be more than poolLimit'],
    ['a window without length', 'from: "02:00", to: "04:00"', 'from: "02:00", to: "02:00"', 'the window has no length'],
  ])('refuses %s', (_, piece, replacement, message) => {
    const check = checkPolicy(changed(piece, replacement), 'p.yaml');
    expect(check.policy).toBeNull();
    expect(check.problems.map(problemLine).join('\n')).toContain(message);
  });

  it('warns of approvals that nobody can give, and goes on', () => {
    const check = checkPolicy(
      changed('roles: [engineering-manager, commander, approver]', 'roles: [commander, approver]'),
      'p.yaml',
    );
    expect(check.policy).not.toBeNull();
    expect(check.problems.map(problemLine).join('\n')).toMatch(
      /warning: nobody in people has the role engineering-manager, so nobody can approve failover-database/,
    );
  });

  it('stops files that explode, are too large or cannot be read', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g'].map((name, index) => `${name}: &${name} [${Array(8).fill(`*${'abcdef'[index]}`).join(',')}]`).join('\n')}`;
    expect(problems(bomb)[0]).toMatch(/alias/i);
    expect(problems(`# ${'x'.repeat(1_000_001)}`)[0]).toContain('larger than');
    await expect(loadPolicy('policy/missing.yaml')).rejects.toThrow(PolicyError);
    expect(problems('')[0]).toContain('the file');
    expect(problems('- 1')[0]).toContain('the file');
  });

  it('never throws anything but a PolicyError, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.nat(NOA.length).map((length) => NOA.slice(0, length)),
        ),
        (text) => {
          const check = checkPolicy(text, 'p.yaml');
          expect(check.policy === null).toBe(check.problems.some((problem) => problem.level === 'error'));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('overrides', () => {
  it('change values by path, also of a member of a list by its name', () => {
    const policy = parsePolicy(NOA, 'noa.yaml', {
      'approvals.rollback': 'automatic',
      'people.alice.roles': ['viewer'],
      'severities.P0.acknowledgeWithinMinutes': 0.1,
    });
    expect(policy.approvals.rollback).toBe('automatic');
    expect(policy.people.find((person) => person.id === 'alice')?.roles).toEqual(['viewer']);
    expect(policy.severities.P0.acknowledgeWithinMinutes).toBe(0.1);
  });

  it('refuse paths that lead nowhere and values that do not fit', () => {
    expect(problems(NOA, { 'approvals.rolback': 'automatic' })[0]).toContain(
      'override "approvals.rolback": unknown key "rolback"; did you mean "rollback"?',
    );
    expect(problems(NOA, { 'version.x': 1 })[0]).toContain('nothing can be below "version"');
    expect(problems(NOA, { 'approvals.rollback': 'automtic' })[0]).toContain(
      'did you mean "automatic"? (set by the override "approvals.rollback")',
    );
    expect(problems(NOA, { '__proto__.x': 1 })[0]).toContain('unknown key');
  });
});

describe('docs/policy.schema.json', () => {
  it('is what scripts/policy-schema.ts writes now', async () => {
    expect(JSON.parse(await readFile('docs/policy.schema.json', 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(policyJsonSchema())),
    );
  });
});

describe('a key that has got another name', () => {
  const old = NOA.replaceAll('chatId:', 'slackId:').replaceAll(/chat(Initial|Update|Resolved|Channels):/g, 'slack$1:');

  it('is still read, with a warning that names the new one', () => {
    const { policy, problems: found } = checkPolicy(old, 'p.yaml');
    expect(policy).toEqual(parsePolicy(NOA, 'p.yaml'));
    expect(new Set(found.map(({ level }) => level))).toEqual(new Set(['warning']));
    const lines = found.map(problemLine);
    expect(lines).toContain(
      `p.yaml:${placeOf(old, 'slackInitial')}: warning: "slackInitial" is called "chatInitial" now; the old name is still read, write the new one`,
    );
    for (const name of ['slackUpdate', 'slackResolved', 'slackChannels', 'slackId'])
      expect(lines.some((line) => line.includes(`warning: "${name}" is called`))).toBe(true);
  });

  it('may be overridden by its old name; where both are written, the new one counts', () => {
    const overridden = parsePolicy(NOA, 'p.yaml', { 'people.alice.slackId': 'U1', 'reports.slackChannels': ['#x'] });
    expect(overridden.people[0]?.chatId).toBe('U1');
    expect(overridden.reports.chatChannels).toEqual(['#x']);
    const both = NOA.replace('chatId: U0ALICE', 'slackId: UOLD, chatId: U0ALICE');
    expect(parsePolicy(both, 'p.yaml').people[0]?.chatId).toBe('U0ALICE');
  });
});
