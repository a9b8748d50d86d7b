import { describe, expect, it } from 'vitest';
import { mayDecide } from '../../src/domain/authority.ts';
import { DECISION_NAMES } from '../../src/domain/decision.ts';
import type { Role } from '../../src/domain/people.ts';

function allowed(roles: readonly Role[]): readonly string[] {
  return DECISION_NAMES.filter((name) => mayDecide(name, roles) === null);
}

describe('mayDecide', () => {
  it('lets nobody decide by looking or by configuring', () => {
    expect(allowed([])).toEqual([]);
    expect(allowed(['viewer', 'admin'])).toEqual([]);
  });

  it('gives responders the work and commanders the incident', () => {
    const responder = allowed(['responder']);
    expect(responder).toEqual(expect.arrayContaining(['acknowledge', 'update', 'note', 'set-severity', 'reject']));
    for (const name of ['approve', 'resolve', 'hand-over', 'snooze', 'merge', 'cancel', 'revert-lease', 'break-glass'])
      expect(responder).not.toContain(name);
    expect(allowed(['approver'])).toEqual(expect.arrayContaining(['approve', 'test-mail', 'reject', 'call-off']));
    for (const name of ['acknowledge', 'note', 'resolve', 'break-glass'])
      expect(allowed(['approver'])).not.toContain(name);
    expect(allowed(['commander'])).toEqual(DECISION_NAMES);
    expect(allowed(['engineering-manager'])).toEqual(DECISION_NAMES);
  });

  it('says which role it takes', () => {
    expect(mayDecide('resolve', ['responder'])).toMatch(
      /"resolve" takes one of these roles: commander, .*you have responder/,
    );
  });
});
