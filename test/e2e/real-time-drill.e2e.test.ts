import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Everything else is rehearsed in virtual time; this one shows that the same drill runs by the clock too. */
describe('a drill in real time', () => {
  it('meets its expectations with a real PostgreSQL and a killed worker', () => {
    const drill = join(import.meta.dirname, 'drills/real-time.yaml');
    const played = spawnSync(
      join(root, 'bin/incident'),
      ['drill', 'run', drill, '--real-time', '--speed', '15', '--json'],
      { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 400_000 },
    );
    const { drills } = JSON.parse(played.stdout) as {
      drills: { passed: boolean; checks: Check[]; invariants: Check[] }[];
    };
    const [report] = drills;
    expect([...(report?.checks ?? []), ...(report?.invariants ?? [])].filter(({ passed }) => !passed)).toEqual([]);
    expect(report?.checks.length).toBeGreaterThan(4);
    expect(played.status).toBe(0);
  }, 420_000);
});

interface Check {
  readonly check: string;
  readonly passed: boolean;
}
