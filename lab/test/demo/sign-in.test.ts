import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mountConsole } from '../../../src/console/mount.ts';
import { letsInByLink, mountSignIn, SIGN_IN_PATH, takeCode, whyNoSignIn, writeSignInCode } from '../../demo/sign-in.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sign-in-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function gateway(demo: boolean) {
  const app = Fastify();
  const webConsole = mountConsole(app, {
    sessionSecrets: ['a-secret-that-seals-sessions'],
    secureCookies: false,
    clock: () => '2024-10-23T14:50:00.000Z',
    speed: 1,
    product: () => 'x',
    people: () => [],
    historyUrl: () => null,
  });
  if (demo) mountSignIn(app, webConsole, folder);
  return app;
}

describe('the demo’s sign-in link', () => {
  it('signs in once: the second time it is refused, and tells what to do', async () => {
    const app = gateway(true);
    const url = `${SIGN_IN_PATH}?code=${writeSignInCode(folder, 't0ken')}`;
    const first = await app.inject({ url });
    expect(first.statusCode).toBe(200);
    expect(String(first.headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict/);
    const second = await app.inject({ url });
    expect([second.statusCode, second.headers['set-cookie']]).toEqual([403, undefined]);
    expect(second.body).toContain('Press s');
  });

  it('is one of two who try at once', () => {
    const code = writeSignInCode(folder, 't0ken');
    expect([takeCode(folder, code), takeCode(folder, code)]).toEqual(['t0ken', null]);
  });

  it('keeps no code on disk, and what it keeps to its owner', () => {
    const code = writeSignInCode(folder, 't0ken');
    const [name = ''] = readdirSync(folder);
    expect(name).not.toContain(code);
    expect(readFileSync(join(folder, name), 'utf8')).not.toContain(code);
    expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
  });

  it('knows no other code, and reads no file outside its folder', () => {
    writeSignInCode(folder, 't0ken');
    for (const code of ['', 'x', '../../../../etc/passwd', 'A'.repeat(24)]) expect(takeCode(folder, code)).toBeNull();
  });

  it('does not exist outside the demo', async () => {
    const code = writeSignInCode(folder, 't0ken');
    const answer = await gateway(false).inject({ url: `${SIGN_IN_PATH}?code=${code}` });
    expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([404, undefined]);
  });

  it('must not be beside a real system, the team’s accounts, or a Temporal of another machine', () => {
    for (const env of [
      {},
      { TEMPORAL_ADDRESS: '127.0.0.1:7233' },
      { TEMPORAL_ADDRESS: 'localhost:7233', SMTP_URL: '' },
    ])
      expect(whyNoSignIn(env)).toBeNull();
    expect(whyNoSignIn({ TEMPORAL_ADDRESS: 'team.a1b2c.tmprl.cloud:7233' })).toContain('TEMPORAL_ADDRESS');
    expect(whyNoSignIn({ OIDC_ISSUER: 'https://accounts.example' })).toContain('OIDC_ISSUER');
    for (const name of [
      'SLACK_BOT_TOKEN',
      'KUBERNETES_API_TOKEN_FILE',
      'PAGERDUTY_ROUTING_KEYS',
      'SERVICE_DATABASE_URL',
    ])
      expect(whyNoSignIn({ [name]: 'x' })).toContain(name);
  });

  it('is not served by npm start beside a Temporal that somebody named, on whatever machine', () => {
    expect(letsInByLink({})).toBe(true);
    for (const env of [{ TEMPORAL_ADDRESS: '127.0.0.1:7233' }, { OIDC_ISSUER: 'https://a.example' }, { SMTP_URL: 'x' }])
      expect(letsInByLink(env)).toBe(false);
  });

  it.each([
    ['a Temporal of another machine', { TEMPORAL_ADDRESS: 'temporal.example:7233' }],
    ['a real credential', { SLACK_BOT_TOKEN: 'xoxb-real' }],
    ['the team’s accounts', { OIDC_ISSUER: 'https://accounts.example' }],
  ])(
    'ends its own gateway before it listens when it finds %s',
    async (_what, real) => {
      const env = { ...process.env, ...real, DEMO_SIGN_IN_FOLDER: folder, DEMO_CONTROL_FILE: join(folder, 'control') };
      const run = promisify(execFile)(process.execPath, ['--import', 'tsx', 'lab/demo/gateway.ts'], { env });
      await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('sign-in is not served') });
    },
    60_000,
  );
});
