import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Actor, Role } from '../../src/domain/people.ts';
import {
  QUICK_ACTION_NAMES,
  type QuickActionState,
  quickNeeds,
  quickParameters,
  quickRefusal,
  quickTarget,
  undoRefusal,
} from '../../src/domain/quick-action.ts';

const policy = await loadPolicy('policy/noa.yaml');
const actor = (person: string, ...roles: Role[]): Actor => ({ person, roles, via: 'cli' });
const waiting = (needs: QuickActionState['needs'], stage: QuickActionState['stage'] = 'waiting'): QuickActionState => ({
  id: 'quick-1',
  action: 'rollback',
  target: { kind: 'deployment', namespace: 'noa-server', name: 'noa-mcp' },
  by: actor('alice', 'approver'),
  because: 'x',
  incidentId: null,
  needs,
  stage,
  plan: null,
  confirmedBy: null,
  confirmUntil: null,
  temporaryUntil: null,
  outcome: null,
  words: 'words.',
});

describe('the quick reference (R8)', () => {
  it('asks for a second person where the risk is high, or where the role is missing', () => {
    expect(quickNeeds(policy, 'rollback', ['responder', 'approver'])).toEqual({ role: 'approver', secondPerson: true });
    expect(quickNeeds(policy, 'restart', ['responder', 'approver'])).toEqual({ role: 'approver', secondPerson: false });
    expect(quickNeeds(policy, 'restart', ['responder'])).toEqual({ role: 'approver', secondPerson: true });
    for (const name of QUICK_ACTION_NAMES)
      if (policy.actions[name].risk === 'high') expect(quickNeeds(policy, name, ['cto']).secondPerson).toBe(true);
  });

  it('counts a yes of somebody with the role, and of another person where two are asked for', () => {
    const two = waiting({ role: 'approver', secondPerson: true });
    expect(quickRefusal(two, actor('alice', 'approver'))?.words).toContain('second person');
    expect(quickRefusal(two, actor('bob', 'responder'))).toMatchObject({ unauthorised: true });
    expect(quickRefusal(two, actor('bob', 'approver'))).toBeNull();
    expect(quickRefusal(waiting({ role: 'approver', secondPerson: false }), actor('alice', 'approver'))).toBeNull();
    expect(
      quickRefusal(waiting({ role: 'approver', secondPerson: false }, 'done'), actor('bob', 'approver')),
    ).toMatchObject({ unauthorised: false });
  });

  it('takes back only what is in place', () => {
    const needs = { role: 'approver', secondPerson: true } as const;
    expect(undoRefusal(waiting(needs, 'done'), actor('bob', 'approver'))?.words).toContain('no temporary change');
    expect(undoRefusal(waiting(needs, 'temporary'), actor('bob', 'responder'))).toMatchObject({ unauthorised: true });
    expect(undoRefusal(waiting(needs, 'temporary'), actor('alice', 'approver'))).toBeNull();
  });

  it('finds the target by name, and names those that there are', () => {
    expect(quickTarget(policy, 'restart', null)).toMatchObject({
      ok: true,
      target: { kind: 'deployment', name: 'noa-mcp' },
    });
    expect(quickTarget(policy, 'restart', 'nothing')).toMatchObject({
      ok: false,
      words: expect.stringContaining('noa-mcp'),
    });
    expect(quickTarget(policy, 'open-breaker', null)).toMatchObject({
      ok: false,
      words: 'Say which provider: claude, openai.',
    });
    expect(quickTarget(policy, 'delete-pod', 'postgres-0')).toMatchObject({
      ok: true,
      target: { kind: 'pod', name: 'postgres-0' },
    });
    expect(quickTarget(policy, 'delete-pod', '../x')).toMatchObject({ ok: false });
    const claude = { kind: 'provider', namespace: 'noa-server', name: 'claude' } as const;
    expect(quickParameters(policy, 'provider-failover', claude, null)).toEqual({ fallback: 'openai' });
  });
});
