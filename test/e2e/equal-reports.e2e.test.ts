import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const R9 = join(root, 'drills/r9-s2-rollback-pre-approved.yaml');
const BESIDE = join(root, 'drills/two-incidents.yaml');

/** Same file, same report (drills, "The file format"): only ids and wall seconds may differ. */
describe('a drill', () => {
  it('gives the same report alone and beside others, and two incidents at once stay apart', async () => {
    const alone = await play([R9]);
    const together = await play([R9, BESIDE]);
    expect(firstDifference(alone[0], together[0])).toBeNull();
    expect(together.map((report) => [report.drill, report.passed])).toEqual([
      ['r9-s2-rollback-pre-approved', true],
      ['two-incidents', true],
    ]);
    expect(together[1]?.incidents).toHaveLength(2);
  }, 240_000);
});

interface Report {
  readonly drill: string;
  readonly passed: boolean;
  readonly incidents: unknown;
}

async function play(files: readonly string[]): Promise<readonly Report[]> {
  const { stdout } = await promisify(execFile)(join(root, 'bin/incident'), ['drill', 'run', ...files, '--json'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return (JSON.parse(stdout) as { drills: Report[] }).drills;
}

function withoutChance(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutChance);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key === 'id' || key === 'wallSeconds' ? [] : [[key, withoutChance(inner)]],
    ),
  );
}

/** Where two reports part, with the lines before it; null when they do not. A whole report is too much to read. */
function firstDifference(one: unknown, other: unknown): string | null {
  const [left, right] = [one, other].map((report) => JSON.stringify(withoutChance(report), null, 1).split('\n'));
  const lines = Math.max(left?.length ?? 0, right?.length ?? 0);
  const at = Array.from({ length: lines }, (_none, line) => line).find((line) => left?.[line] !== right?.[line]);
  if (at === undefined) return null;
  const before = (left ?? []).slice(Math.max(0, at - 4), at).join('\n');
  return `line ${at + 1}, after\n${before}\nalone:  ${left?.[at]?.slice(0, 400)}\nbeside: ${right?.[at]?.slice(0, 400)}`;
}
