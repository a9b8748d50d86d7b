import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SESSION_COOKIE } from '../../../src/console/session.ts';
import { safeReturnTo } from '../../../src/gateway/sign-in/return-to.ts';
import { CLIENT_ID, type Faults, type Issuer, startIssuer } from './issuer.ts';
import { newBrowser, person, REDIRECT, signInRig } from './sign-in-rig.ts';

const ALICE = { email: 'Alice@example.com', email_verified: true };
const CONSOLE_HEADERS = { 'x-incident-console': '1', 'sec-fetch-site': 'same-origin' };

let issuer: Issuer;
let rig: ReturnType<typeof signInRig>;
beforeAll(async () => {
  issuer = await startIssuer(REDIRECT);
});
afterAll(() => issuer.stop());
beforeEach(() => {
  issuer.setDown(false);
  rig = signInRig(issuer);
  return () => rig.close();
});

/** Signs in with these claims and faults; what the last page said, and who is signed in then. */
async function signIn(claims: Record<string, unknown>, faults: Faults = {}, at = rig) {
  const browser = newBrowser();
  const answer = await at.finish(browser, issuer.consent(await at.begin(browser), claims, faults));
  return { browser, status: answer.statusCode, body: answer.body, who: await at.who(browser) };
}

describe('a sign-in with an account', () => {
  it('asks for a code with PKCE, state and nonce of its own each time', async () => {
    const [one, two] = [await rig.begin(newBrowser()), await rig.begin(newBrowser())];
    for (const url of [one, two]) {
      expect(Object.fromEntries(url.searchParams)).toMatchObject({
        client_id: CLIENT_ID,
        response_type: 'code',
        redirect_uri: REDIRECT,
        code_challenge_method: 'S256',
      });
    }
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.searchParams.get(name)?.length).toBeGreaterThan(30);
      expect(one.searchParams.get(name)).not.toBe(two.searchParams.get(name));
    }
  });

  it('opens a session for the person of the policy with this address, however it is written', async () => {
    const { browser, who, status } = await signIn(ALICE);
    expect([status, who]).toEqual([200, 'alice']);
    const session = browser.heard.find((set) => set.startsWith(`${SESSION_COOKIE}=`)) ?? '';
    expect(session.split('; ')).toEqual(expect.arrayContaining(['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']));
    expect(session).toMatch(/Max-Age=57600/);
    const attempt = browser.heard.find((set) => /^incident_sign_in=[^;]/.test(set)) ?? '';
    expect(attempt.split('; ')).toEqual(expect.arrayContaining(['HttpOnly', 'Secure', 'SameSite=Lax', 'Max-Age=600']));
    expect([...browser.cookies.keys()]).toEqual([SESSION_COOKIE]);
    expect(rig.lines.join()).toContain('alice signed in');
  });

  it('is offered on the first page, which comes back to where somebody was going; the token stays as second way', async () => {
    const page = await rig.visit(newBrowser(), '/incidents/incident-1?x=1');
    expect(page.body).toContain('href="/sign-in?return-to=%2Fincidents%2Fincident-1%3Fx%3D1"');
    expect(page.body).toContain('data-sign-in');
    const browser = newBrowser();
    const answer = await rig.finish(
      browser,
      issuer.consent(await rig.begin(browser, '/incidents/incident-1?x=1'), ALICE),
    );
    expect(answer.body).toContain('url=/incidents/incident-1?x=1');
  });

  it('is finished by another gateway of the same team, and its session counts there too', async () => {
    const other = signInRig(issuer);
    const browser = newBrowser();
    const back = issuer.consent(await rig.begin(browser), ALICE);
    expect((await other.finish(browser, back)).statusCode).toBe(200);
    expect([await other.who(browser), await rig.who(browser)]).toEqual(['alice', 'alice']);
    await other.close();
  });

  it('ends by signing out, after a shift, and when the person leaves the policy or changes', async () => {
    const { browser } = await signIn(ALICE);
    const held = new Map(browser.cookies);
    rig.people[0] = { ...person('alice'), email: 'another-alice@example.com' };
    expect(await rig.who(browser)).toBeNull();
    rig.people[0] = person('alice');
    expect(await rig.who(browser)).toBe('alice');
    rig.people.shift();
    expect(await rig.who(browser)).toBeNull();
    rig.people.unshift(person('alice'));
    rig.clock.aheadMs = 16 * 3_600_000 + 1_000;
    expect(await rig.who({ cookies: held, heard: [] })).toBeNull();
    rig.clock.aheadMs = 0;
    expect((await rig.visit(browser, '/session', 'DELETE', CONSOLE_HEADERS)).statusCode).toBe(204);
    expect([browser.cookies.size, await rig.who(browser)]).toEqual([0, null]);
  });

  it('lets decide from our own pages only, like every session', async () => {
    const { browser } = await signIn(ALICE);
    expect((await rig.visit(browser, '/api/decide', 'POST', CONSOLE_HEADERS)).json()).toEqual({ by: 'alice' });
    for (const headers of [
      {},
      { ...CONSOLE_HEADERS, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-origin' },
    ])
      expect((await rig.visit(browser, '/api/decide', 'POST', headers)).statusCode).toBeGreaterThanOrEqual(401);
  });
});

