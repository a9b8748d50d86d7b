import { describe, expect, it } from 'vitest';
import { createAuthorityActivities } from '../../../src/activities/authority/activities.ts';
import { signDecision, verifyDecision } from '../../../src/config/decision-signature.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { Role } from '../../../src/domain/people.ts';

const SECRET = 'a-secret-of-the-gateway';
const UNSIGNED = {
  id: 'd1',
  incidentId: 'incident-1',
  name: 'approve',
  actor: { person: 'carol', roles: ['engineering-manager'], via: 'slack' },
  receivedAt: '2024-10-23T14:45:00.000Z',
  body: { approvalId: 'a1', option: 'restart' },
} as const satisfies Omit<Decision, 'signature'>;
const SIGNED: Decision = { ...UNSIGNED, signature: signDecision(UNSIGNED, SECRET) };

function confirm(
  decision: Decision,
  role: Role,
  people: Record<string, readonly Role[]> = { carol: ['engineering-manager', 'approver'] },
) {
  const activities = createAuthorityActivities({
    people: { person: async (id) => (people[id] === undefined ? null : { roles: people[id] }) },
    isSigned: (candidate) => verifyDecision(candidate, [SECRET]),
  });
  return activities.confirmAuthority({ decision, role });
}

describe('confirmAuthority', () => {
  it('confirms who has the role now and was signed by the gateway', async () => {
    expect(await confirm(SIGNED, 'engineering-manager')).toEqual({ confirmed: true, reason: null });
  });

  it('does not confirm a bare signal', async () => {
    expect(await confirm({ ...SIGNED, signature: null }, 'engineering-manager')).toMatchObject({
      confirmed: false,
      reason: expect.stringContaining('bare signal'),
    });
  });

  it.each([
    ['another person', { actor: { ...UNSIGNED.actor, person: 'dave' } }],
    ['another option', { body: { approvalId: 'a1', option: 'rollback' } }],
    ['another time', { receivedAt: '2024-10-23T14:46:00.000Z' }],
    ['another incident', { incidentId: 'incident-2' }],
    ['another name', { name: 'reject' as const }],
    ['no signature at all', { signature: 'zz' }],
  ])('does not confirm %s under the same signature', async (_name, change) => {
    expect(
      (
        await confirm({ ...SIGNED, ...change } as Decision, 'engineering-manager', {
          carol: ['engineering-manager'],
          dave: ['engineering-manager'],
        })
      ).confirmed,
    ).toBe(false);
  });

  it('reads roles live: one lost since the decision counts, one claimed in it does not', async () => {
    expect(await confirm(SIGNED, 'engineering-manager', { carol: ['viewer'] })).toEqual({
      confirmed: false,
      reason: 'carol does not have the role engineering-manager now (has viewer). Ask somebody who has it.',
    });
    expect((await confirm(SIGNED, 'engineering-manager', {})).reason).toBe(
      'carol is no longer among the people of the policy.',
    );
  });
});

describe('the signature', () => {
  it('does not depend on the order of keys, and outlives a change of secret', () => {
    const { body: _body, ...rest } = UNSIGNED;
    const reordered: Omit<Decision, 'signature'> = { body: { option: 'restart', approvalId: 'a1' }, ...rest };
    expect(signDecision(reordered, SECRET)).toBe(SIGNED.signature);
    expect(verifyDecision(SIGNED, ['the-new-secret-of-today', SECRET])).toBe(true);
    expect(verifyDecision(SIGNED, ['the-new-secret-of-today'])).toBe(false);
    expect(verifyDecision(SIGNED, [])).toBe(false);
  });

  it('refuses a secret that can be guessed', () => {
    expect(() => signDecision(UNSIGNED, 'short')).toThrow('shorter than 16');
  });
});
