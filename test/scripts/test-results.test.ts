import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly notes: readonly string[];
}
interface ResultsModule {
  result(passed: number, failed: number, skipped?: number, notes?: readonly string[]): Result;
  fromExitCode(name: string, code: number): Result;
  fromVitest(report: unknown, exitCode: number): Result;
  fromDrills(text: string, exitCode: number): Result;
  total(results: readonly Result[], options: { skippedFails: boolean }): Omit<Result, 'notes'>;
  lastLine(sum: Omit<Result, 'notes'>): string;
  exitCodeOf(sum: Omit<Result, 'notes'>): number;
}

// The scripts are plain JavaScript, because they run before anything is installed; the compiler does not read them.
const script = (name: string): string => pathToFileURL(join(import.meta.dirname, '../../scripts', name)).href;
const results = (await import(script('test-results.mjs'))) as ResultsModule;
const installed = (await import(script('ensure-installed.mjs'))) as { staleReason(root: string): string | null };

function report(...statuses: string[]): unknown {
  const assertionResults = statuses.map((status, index) => ({ status, fullName: `test ${index}` }));
  return { testResults: [{ name: 'a.test.ts', status: 'passed', message: '', assertionResults }] };
}

describe('the counts of npm test', () => {
  it('take tests from vitest, skipped ones by name', () => {
    const outcome = results.fromVitest(report('passed', 'passed', 'failed', 'skipped', 'todo'), 1);
    expect(outcome).toEqual({ passed: 2, failed: 1, skipped: 2, notes: ['skipped: test 3', 'skipped: test 4'] });
  });

  it('count a file that does not load, an error outside tests, no tests and no report as failures', () => {
    const broken = {
      testResults: [{ name: 'b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }],
    };
    expect(results.fromVitest(broken, 1)).toMatchObject({ passed: 0, failed: 1 });
    expect(results.fromVitest(report('passed'), 1)).toMatchObject({ passed: 1, failed: 1 });
    expect(results.fromVitest(report(), 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(results.fromVitest(null, 1)).toMatchObject({ passed: 0, failed: 1 });
  });

  it('take drills from their report, and count drills that could not run as a failure', () => {
    const failing = {
      drill: 'r9',
      passed: false,
      checks: [{ check: 'severity', expected: 'P1', actual: 'P2', passed: false }],
    };
    const text = JSON.stringify({ drills: [{ drill: 'r8', passed: true, checks: [] }, failing], passed: 1, failed: 1 });
    expect(results.fromDrills(text, 1)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
      notes: ['drill failed: r9 (severity: expected "P1", got "P2")'],
    });
    expect(results.fromDrills('', 127)).toMatchObject({ passed: 0, failed: 1 });
    expect(results.fromDrills('{"passed":0,"failed":0}', 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(results.fromDrills('{"drills":[],"passed":2,"failed":0}', 2)).toMatchObject({ passed: 2, failed: 1 });
  });

  it('end in one line; skipped tests are named in it only when there are some, and fail in CI', () => {
    const stages = [results.fromExitCode('tsc', 0), results.result(5, 0, 2)];
    const here = results.total(stages, { skippedFails: false });
    expect([results.lastLine(here), results.exitCodeOf(here)]).toEqual(['6 passed, 0 failed, 2 skipped', 0]);
    const ci = results.total(stages, { skippedFails: true });
    expect([results.lastLine(ci), results.exitCodeOf(ci)]).toEqual(['6 passed, 2 failed', 1]);
    const none = results.total([], { skippedFails: false });
    expect([results.lastLine(none), results.exitCodeOf(none)]).toEqual(['0 passed, 0 failed', 1]);
  });
});

describe('the unit tier', () => {
  it('starts no program, and says where a test that does belongs', () => {
    expect(() => spawnSync('true')).toThrow(/SERVERS in vitest.config.ts/);
  });
});

describe('staleReason', () => {
  const roots: string[] = [];
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
  });

  function project(wanted: object, there: object | null): string {
    const root = mkdtempSync(join(tmpdir(), 'installed-test-'));
    roots.push(root);
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...wanted } }));
    mkdirSync(join(root, 'node_modules/a'), { recursive: true });
    if (there) writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: there }));
    return root;
  }
  const a = { 'node_modules/a': { version: '1.0.0', integrity: 'x' } };
  const b = { 'node_modules/b': { version: '1.0.0', integrity: 'y', optional: true } };

  it('is null when all is there, optional packages of other platforms aside', () => {
    expect(installed.staleReason(project({ ...a, ...b }, a))).toBeNull();
  });

  it('names what is missing, changed or removed', () => {
    expect(installed.staleReason(project(a, null))).toBe('there are none yet');
    expect(installed.staleReason(project(a, {}))).toBe('node_modules/a is missing');
    const newer = { 'node_modules/a': { version: '1.0.1', integrity: 'z' } };
    expect(installed.staleReason(project(newer, a))).toBe('node_modules/a is another version');
    const robbed = project(a, a);
    rmSync(join(robbed, 'node_modules/a'), { recursive: true });
    expect(installed.staleReason(robbed)).toBe('node_modules/a was removed');
  });
});
