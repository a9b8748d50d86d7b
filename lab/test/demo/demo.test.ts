import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/config/policy.ts';
import { demoCommander, demoCredentials } from '../../demo/credentials.ts';
import { startDemoClock } from '../../demo/demo-clock.ts';
import { demoOptions, realSystems } from '../../demo/options.ts';
import { type Runs, startPart } from '../../demo/part.ts';
import { writeDemoPolicy } from '../../demo/policy-file.ts';
import type { ExitNotice } from '../../embedded/processes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('options', () => {
  it('are read, and refused with a sentence', () => {
    expect(demoOptions([])).toEqual({ incident: true, fresh: false, speed: null });
    expect(demoOptions(['--no-incident', '--speed', '60', '--fresh'])).toEqual({
      incident: false,
      fresh: true,
      speed: 60,
    });
    expect(demoOptions(['--help'])).toBe('help');
    for (const wrong of ['0', '-1', 'fast', '1e9'])
      expect(() => demoOptions([`--speed=${wrong}`])).toThrow(/--speed must be/);
    expect(() => demoOptions(['--quick'])).toThrow(/npm start --/);
  });

  it('take any variable of a real system for a real production', () => {
    expect(realSystems({ PATH: '/bin', PROMETHEUS_URL: '' })).toEqual([]);
    expect(realSystems({ PROMETHEUS_URL: 'http://p', SLACK_BOT_TOKEN_FILE: '/run/slack' })).toEqual([
      'PROMETHEUS_URL',
      'SLACK_BOT_TOKEN_FILE',
    ]);
  });
});

describe('credentials', () => {
  it('are made once, kept privately, and given to the gateway as digests only', async () => {
    const policy = await loadPolicy('policy/noa.yaml');
    const made = demoCredentials(folder, policy);
    expect(demoCredentials(folder, policy)).toEqual(made);
    expect(Object.keys(made.people)).toEqual(policy.people.map(({ id }) => id));
    expect(new Set(Object.values(made.people)).size).toBe(policy.people.length);
    expect(statSync(made.tokensFile).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'credentials.json')).mode & 0o077).toBe(0);
    const digests = readFileSync(made.tokensFile, 'utf8');
    for (const token of Object.values(made.people)) expect(digests).not.toContain(token);
  });

  it('put somebody at the demo who may lead and approve', async () => {
    const { roles, contacts } = demoCommander(await loadPolicy('policy/noa.yaml'));
    expect(roles).toEqual(expect.arrayContaining(['commander', 'approver']));
    expect(contacts).toContain('oncall-primary');
  });

  it('leave the policy as it is, but for where the console is and how patient a laptop must be', async () => {
    const { policy, file } = await writeDemoPolicy('policy/noa.yaml', folder, 'http://127.0.0.1:8081');
    const before = await loadPolicy('policy/noa.yaml');
    expect(policy).toEqual({
      ...before,
      communication: { ...before.communication, consoleUrl: 'http://127.0.0.1:8081' },
      evidence: { ...before.evidence, probeDeadlineSeconds: 8 },
    });
    expect(statSync(file).mode & 0o077).toBe(0);
  });
});

describe('the demo’s clock', () => {
  it('goes on at the speed of the incidents that were kept, and refuses another', () => {
    const first = startDemoClock(folder, 60);
    first.stop();
    const second = startDemoClock(folder, null);
    second.stop();
    expect(second.speed).toBe(60);
    expect(second.nowMs()).toBeGreaterThanOrEqual(first.nowMs() - 60_000);
    expect(Date.parse(readFileSync(second.file, 'utf8'))).toBeGreaterThan(0);
    expect(() => startDemoClock(folder, 30)).toThrow(/--fresh --speed 30/);
  });
});

describe('a part', () => {
  class Process implements Runs {
    readonly exited: Promise<ExitNotice>;
    end: (notice: ExitNotice) => void = () => {};
    stopped = false;
    constructor() {
      this.exited = new Promise((resolve) => {
        this.end = resolve;
      });
    }
    async stop(): Promise<void> {
      this.stopped = true;
      this.end({ code: 0, signal: null, asked: true });
    }
  }

  async function rig() {
    const started: Process[] = [];
    const said: string[] = [];
    let gaveUp: string | null = null;
    const start = async (): Promise<Process> => {
      const one = new Process();
      started.push(one);
      return one;
    };
    const part = await startPart({
      name: 'worker',
      start,
      say: (line) => said.push(line),
      gaveUp: (why) => {
        gaveUp = why;
      },
    });
    return { part, started, said, gaveUp: () => gaveUp };
  }
  const until = async (is: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 400 && !is(); tries++) await new Promise((done) => setTimeout(done, 10));
    expect(is()).toBe(true);
  };

  it('that was killed is started again, and that is said', async () => {
    const { part, started, said } = await rig();
    started[0]?.end({ code: null, signal: 'SIGKILL', asked: false });
    await until(() => said.length === 2);
    expect(said).toEqual(['worker ended (SIGKILL); starting it again.', 'worker is back.']);
    expect(part.current()).toBe(started[1]);
    await part.stop();
    expect(started[1]?.stopped).toBe(true);
  });

  it('that was stopped stays stopped', async () => {
    const { part, started } = await rig();
    await part.stop();
    await new Promise((done) => setTimeout(done, 20));
    expect(started).toHaveLength(1);
  });

  it('that keeps dying ends the demo instead of trying for ever', async () => {
    const { started, gaveUp } = await rig();
    for (let death = 0; death < 6; death++) {
      await until(() => started.length === death + 1);
      started[death]?.end({ code: 1, signal: null, asked: false });
    }
    await until(() => gaveUp() !== null);
    expect(gaveUp()).toContain('6 times within a minute');
  });
});
