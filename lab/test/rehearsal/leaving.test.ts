import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startDrillEnvironment } from '../../rehearsal/drill-environment.ts';
import { readDrill } from '../../rehearsal/drill-file.ts';
import { buildDrillPolicy } from '../../rehearsal/drill-policy.ts';

const root = join(import.meta.dirname, '../../..');
const NOTHING_HAPPENS = `
drill: nothing-happens
version: 1
start: 2026-03-04T10:00:00Z
limit: 1m
world: { users: 5 }
expect: { incidents: 1 }
`;

describe('a drill that fails', () => {
  it('without any incident leaves no thread of the engine that keeps its process alive', async () => {
    const module = JSON.stringify(join(root, 'lab/rehearsal/checks/replay.ts'));
    const script = `const { replayCheck } = await import(${module});
      console.log(JSON.stringify(await replayCheck({ incidents: [], followUps: [], environment: {} }, 'none')));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      // Ended by force it fails here; by itself it is gone when it has spoken.
      { cwd: root, timeout: 45_000, killSignal: 'SIGKILL' },
    );
    expect(JSON.parse(stdout)).toMatchObject({ passed: true, actual: 'replays' });
  }, 60_000);

  it('because one of its processes does not start leaves neither the other nor its folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stage-'));
    const file = join(folder, 'drill.yaml');
    writeFileSync(file, NOTHING_HAPPENS);
    const pidFile = join(folder, 'gateway.pid');
    const worker = join(folder, 'worker.mjs');
    writeFileSync(worker, `process.exit(3);`);
    // It comes up only after the worker has failed.
    const gateway = join(folder, 'gateway.mjs');
    writeFileSync(
      gateway,
      `import { createServer } from 'node:http'; import { writeFileSync } from 'node:fs';
       writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
       setTimeout(() => createServer((_, answer) => answer.end('{}')).listen(Number(process.env.PORT), '127.0.0.1'), 1500);`,
    );
    const drill = await readDrill(file);
    const opened = startDrillEnvironment(drill, await buildDrillPolicy(drill), {
      temporalAddress: '127.0.0.1:9',
      namespace: 'none',
      databaseUrl: 'postgres://127.0.0.1:9/none',
      postgresAdminUrl: 'postgres://127.0.0.1:9/none',
      code: { workflows: 'none', worker, gateway },
      realTime: false,
      speed: 1,
    });
    await expect(opened).rejects.toThrow(/worker ended before it was ready/);
    // It did begin, so there was something to leave behind.
    expect(existsSync(pidFile)).toBe(true);
    expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
    rmSync(folder, { recursive: true, force: true });
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('drill-nothing-happens-'))).toEqual([]);
  }, 60_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
