import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { approvalMode } from '../../src/domain/approval-mode.ts';
import { explain } from '../../src/domain/diagnose.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { alert, at, bundle, errors, logs, providers, revision, rollouts } from './diagnosis-scene.ts';

const policy = await loadPolicy('policy/noa.yaml');
const eager: Policy = { ...policy, approvals: { ...policy.approvals, rollback: 'automatic' } };

function leading(items: Parameters<typeof bundle>[0]) {
  return explain({ bundles: [bundle(items)], alerts: [alert()], remediesTried: [], policy, now: at(6) })[0] ?? null;
}

const DEPLOY = rollouts({
  name: 'noa-mcp',
  current: revision(7, 'feature X', -2),
  previous: revision(6, 'before', -5000),
});
const BAD_DEPLOY = leading([errors(0.3), DEPLOY, logs(['exception', 60, 'TypeError: x is undefined'])]);

describe('the pre-approved rollback (R3.2.4)', () => {
  it('holds above 10% errors when a recent deploy is the leading cause', () => {
    expect(approvalMode(eager, 'rollback', BAD_DEPLOY, 0.3)).toBe('automatic');
  });

  it('is not switched on by default', () => {
    expect(approvalMode(policy, 'rollback', BAD_DEPLOY, 0.3)).toBe('ask');
  });

  it('does not hold at exactly 10%, nor when nobody knows the errors (a gap, 0/0)', () => {
    expect(approvalMode(eager, 'rollback', BAD_DEPLOY, 0.1)).toBe('ask');
    expect(approvalMode(eager, 'rollback', BAD_DEPLOY, null)).toBe('ask');
  });

  it('does not hold when something else is the leading cause, or nothing', () => {
    const provider = leading([errors(0.5), DEPLOY, ...providers(0.9, 0)]);
    expect(provider?.cause).toBe('provider-outage');
    expect(approvalMode(eager, 'rollback', provider, 0.5)).toBe('ask');
    expect(approvalMode(eager, 'rollback', null, 0.5)).toBe('ask');
  });
});
