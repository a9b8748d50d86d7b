import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emptyRoot, run } from './run.ts';

const INCIDENT = {
  id: 'incident-20241023-1430',
  severity: 'P1',
  cause: { kind: 'bad-deploy', names: ['noa-mcp', 'feature X'], confidence: 0.9 },
  actions: [{ action: 'restart', target: 'noa-mcp', at: '2024-10-23T14:45:00Z', outcome: 'done' }],
  minutes: { detected: 1, declared: 0, acknowledged: 2, causeKnown: 4.25, mitigated: null, resolved: null },
  promises: { kept: 3, late: 1, missed: 0 },
};

function drill(name: string, passed: boolean, checks: readonly object[] = []) {
  return { drill: name, passed, checks, incidents: [INCIDENT] };
}

describe('drill report', () => {
  it('tells a row for each drill of a kept run, with the actions that were wrong', async () => {
    const file = join(emptyRoot(), 'kept.json');
    const never = { check: 'never restart', expected: 'not done', actual: 'done', passed: false };
    writeFileSync(file, JSON.stringify({ drills: [drill('good', true), drill('bad', false, [never])] }));
    const { code, out } = await run(null, ['drill', 'report', file]);
    expect(code).toBe(1);
    const [header, good, bad] = out.split('\n');
    expect(header).toMatch(/^DRILL +PASSED +SEVERITY +CAUSE +KNOWN +ACTIONS +WRONG +MITIGATED +PROMISES$/);
    expect(good).toMatch(
      /^good +yes +P1 +bad-deploy \(noa-mcp, feature X\) +4\.3 min +restart +none +never +3 kept, 1 late, 0 missed$/,
    );
    expect(bad).toMatch(/^bad +NO .* restart +restart +never/);
  });

  it('says what it wants when a file holds no drills', async () => {
    const file = join(emptyRoot(), 'other.json');
    writeFileSync(file, '{}');
    const { code, err } = await run(null, ['drill', 'report', file]);
    expect(code).toBe(2);
    expect(err).toContain('incident drill run --json');
  });
});
