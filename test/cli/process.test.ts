import { spawn } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { incident, startFakeGateway, TOKEN } from './fake-gateway.ts';
import { emptyRoot, REPOSITORY } from './run.ts';

/** The command as it is linked by npm, from a folder that has nothing to do with the repository. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const link = join(emptyRoot(), 'incident');
  symlinkSync(join(REPOSITORY, 'bin', 'incident'), link);
  const child = spawn(link, args, { cwd: tmpdir(), env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } });
  let err = '';
  child.stderr.on('data', (text) => {
    err += String(text);
  });
  const ended = new Promise<{ code: number | null; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, err })),
  );
  return { child, ended };
}

describe('bin/incident', () => {
  it('ends quietly when its reader goes away (EPIPE)', async () => {
    const { child, ended } = start(['policy', 'schema']);
    child.stdout.once('readable', () => child.stdout.destroy());
    expect(await ended).toEqual({ code: 0, err: '' });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('answers %s with %i', async (signal, code) => {
    const gateway = await startFakeGateway();
    gateway.incidents.push(incident('incident-20241023-1430'));
    const { child, ended } = start(['watch', '1430'], { INCIDENT_URL: gateway.url, INCIDENT_TOKEN: TOKEN });
    while (gateway.resumedFrom.length === 0) await new Promise((done) => setTimeout(done, 20));
    child.kill(signal);
    expect((await ended).code).toBe(code);
    await gateway.close();
  });
});