describe('who is not let in', () => {
  it('is whoever is not in the policy: a page says what to do, and there is no session', async () => {
    const answer = await signIn({ email: 'eve<b>@example.com', email_verified: true });
    expect([answer.status, answer.who, answer.browser.cookies.size]).toEqual([403, null, 0]);
    expect(answer.body).toContain('nobody in this team’s policy is eve&lt;b&gt;@example.com');
    expect(answer.body).toContain('Ask an admin');
  });

  it.each([[false], [undefined], ['yes'], [1]])(
    'is an address that the provider has not verified (%j)',
    async (verified) => {
      const answer = await signIn({ email: 'alice@example.com', email_verified: verified });
      expect([answer.status, answer.who]).toEqual([403, null]);
      expect(answer.body).toContain('has not verified');
    },
  );

  it('is an address of two people, and an answer without the claim', async () => {
    rig.people.push({ ...person('alicia'), email: 'ALICE@example.com' });
    expect(await signIn(ALICE)).toMatchObject({
      status: 403,
      who: null,
      body: expect.stringContaining('More than one'),
    });
    expect(await signIn({})).toMatchObject({ status: 403, who: null, body: expect.stringContaining('says nothing') });
  });

  it('goes by the claim that the environment names: an id or an address, but not by the e-mail then', async () => {
    const byName = signInRig(issuer, { claim: 'preferred_username' });
    expect(await signIn({ preferred_username: 'BOB' }, {}, byName)).toMatchObject({ status: 200, who: 'bob' });
    expect(await signIn({ preferred_username: 'bob@example.com' }, {}, byName)).toMatchObject({ who: 'bob' });
    expect(await signIn(ALICE, {}, byName)).toMatchObject({ status: 403, who: null });
    await byName.close();
    // By e-mail an id counts for nothing.
    expect(await signIn({ email: 'alice', email_verified: true })).toMatchObject({ status: 403, who: null });
  });
});

