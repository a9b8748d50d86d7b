import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../embedded/ports.ts';
import { isAlive, sendSignal, waitForEnd } from '../../embedded/process-table.ts';
import { type ProcessSpec, spawnProcess } from '../../embedded/processes.ts';
import { claimRun, endStale, known, writeRunState } from '../../embedded/run-state.ts';
import { killOwner, startOwner } from './owner-process.ts';

const VICTIM = fileURLToPath(new URL('./fixtures/victim.mjs', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'processes-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function victim(mode: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name: 'victim', command: process.execPath, args: [VICTIM, mode], ...more };
}

describe('spawnProcess', () => {
  it('is ready when a line appears, keeps its output in the log file, and stops on request', async () => {
    const logFile = join(folder, 'line.log');
    const shown: string[] = [];
    const readyWhen = { kind: 'line', pattern: /^victim waits$/ } as const;
    const running = await spawnProcess(victim('waits', { logFile, readyWhen, log: (line) => shown.push(line) }));
    expect(isAlive(running.pid)).toBe(true);
    expect(await running.stop()).toEqual({ code: null, signal: 'SIGTERM', asked: true });
    expect(isAlive(running.pid)).toBe(false);
    expect(shown).toEqual(['[victim] victim waits']);
    expect(readFileSync(logFile, 'utf8')).toBe('victim waits\n');
  });

  it('is ready when its URL answers', async () => {
    const port = await freePort();
    const readyWhen = { kind: 'http', url: `http://127.0.0.1:${port}/` } as const;
    const running = await spawnProcess(victim('serves', { args: [VICTIM, 'serves', String(port)], readyWhen }));
    expect(await (await fetch(readyWhen.url)).text()).toBe('ok');
    await running.stop();
  });

  it('tells why a program ended before it was ready', async () => {
    const readyWhen = { kind: 'line', pattern: /never/ } as const;
    await expect(spawnProcess(victim('fails', { readyWhen }))).rejects.toThrow(
      /victim ended before it was ready \(exit code 3\).*the reason it fails/s,
    );
  });

  it('ends a program that is not ready in time', async () => {
    const file = join(folder, 'late.json');
    const readyWhen = { kind: 'probe', probe: async () => false } as const;
    await expect(spawnProcess(victim('waits', { readyWhen, readyTimeoutMs: 400, stateFile: file }))).rejects.toThrow(
      /was not ready after 0.4 s and was ended/,
    );
    expect(() => readFileSync(file)).toThrow();
  });

  it('says that a command is not there', async () => {
    await expect(spawnProcess(victim('waits', { command: '/nowhere/program' }))).rejects.toThrow(
      /victim could not be started \(\/nowhere\/program\).*ENOENT/,
    );
  });

  it('kills a program that does not listen to SIGTERM', async () => {
    const readyWhen = { kind: 'line', pattern: /victim deaf/ } as const;
    const running = await spawnProcess(victim('deaf', { stopGraceMs: 200, readyWhen }));
    expect(await running.stop()).toEqual({ code: null, signal: 'SIGKILL', asked: true });
    expect(running.lastLines()).toContain('heard SIGTERM');
  });

  it('tells an end that nobody asked for from one that was asked for', async () => {
    const running = await spawnProcess(victim('waits'));
    sendSignal(running.pid, 'SIGKILL');
    expect(await running.exited).toEqual({ code: null, signal: 'SIGKILL', asked: false });
  });

  it('pauses and resumes', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const running = await spawnProcess(
      victim('serves', { args: [VICTIM, 'serves', String(port)], readyWhen: { kind: 'http', url } }),
    );
    running.pause();
    await expect(fetch(url, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
    running.resume();
    expect((await fetch(url)).status).toBe(200);
    running.pause();
    expect((await running.stop()).asked).toBe(true);
  });

  it('takes with it what the program had started', async () => {
    const readyWhen = { kind: 'line', pattern: /child \d+/ } as const;
    for (const end of ['stop', 'kill'] as const) {
      const running = await spawnProcess(victim('parent', { readyWhen }));
      const child = Number(/child (\d+)/.exec(running.lastLines().join())?.[1]);
      expect(isAlive(child)).toBe(true);
      await running[end]();
      expect(await waitForEnd(child, 2_000)).toBe(true);
    }
  });

  it('hands a NODE_OPTIONS to the program and not to its leash', async () => {
    const spec = victim('waits', {
      args: [
        '-e',
        'console.log(process.env.NODE_OPTIONS, process.env.LEASH_NODE_OPTIONS); setInterval(() => {}, 1000)',
      ],
      env: { NODE_OPTIONS: '--no-warnings' },
      readyWhen: { kind: 'line', pattern: /^--no-warnings undefined$/ },
    });
    await (await spawnProcess(spec)).stop();
  });
});

describe('a crash of the owner', () => {
  it('ends the program although the owner was killed by SIGKILL', async () => {
    const { owner, pid } = await startOwner({ kind: 'process', spec: victim('waits') });
    expect(isAlive(pid)).toBe(true);
    await killOwner(owner);
    expect(await waitForEnd(pid, 5_000)).toBe(true);
  });

  it('ends a paused program and one that does not listen, too', async () => {
    const spec = victim('deaf', { stopGraceMs: 200, readyWhen: { kind: 'probe', probe: async () => true } });
    const { owner, pid } = await startOwner({ kind: 'process', spec: { ...spec, readyWhen: null } });
    sendSignal(pid, 'SIGSTOP');
    await killOwner(owner);
    expect(await waitForEnd(pid, 5_000)).toBe(true);
  });

  it('leaves a state file by which the next start ends what is left, when even the leash was killed', async () => {
    const stateFile = join(folder, 'crashed.json');
    const { owner, pid } = await startOwner({ kind: 'process', spec: victim('waits', { stateFile }) });
    const state = JSON.parse(readFileSync(stateFile, 'utf8')) as { processes: { pid: number }[] };
    sendSignal(owner.pid ?? 0, 'SIGSTOP'); // so that it does not tidy up when its leash goes
    const leash = state.processes[1]?.pid ?? 0;
    sendSignal(leash, 'SIGKILL');
    expect(await waitForEnd(leash, 2_000)).toBe(true);
    await killOwner(owner);
    expect(isAlive(pid)).toBe(true);
    const said: string[] = [];
    const next = await spawnProcess(victim('waits', { stateFile, log: (line) => said.push(line) }));
    expect(isAlive(pid)).toBe(false);
    expect(said.join()).toContain(`Ended what a crashed run had left behind (process ${pid})`);
    await next.stop();
  });
});

describe('state files', () => {
  it('never touch a process that merely got the pid of an old one', async () => {
    const running = await spawnProcess(victim('waits'));
    const stateFile = join(folder, 'reused.json');
    writeRunState(stateFile, {
      name: 'old',
      command: '',
      owner: { pid: 2_000_000_000, identity: 'gone' },
      processes: [{ pid: running.pid, identity: 'another start time' }],
      stopSignal: 'SIGTERM',
    });
    expect(await endStale(stateFile)).toEqual({ kind: 'none' });
    expect(isAlive(running.pid)).toBe(true);
    await running.stop();
  });

  it('refuse a second run while the first lives, and say which it is', async () => {
    const file = join(folder, 'run.json');
    const stateFile = join(folder, 'second.json');
    const { owner, pid } = await startOwner({ kind: 'process', spec: victim('waits', { stateFile }) });
    await expect(spawnProcess(victim('waits', { stateFile }))).rejects.toThrow(
      `victim is already running for process ${owner.pid}`,
    );
    expect(isAlive(pid)).toBe(true);
    const living = known(owner.pid ?? 0);
    if (living === null) throw new Error('the owner has ended');
    writeRunState(file, { name: 'The product', command: '', owner: living, processes: [], stopSignal: 'SIGTERM' });
    await expect(claimRun(file, 'The product')).rejects.toThrow(`already running here as process ${owner.pid}`);
    await killOwner(owner);
    const release = await claimRun(file, 'The product');
    release();
    expect(await waitForEnd(pid, 5_000)).toBe(true);
  });

  it('are replaced when they are damaged', async () => {
    const stateFile = join(folder, 'damaged.json');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(stateFile, '{"half":');
    const running = await spawnProcess(victim('waits', { stateFile }));
    expect(JSON.parse(readFileSync(stateFile, 'utf8'))).toMatchObject({ owner: { pid: process.pid } });
    await running.stop();
  });
});
