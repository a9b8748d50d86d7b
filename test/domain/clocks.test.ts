import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { nextDue } from '../../src/domain/clocks.ts';
import { CONTACTS, type Contact } from '../../src/domain/people.ts';
import { SEVERITIES, type Severity } from '../../src/domain/severity.ts';

const { severities } = await loadPolicy('policy/noa.yaml');
const SINCE = '2024-10-23T14:30:00.000Z';

/** Everything that a chain asks for, one step after another, when nobody answers. */
function chain(severity: Severity, list: 'paging' | 'escalations', told: readonly Contact[] = [], sinceAt = SINCE) {
  const heard = new Set(told);
  const found: (readonly [string, readonly Contact[]])[] = [];
  for (;;) {
    const next = nextDue(severities[severity][list], sinceAt, (contact) => !heard.has(contact));
    if (next === null) return found;
    for (const contact of next.to) heard.add(contact);
    found.push([next.dueAt.slice(11, 16), next.to]);
  }
}

describe('nextDue', () => {
  it('P0: who is paged, and EM and CTO at once by mail (R0.1, R1.4)', () => {
    expect(chain('P0', 'paging')).toEqual([
      ['14:30', ['oncall-primary']],
      ['14:35', ['oncall-backup']],
      ['14:40', ['engineering-manager', 'cto']],
    ]);
    expect(chain('P0', 'escalations')).toEqual([['14:30', ['engineering-manager', 'cto']]]);
  });

  it('P1, P2 and P3 as the runbook says (R0.2–R0.4)', () => {
    expect(chain('P1', 'escalations')).toEqual([['15:00', ['engineering-manager']]]);
    expect(chain('P2', 'escalations')).toEqual([['16:30', ['team-lead']]]);
    expect(chain('P3', 'escalations')).toEqual([]);
    expect(chain('P3', 'paging')).toEqual([]);
  });

  it('re-arms from the change and pages nobody twice (R0.7)', () => {
    const changedAt = '2024-10-23T14:50:00.000Z';
    expect(chain('P0', 'escalations', ['engineering-manager'], changedAt)).toEqual([['14:50', ['cto']]]);
    expect(chain('P0', 'paging', ['oncall-primary'], changedAt)).toEqual([
      ['14:55', ['oncall-backup']],
      ['15:00', ['engineering-manager', 'cto']],
    ]);
  });

  it('never names a contact twice nor one who has been told', () => {
    const lists = fc.constantFrom('paging' as const, 'escalations' as const);
    fc.assert(
      fc.property(fc.constantFrom(...SEVERITIES), lists, fc.subarray([...CONTACTS]), (severity, list, told) => {
        const named = chain(severity, list, told).flatMap(([, to]) => to);
        expect(new Set(named).size).toBe(named.length);
        expect(named.filter((contact) => told.includes(contact))).toEqual([]);
      }),
    );
  });
});
