import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
/** After its report: what is left open is closed at once, and never waited for longer than this. */
const LEAVES_WITHIN_MS = 20_000;
const DRILL = `
drill: expects-what-cannot-be
version: 1
about: nothing happens, and an incident is expected
start: 2026-03-04T10:00:00Z
limit: 1m
world: { users: 5 }
expect: { incidents: 1 }
`;

describe('incident drill run', () => {
  it('ends after the report of a drill that failed, and leaves no process and no folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leaves-'));
    const file = join(folder, 'drill.yaml');
    writeFileSync(file, DRILL);
    // Whatever the drill puts anywhere lies here.
    const place = mkdtempSync(join(tmpdir(), 'leaves-tmp-'));
    // PostgreSQL runs as somebody else.
    chmodSync(place, 0o755);
    const child = spawn(join(root, 'bin/incident'), ['drill', 'run', file], {
      env: { ...process.env, TMPDIR: place },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
    const ended = new Promise<number | null>((done) => child.on('exit', done));
    await new Promise<void>((done, failed) => {
      child.stdout.on('data', () => /1 failed/.test(printed) && done());
      child.on('exit', () => (/1 failed/.test(printed) ? done() : failed(new Error(`It ended with: ${printed}`))));
    });
    const late = new Promise<'still there'>((done) => {
      setTimeout(() => done('still there'), LEAVES_WITHIN_MS).unref();
    });
    const code = await Promise.race([ended, late]);
    if (code === 'still there') child.kill('SIGKILL');
    expect(code).toBe(1);
    expect(readdirSync(place).filter((name) => name.startsWith('drill'))).toEqual([]);
    expect(processesOf(place)).toEqual([]);
    for (const one of [folder, place]) rmSync(one, { recursive: true, force: true });
  }, 240_000);
});

/** Command lines that name the folder: every program of a drill keeps its files there. */
function processesOf(place: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(place) ? [line] : [];
      } catch {
        return [];
      }
    });
}
