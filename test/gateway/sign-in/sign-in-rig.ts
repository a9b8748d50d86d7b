import Fastify from 'fastify';
import { fixedPeople } from '../../../src/config/people.ts';
import { mountConsole } from '../../../src/console/mount.ts';
import type { Role } from '../../../src/domain/people.ts';
import type { PersonPolicy } from '../../../src/domain/policy.ts';
import { authenticate } from '../../../src/gateway/authentication.ts';
import { answerRefusals } from '../../../src/gateway/refusals.ts';
import { createAccountTokens } from '../../../src/gateway/sign-in/account-tokens.ts';
import { createAccountProvider } from '../../../src/gateway/sign-in/provider.ts';
import { CALLBACK_PATH, registerSignIn, SIGN_IN_PATH } from '../../../src/gateway/sign-in/routes.ts';
import { CLIENT_ID, CLIENT_SECRET, type Issuer } from './issuer.ts';

export const CONSOLE = 'https://incidents.example';
export const REDIRECT = `${CONSOLE}${CALLBACK_PATH}`;

export function person(id: string, roles: readonly Role[] = ['responder']): PersonPolicy {
  return {
    id,
    name: id,
    email: `${id}@example.com`,
    roles,
    chatId: null,
    pagingId: null,
    contacts: [],
    tokenSha256: null,
  };
}

export interface Browser {
  readonly cookies: Map<string, string>;
  /** `set-cookie` headers as they came. */
  readonly heard: string[];
}

/** A console with sign-in by accounts: what a gateway mounts, less the store. Several can share one secret. */
export function signInRig(issuer: Issuer, more: { claim?: string; secret?: string } = {}) {
  const clock = { aheadMs: 0 };
  const nowMs = () => Date.now() + clock.aheadMs;
  const people = [person('alice', ['commander']), person('bob')];
  const secrets = [more.secret ?? 'a-secret-of-the-team'] as const;
  const personClaim = more.claim ?? 'email';
  const tokens = createAccountTokens(secrets, nowMs);
  const known = tokens.knownTo({
    ...fixedPeople([]),
    all: async () => people,
    byId: async (id) => people.find((one) => one.id === id) ?? null,
  });
  const lines: string[] = [];
  const say = (words: string) => void lines.push(words);
  const log = { info: say, warn: say, error: say };
  const app = Fastify();
  answerRefusals(app);
  app.register(async (api) => {
    api.get('/api/me', async (request) => authenticate(request, known));
    api.get('/api/incidents', async () => ({ incidents: [] }));
    api.post('/api/decide', async (request) => ({ by: (await authenticate(request, known)).id }));
  });
  const webConsole = mountConsole(app, {
    sessionSecrets: secrets,
    secureCookies: true,
    clock: () => '2024-10-23T14:50:00.000Z',
    speed: 1,
    product: () => 'x',
    people: () => [],
    historyUrl: () => null,
    nowMs,
    signInPath: SIGN_IN_PATH,
  });
  const provider = createAccountProvider({
    issuer: new URL(issuer.url),
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    clientAuth: 'basic',
    redirectUri: new URL(REDIRECT),
    scope: 'openid email',
    personClaim,
    nowMs,
  });
  registerSignIn(app, {
    provider,
    console: webConsole,
    people: known,
    tokens,
    personClaim,
    secrets,
    secureCookies: true,
    log,
    nowMs,
  });

  const visit = async (browser: Browser, url: string, method: 'GET' | 'POST' | 'DELETE' = 'GET', headers = {}) => {
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await app.inject({ method, url, headers: { cookie, ...headers } });
    for (const set of [answer.headers['set-cookie'] ?? []].flat()) {
      browser.heard.push(set);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === '') browser.cookies.delete(name);
      else browser.cookies.set(name, value);
    }
    return answer;
  };
  return {
    clock,
    people,
    lines,
    visit,
    /** Clicks "Sign in with your account": where the provider is to take over. */
    async begin(browser: Browser, returnTo?: string): Promise<URL> {
      const query = returnTo === undefined ? '' : `?return-to=${encodeURIComponent(returnTo)}`;
      const answer = await visit(browser, `${SIGN_IN_PATH}${query}`);
      if (answer.statusCode !== 302) throw new Error(`${answer.statusCode}: ${answer.body}`);
      return new URL(String(answer.headers.location));
    },
    finish: (browser: Browser, query: URLSearchParams) => visit(browser, `${CALLBACK_PATH}?${query}`),
    /** Null when nobody is signed in. */
    async who(browser: Browser): Promise<string | null> {
      const answer = await visit(browser, '/api/me');
      return answer.statusCode === 200 ? (answer.json() as { id: string }).id : null;
    },
    close: () => app.close(),
  };
}

export function newBrowser(): Browser {
  return { cookies: new Map(), heard: [] };
}
