import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../lab/embedded/ports.ts';
import { processOf, writePolicy, writeTokens } from '../../e2e/stage.ts';
import { type TestPostgres, testPostgres } from '../../store/test-postgres.ts';
import { CLIENT_ID, CLIENT_SECRET } from './issuer.ts';
import { startRealProvider } from './real-provider.ts';

// Two gateway processes of one team, no Temporal, and a certified provider: nothing here is ours but the gateway.
const folder = mkdtempSync(join(tmpdir(), 'accounts-'));
const closers: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
let postgres: TestPostgres;
let consoleUrl: string;
let otherUrl: string;
let domain: string;

beforeAll(async () => {
  postgres = await testPostgres();
  closers.push(() => postgres.stop());
  const ports = [await freePort(), await freePort()] as const;
  [consoleUrl, otherUrl] = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string];
  const { policy, file } = writePolicy(folder, { 'communication.consoleUrl': consoleUrl });
  domain = policy.people.find(({ id }) => id === 'alice')?.email.split('@')[1] ?? '';
  const provider = await startRealProvider(`${consoleUrl}/sign-in/callback`, domain);
  closers.push(() => provider.stop());
  const env = {
    DATABASE_URL: await postgres.fresh(),
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    INCIDENT_POLICY: file,
    INCIDENT_TOKENS_FILE: writeTokens(folder),
    ALERTMANAGER_TOKEN: 'token',
    DECISION_SIGNING_KEY: 'a-key-that-signs-decisions',
    OIDC_ISSUER: provider.url,
    OIDC_CLIENT_ID: CLIENT_ID,
    OIDC_CLIENT_SECRET: CLIENT_SECRET,
    LOG_LEVEL: 'info',
  };
  // One after the other: the first makes the tables.
  for (const port of ports) {
    const more = { ...env, PORT: String(port) };
    const name = `gateway-${port}`;
    await processOf(closers, name, 'gateway', more, folder, `http://127.0.0.1:${port}/livez`).start();
  }
}, 90_000);
afterAll(async () => {
  for (const close of closers.reverse()) await close();
}, 30_000);

/** A browser as far as this needs one: it keeps cookies by host, and is led where it is sent, but not by itself. */
function browser() {
  const jar = new Map<string, Map<string, string>>();
  return async (url: string, form?: Readonly<Record<string, string>>) => {
    const { host } = new URL(url);
    // Cookies do not tell ports apart in a browser; here they do, which is stricter.
    const cookies = jar.get(host) ?? new Map<string, string>();
    jar.set(host, cookies);
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
      signal: AbortSignal.timeout(15_000),
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const to = answer.headers.get('location');
    return {
      status: answer.status,
      text: await answer.text(),
      to: to === null ? null : new URL(to, url).href,
      cookies,
    };
  };
}

/** Logs in and consents at the provider; the address it sends the browser back to. */
async function throughProvider(
  visit: ReturnType<typeof browser>,
  login: string,
  returnTo = '/record',
): Promise<string> {
  let at = (await visit(`${consoleUrl}/sign-in?return-to=${encodeURIComponent(returnTo)}`)).to ?? '';
  for (let steps = 0; steps < 12; steps++) {
    if (at.startsWith(consoleUrl)) return at;
    const page = await visit(at);
    if (page.to !== null) {
      at = page.to;
      continue;
    }
    const action = /<form[^>]*action="([^"]+)"/.exec(page.text)?.[1];
    const prompt = /name="prompt" value="(\w+)"/.exec(page.text)?.[1];
    if (action === undefined || prompt === undefined) throw new Error(`The provider shows: ${page.text.slice(0, 500)}`);
    at = (await visit(new URL(action, at).href, { prompt, login, password: 'any' })).to ?? '';
  }
  throw new Error('The provider leads in circles.');
}

describe('with a certified provider and two gateways', () => {
  it('signs alice in by a sign-in that one gateway began and the other finished, once', async () => {
    const visit = browser();
    const back = await throughProvider(visit, 'alice');
    const attempt = (await visit(`${consoleUrl}/status`)).cookies;
    // A balancer sends the browser to the other gateway now, with the cookies of this address.
    const atOther = browser();
    const other = await atOther(`${otherUrl}/status`);
    for (const [name, value] of attempt) other.cookies.set(name, value);
    const landed = await atOther(back.replace(consoleUrl, otherUrl));
    expect(landed.status).toBe(200);
    expect(landed.text).toContain('url=/record');
    const page = await atOther(`${otherUrl}/record`);
    expect([page.status, page.text.includes('data-sign-out')]).toEqual([200, true]);
    // Both gateways know the session; the code and its cookie are good for nothing any more.
    const session = other.cookies.get('incident_session') ?? '';
    const me = await fetch(`${consoleUrl}/api/me`, { headers: { cookie: `incident_session=${session}` } });
    expect(await me.json()).toMatchObject({ id: 'alice' });
    const again = await visit(back);
    expect(again.status).toBe(400);
    expect(again.text).toContain('used already');
  }, 60_000);

  it('does not sign in who is not in the policy, or whose address is not verified', async () => {
    for (const [login, words] of [
      ['mallory', `nobody in this team’s policy is mallory@${domain}`],
      ['unverified', 'has not verified'],
    ] as const) {
      const visit = browser();
      const page = await visit(await throughProvider(visit, login));
      expect([page.status, page.cookies.get('incident_session')]).toEqual([403, undefined]);
      expect(page.text).toContain(words);
    }
  }, 60_000);

  it('leaves API tokens as they are', async () => {
    const me = await fetch(`${consoleUrl}/api/me`, { headers: { authorization: 'Bearer token-of-bob' } });
    expect(await me.json()).toMatchObject({ id: 'bob' });
  });
});
