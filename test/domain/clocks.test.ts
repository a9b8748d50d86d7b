import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { nextUpdateAfter, promisesFor } from '../../src/domain/clocks.ts';
import { epochMs } from '../../src/domain/instant.ts';
import { CONTACTS } from '../../src/domain/people.ts';
import { SEVERITIES } from '../../src/domain/severity.ts';

const policy = await loadPolicy('policy/noa.yaml');
const SINCE = '2024-10-23T14:30:00.000Z';

describe('promisesFor', () => {
  it('P0: acknowledge in 5 minutes, update in 15, mail EM and CTO at once (R0.1)', () => {
    expect(promisesFor('P0', policy, SINCE)).toEqual({
      acknowledgeBy: '2024-10-23T14:35:00.000Z',
      nextUpdateAt: '2024-10-23T14:45:00.000Z',
      escalations: [{ at: SINCE, to: ['engineering-manager', 'cto'] }],
      pages: [
        { at: SINCE, to: ['oncall-primary'] },
        { at: '2024-10-23T14:35:00.000Z', to: ['oncall-backup'] },
        { at: '2024-10-23T14:40:00.000Z', to: ['engineering-manager', 'cto'] },
      ],
    });
  });

  it('P1, P2 and P3 as the runbook says (R0.2–R0.4)', () => {
    expect(promisesFor('P1', policy, SINCE)).toMatchObject({
      acknowledgeBy: '2024-10-23T14:45:00.000Z',
      nextUpdateAt: '2024-10-23T15:00:00.000Z',
      escalations: [{ at: '2024-10-23T15:00:00.000Z', to: ['engineering-manager'] }],
    });
    expect(promisesFor('P2', policy, SINCE)).toMatchObject({
      acknowledgeBy: '2024-10-23T15:30:00.000Z',
      nextUpdateAt: '2024-10-23T16:30:00.000Z',
      escalations: [{ at: '2024-10-23T16:30:00.000Z', to: ['team-lead'] }],
    });
    expect(promisesFor('P3', policy, SINCE)).toMatchObject({
      acknowledgeBy: '2024-10-24T14:30:00.000Z',
      nextUpdateAt: '2024-10-24T14:30:00.000Z',
      escalations: [],
      pages: [],
    });
  });

  it('re-arms from the change and pages nobody twice (R0.7)', () => {
    const changedAt = '2024-10-23T14:50:00.000Z';
    const raised = promisesFor('P0', policy, changedAt, {
      paged: new Set(['oncall-primary']),
      escalatedTo: new Set(['engineering-manager']),
    });
    expect(raised.acknowledgeBy).toBe('2024-10-23T14:55:00.000Z');
    expect(raised.escalations).toEqual([{ at: changedAt, to: ['cto'] }]);
    expect(raised.pages.map((page) => page.to)).toEqual([['oncall-backup'], ['engineering-manager', 'cto']]);
  });

  it('the published time is the timer (ADR 0013)', () => {
    expect(nextUpdateAfter('P1', policy, '2024-10-23T14:52:00.000Z')).toBe('2024-10-23T15:22:00.000Z');
  });

  it('never names a contact twice nor one who has been told, and is in order', () => {
    const some = fc.subarray([...CONTACTS]);
    fc.assert(
      fc.property(fc.constantFrom(...SEVERITIES), some, some, (severity, paged, escalated) => {
        const promises = promisesFor(severity, policy, SINCE, {
          paged: new Set(paged),
          escalatedTo: new Set(escalated),
        });
        for (const [dues, told] of [
          [promises.pages, paged],
          [promises.escalations, escalated],
        ] as const) {
          const named = dues.flatMap((due) => due.to);
          expect(new Set(named).size).toBe(named.length);
          expect(named.filter((contact) => told.includes(contact))).toEqual([]);
          expect(
            dues.every((due, index) => due.to.length > 0 && epochMs(due.at) >= epochMs(dues[index - 1]?.at ?? SINCE)),
          ).toBe(true);
        }
      }),
    );
  });
});
