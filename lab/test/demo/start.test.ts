import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, isListening } from '../../embedded/ports.ts';
import { commandLine, descendants, isAlive } from '../../embedded/process-table.ts';

/** `npm start` as somebody types it, in a cache of its own: it comes up, answers, and leaves nothing behind. */
const READY_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 45_000;

let folder: string;
let port: number;
const started: ChildProcess[] = [];

interface Run {
  readonly process: ChildProcess;
  output(): string;
  readonly exited: Promise<number | null>;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'start-'));
  port = await freePort();
});
afterAll(() => {
  for (const one of started) one.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: string[]): Run {
  const { PROMETHEUS_URL: _prometheus, TEMPORAL_ADDRESS: _temporal, DATABASE_URL: _database, ...env } = process.env;
  const child = spawn(process.execPath, ['scripts/start.mjs', ...args], {
    env: { ...env, DEMO_CACHE_DIR: folder, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  return { process: child, output: () => output, exited: new Promise((resolve) => child.on('exit', resolve)) };
}

async function until(is: () => boolean | Promise<boolean>, withinMs: number, run: Run): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await is())) {
    if (performance.now() > giveUpAtMs || run.process.exitCode !== null)
      throw new Error(`npm start did not get there:\n${run.output()}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

describe('npm start', () => {
  it(
    'starts everything, answers, says who already runs, and stops without leaving a process',
    async () => {
      const run = start('--no-incident');
      await until(() => run.output().includes('Ctrl-C'), READY_WITHIN_MS, run);
      const url = `http://127.0.0.1:${port}`;
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      const link = /http:\S+code=[\w-]{24}/.exec(run.output())?.[0] ?? '';
      expect((await fetch(link)).headers.get('set-cookie')).toContain('HttpOnly');

      const state = JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8'));
      expect(state.url).toBe(url);
      const me = await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${state.people.carol}` } });
      expect(await me.json()).toMatchObject({ id: 'carol' });

      const second = start('--no-incident');
      expect(await second.exited).toBe(0);
      expect(second.output()).toContain(`already runs at ${url}`);

      const family = descendants(run.process.pid ?? 0);
      expect(family.length).toBeGreaterThan(5);
      run.process.kill('SIGINT');
      expect(
        await Promise.race([
          run.exited,
          new Promise((late) => setTimeout(() => late('still running'), STOPPED_WITHIN_MS)),
        ]),
      ).toBe(0);
      expect(family.filter(isAlive).map(commandLine)).toEqual([]);
      expect(existsSync(join(folder, 'demo.json'))).toBe(false);
      expect(await isListening(port)).toBe(false);
    },
    READY_WITHIN_MS + STOPPED_WITHIN_MS + 30_000,
  );

  it('refuses an option it does not know, with the ones it knows', async () => {
    const run = start('--quick');
    expect(await run.exited).toBe(1);
    expect(run.output()).toContain('--no-incident');
  }, 60_000);
});
