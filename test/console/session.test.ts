import { describe, expect, it } from 'vitest';
import { createSessions, foreign, SESSION_COOKIE } from '../../src/console/session.ts';

const SECRET = 'a-secret-that-seals-sessions';

function sessions(options: { secrets?: [string, ...string[]]; secure?: boolean; nowMs?: () => number } = {}) {
  return createSessions({ secrets: [SECRET], secure: false, nowMs: () => 1_000, ...options });
}

function headersWith(setCookie: string) {
  return { cookie: `other=1; ${setCookie.split(';')[0]}` };
}

describe('a session', () => {
  it('is a cookie that scripts cannot read and other sites cannot send', () => {
    const parts = sessions().open({ token: 't0ken' }).split('; ');
    expect(parts).toEqual(expect.arrayContaining(['HttpOnly', 'SameSite=Strict', 'Path=/']));
    expect(parts).not.toContain('Secure');
    expect(sessions({ secure: true }).open({ token: 't0ken' }).split('; ')).toContain('Secure');
  });

  it('gives the token back, and does not show it', () => {
    const cookie = sessions().open({ token: 't0ken-of-alice' });
    expect(cookie).not.toContain('t0ken');
    expect(Buffer.from(cookie.split(/[=;]/)[1] ?? '', 'base64url').toString('latin1')).not.toContain('t0ken');
    expect(sessions().of(headersWith(cookie))).toEqual({ token: 't0ken-of-alice' });
  });

  it('ends after its time, and when it is closed', () => {
    const cookie = sessions().open({ token: 't' });
    expect(sessions({ nowMs: () => 1_000 + 16 * 3_600_000 + 1 }).of(headersWith(cookie))).toBeNull();
    expect(sessions().close({})).toContain('Max-Age=0');
    expect(sessions().of(headersWith(sessions().close({})))).toBeNull();
  });

  it('is over once it was signed out, also for whoever kept the cookie in another spelling', () => {
    const here = sessions();
    const [one, other] = [here.open({ token: 't' }), here.open({ token: 't' })];
    here.close(headersWith(one));
    expect(here.of(headersWith(one))).toBeNull();
    expect(here.of({ cookie: `${one.split(';')[0]}=` })).toBeNull();
    expect(here.of(headersWith(other))).toEqual({ token: 't' });
  });

  it('outlives an exchange of the secret, in either order, until the old one is taken away', () => {
    const old = sessions().open({ token: 't' });
    const NEW = 'the-secret-of-tomorrow';
    expect(sessions({ secrets: [NEW, SECRET] }).of(headersWith(old))).toEqual({ token: 't' });
    const fresh = sessions({ secrets: [NEW, SECRET] }).open({ token: 't' });
    expect(sessions({ secrets: [SECRET, NEW] }).of(headersWith(fresh))).toEqual({ token: 't' });
    expect(sessions().of(headersWith(fresh))).toBeNull();
    expect(sessions({ secrets: [NEW] }).of(headersWith(old))).toBeNull();
  });

  it('is refused when it was changed, made with another secret, or is no session at all', () => {
    const cookie = sessions().open({ token: 't' });
    const value = cookie.split(/[=;]/)[1] ?? '';
    const changed = value.slice(0, -2) + (value.endsWith('AA') ? 'BB' : 'AA');
    expect(sessions().of({ cookie: `${SESSION_COOKIE}=${changed}` })).toBeNull();
    expect(sessions({ secrets: ['another-secret-of-sessions'] }).of(headersWith(cookie))).toBeNull();
    for (const junk of ['', 'x', '{}', 'A'.repeat(4_000)])
      expect(sessions().of({ cookie: `${SESSION_COOKIE}=${junk}` })).toBeNull();
    expect(sessions().of({})).toBeNull();
  });
});

describe('a request that changes something', () => {
  const ours = { 'x-incident-console': '1', 'sec-fetch-site': 'same-origin', host: 'console.example' };

  it('is ours with the header from the same origin', () => {
    expect(foreign(ours)).toBeNull();
    expect(
      foreign({ 'x-incident-console': '1', host: 'console.example', origin: 'https://console.example' }),
    ).toBeNull();
  });

  it('is refused without the header, from another site, or from another origin', () => {
    expect(foreign({ ...ours, 'x-incident-console': undefined })).toContain('x-incident-console');
    for (const site of ['cross-site', 'same-site', 'none'])
      expect(foreign({ ...ours, 'sec-fetch-site': site })).toContain(site);
    expect(foreign({ 'x-incident-console': '1', host: 'console.example', origin: 'https://evil.example' })).toContain(
      'another address',
    );
    expect(foreign({ 'x-incident-console': '1', host: 'console.example', origin: 'null' })).toContain(
      'another address',
    );
  });
});