describe('an answer that is not believed', () => {
  it.each<[string, Faults]>([
    ['another nonce', { nonce: 'n-of-somebody-else' }],
    ['another audience', { audience: 'another-client' }],
    ['another issuer', { issuer: 'https://evil.example' }],
    ['a signature by another key', { alien: true }],
    ['a token of last week', { clockAheadSeconds: -7 * 86_400 }],
    ['a token that is not valid yet', { clockAheadSeconds: 600 }],
  ])('has %s', async (_what, faults) => {
    const answer = await signIn(ALICE, faults);
    expect([answer.status, answer.who, answer.browser.cookies.size]).toEqual([400, null, 0]);
    expect(answer.body).toContain('was not believed');
    expect(answer.body).toContain('Sign in again');
  });

  it('is not one whose clock is half a minute off', async () => {
    for (const clockAheadSeconds of [-30, 30])
      expect(await signIn(ALICE, { clockAheadSeconds })).toMatchObject({ status: 200, who: 'alice' });
  });

  it('has a forged or foreign state, or comes to a browser that began nothing', async () => {
    const victim = newBrowser();
    const own = issuer.consent(await rig.begin(victim), ALICE);
    const attackers = issuer.consent(await rig.begin(newBrowser()), ALICE);
    const before = issuer.asked.length;
    expect(await rig.finish(victim, attackers)).toMatchObject({ statusCode: 400 });
    // Not even asked for: whose code it is, the state alone has told.
    expect(issuer.asked.slice(before)).not.toContain('/token');
    expect(await rig.who(victim)).toBeNull();
    // The attempt was given up with the first answer: now even the right one is too late.
    expect(await rig.finish(victim, own)).toMatchObject({
      statusCode: 400,
      body: expect.stringContaining('not begun'),
    });
    expect((await rig.finish(newBrowser(), own)).statusCode).toBe(400);
    const forger = newBrowser();
    await rig.begin(forger);
    expect((await rig.finish(forger, new URLSearchParams({ code: 'c', state: 'guessed' }))).statusCode).toBe(400);
    expect((await rig.finish(forger, new URLSearchParams())).statusCode).toBe(400);
  });

  it('comes too late, or with a cookie that another team sealed', async () => {
    const browser = newBrowser();
    const back = issuer.consent(await rig.begin(browser), ALICE);
    rig.clock.aheadMs = 11 * 60_000;
    const late = await rig.finish(browser, back);
    expect([late.statusCode, await rig.who(browser)]).toEqual([400, null]);
    expect(late.body).toContain('More than 10 minutes');
    rig.clock.aheadMs = 0;
    const others = signInRig(issuer, { secret: 'a-secret-of-another-team' });
    const stranger = newBrowser();
    const elsewhere = issuer.consent(await others.begin(stranger), ALICE);
    expect((await rig.finish(stranger, elsewhere)).statusCode).toBe(400);
    await others.close();
  });

  it('uses its code a second time, although the browser kept the cookie', async () => {
    const browser = newBrowser();
    const back = issuer.consent(await rig.begin(browser), ALICE);
    const kept = new Map(browser.cookies);
    expect((await rig.finish(browser, back)).statusCode).toBe(200);
    const thief = { cookies: kept, heard: [] };
    const again = await rig.finish(thief, back);
    expect([again.statusCode, await rig.who(thief)]).toEqual([400, null]);
    expect(again.body).toContain('used already');
  });

  it('is the provider’s own no, whose words are not shown', async () => {
    const browser = newBrowser();
    const state = (await rig.begin(browser)).searchParams.get('state') ?? '';
    const no = new URLSearchParams({ error: 'access_denied', error_description: '<script>x</script>', state });
    const answer = await rig.finish(browser, no);
    expect([answer.statusCode, await rig.who(browser)]).toEqual([403, null]);
    expect(answer.body).not.toContain('<script>x');
    expect(answer.body).toContain('did not let you in');
  });
});

describe('an issuer that is away', () => {
  it('is a page that says so and how to get in meanwhile; back again, it works without a restart', async () => {
    issuer.setDown(true);
    const fresh = signInRig(issuer);
    const browser = newBrowser();
    const answer = await fresh.visit(browser, '/sign-in');
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '10']);
    expect(answer.body).toContain('does not answer');
    expect(answer.body).toContain('API token');
    expect(answer.body).toContain('href="/sign-in"');
    issuer.setDown(false);
    expect(await signIn(ALICE, {}, fresh)).toMatchObject({ status: 200, who: 'alice' });
    await fresh.close();
  });

  it('while the code is exchanged, lets nobody in', async () => {
    expect(await signIn(ALICE, { tokenStatus: 503 })).toMatchObject({ status: 503, who: null });
  });

  it('is asked nothing by answers that nobody here began', async () => {
    const before = issuer.asked.length;
    await rig.finish(newBrowser(), new URLSearchParams({ code: 'c', state: 's' }));
    expect(issuer.asked.length).toBe(before);
  });
});

describe('the page to go back to', () => {
  it('is one of ours', () => {
    for (const good of ['/', '/incidents/incident-1', '/record?by=service', '/policy'])
      expect(safeReturnTo(good)).toBe(good);
  });

  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    'javascript:alert(1)',
    '/.//evil.example',
    '/..//evil.example',
    '/sign-in?return-to=/',
    '/sign-in/callback?code=x',
    `/${'a'.repeat(2_000)}`,
    '',
    'incidents',
    undefined,
    ['/a', '/b'],
  ])('is the first page instead of %j', (bad) => {
    expect(safeReturnTo(bad)).toBe('/');
  });
});
