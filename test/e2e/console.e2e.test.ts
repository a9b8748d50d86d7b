import { createServer } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_BROWSER_BECAUSE, openWindow, signIn, startChromium } from './browser/chromium.ts';
import { faultsOf, PICTURES, timelineOf } from './browser/looking.ts';
import { openR9, R9_ALERT } from './r9.ts';
import type { Person, Stage } from './stage.ts';
import { remediesSeen } from './watch-ledger.ts';

// R9 in real Chromium, from the alert to the approved post-mortem, by clicking only. What was clicked is checked where it
// arrives: on the incident's timeline and in the simulated production. On the way every page is looked at.
const SPEED = 20;
const UPDATE = 'We are rolling feature X back; the API recovers meanwhile.';
const OF_ALICE = 'Alice wrote this sentence in the console.';
const OF_BOB = 'Bob was quicker with this one.';
const TOO_LATE =
  /^publish-status \S+ was already (granted|rejected) by (alice|bob) at \d\d:\d\d UTC; nothing more was done\.$/;
const TITLE = NO_BROWSER_BECAUSE === null ? '' : ` (${NO_BROWSER_BECAUSE})`;

let stage: Stage;
let browser: Browser;
let alice: Page;
let bob: Page;
let id = '';
const errors: string[] = [];

async function windowOf(who: Person): Promise<Page> {
  const page = await (await openWindow(browser)).newPage();
  page.on('pageerror', (error) => errors.push(`${who}: ${error.message}`));
  await signIn(page, stage.gatewayUrl, `token-of-${who}`);
  return page;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const said = (page: Page) => page.locator('#said');
const told = (page: Page, words: string) => said(page).filter({ hasText: words }).waitFor();
const open = (page: Page, path: string) => page.goto(`${stage.gatewayUrl}${path}`);

/** The page's timeline has every event of the incident's own, once. */
async function completeOn(page: Page): Promise<readonly number[]> {
  return stage.until('the page shows the whole timeline', async () => {
    const events = (await stage.timeline(id)).filter(({ kind }) => kind !== 'step-finished').map(({ seq }) => seq);
    const shown = await timelineOf(page);
    return JSON.stringify(shown) === JSON.stringify(events) && shown;
  });
}

describe.skipIf(NO_BROWSER_BECAUSE !== null)(`the console in a browser${TITLE}`, () => {
  beforeAll(async () => {
    [stage, browser] = await Promise.all([openR9(SPEED), startChromium()]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  it('asks who one is, and says what is wrong with a token', async () => {
    const page = await (await openWindow(browser)).newPage();
    await open(page, '/');
    await page.getByLabel('Your API token').fill('guessed');
    await button(page, 'Sign in').click();
    await told(page, 'token');
    expect(await faultsOf(page, 'sign-in')).toEqual([]);
    await page.context().close();
  }, 60_000);

  it('shows a new incident by itself; it is opened and acknowledged by keys alone, and the focus stays there', async () => {
    [alice, bob] = await Promise.all([windowOf('alice'), windowOf('bob')]);
    await alice.getByText('No incident is open.').waitFor();
    id = String((await stage.post(R9_ALERT)).body.incidentId);
    stage.clock.start();
    await alice.locator('a.incident').first().waitFor();
    await alice.keyboard.press('j');
    await alice.keyboard.press('Enter');
    await alice.getByRole('heading', { level: 1, name: 'API Error Rate' }).waitFor();
    await button(alice, 'Acknowledge').waitFor();
    await alice.keyboard.press('a');
    await alice.keyboard.press('Enter');
    await alice
      .locator('#lead')
      .getByText(/^alice/)
      .waitFor();
    expect(await alice.evaluate('document.activeElement?.closest("[data-live]")?.id')).toBe('lead');
    expect((await stage.facts(id))?.commander).toBe('alice');
  }, 90_000);

  it('lets one of two win who answer at once, and tells the other what happened', async () => {
    await open(bob, `/incidents/${id}`);
    const yes = button(alice, 'Approve publish status');
    const questionOn = (page: Page) => page.locator('.question', { has: button(page, 'Approve publish status') });
    // Both have begun to write a rejection; Alice thinks again and approves.
    for (const question of [questionOn(alice), questionOn(bob)]) {
      await question.getByText('Reject', { exact: true }).first().click();
      await question.getByLabel('Because').fill('Not yet.');
    }
    await Promise.all([yes.click(), questionOn(bob).locator('form[data-decision="reject"] button').click()]);
    const late = await stage.until('one is told', async () => {
      const words = await Promise.all([said(alice).textContent(), said(bob).textContent()]);
      const found = words.filter((one) => TOO_LATE.test(one ?? ''));
      return found.length > 0 && found;
    });
    expect(late).toHaveLength(1);
    // The settled question leaves both pages, though something was typed in it.
    await Promise.all([alice, bob].map((page) => questionOn(page).waitFor({ state: 'detached' })));
    const settled = (await stage.timeline(id)).filter(
      ({ kind, by }) => (kind === 'approval-granted' || kind === 'approval-rejected') && by.via === 'console',
    );
    expect(settled).toHaveLength(1);
  }, 60_000);

  it('is legible at every width, in the light and in the dark, while it asks (axe, nothing cut)', async () => {
    await button(bob, 'Approve rollback').waitFor();
    expect(await faultsOf(bob, 'incident-asks')).toEqual([]);
    await open(bob, '/');
    await bob.getByRole('heading', { name: 'Waiting for you' }).waitFor();
    expect(await faultsOf(bob, 'list')).toEqual([]);
  }, 90_000);

  it('goes on without a reload and without a lost event after the gateway was away', async () => {
    await completeOn(alice);
    await alice.evaluate('globalThis.neverReloaded = true');
    await button(alice, 'Approve rollback').click();
    await told(alice, 'rollback');
    await stage.gateway.kill();
    const atDeath = await timelineOf(alice);
    await alice.getByText('The gateway does not answer.').waitFor();
    // As a proxy answers while nothing stands behind it; an event stream does not survive that by itself.
    const { port } = new URL(stage.gatewayUrl);
    const proxy = createServer((_request, response) => response.writeHead(503).end('nothing behind this'));
    await new Promise<void>((listening) => proxy.listen(Number(port), '127.0.0.1', listening));
    const refused = new Promise((seen) => proxy.on('request', ({ url }) => url?.includes('/events') && seen(url)));
    await stage.until('the rollback is done', () => remediesSeen(stage.production).includes('rollback noa-mcp'));
    await refused;
    proxy.closeAllConnections();
    await new Promise((closed) => proxy.close(closed));
    await stage.gateway.start();
    const shown = await completeOn(alice);
    expect(shown.length).toBeGreaterThan(atDeath.length);
    await alice.getByText('The gateway does not answer.').waitFor({ state: 'hidden' });
    // And it is live again, not only caught up.
    await stage.decide('bob', id, 'note', { text: 'seen after the outage' });
    await alice.getByText('seen after the outage').first().waitFor();
    await alice.locator('[data-live-state]').getByText('live', { exact: true }).waitFor();
    expect(await alice.evaluate('globalThis.neverReloaded')).toBe(true);
  }, 120_000);

  it('sends the update that was written', async () => {
    await alice.getByText('Send the update', { exact: true }).first().click();
    await alice.getByLabel('Update', { exact: true }).fill(UPDATE);
    await button(alice, 'Send the update').click();
    await stage.until('chat has it', () => stage.production.slack.messages.some(({ text }) => text.includes(UPDATE)));
    await alice.locator('#situation').getByText(UPDATE).waitFor();
  }, 60_000);

  it('is resolved by a click, and its post-mortem is drafted', async () => {
    const asked = async () => (await stage.facts(id))?.openQuestions.some(({ name }) => name === 'resolve') ?? false;
    await stage.until('it has held long enough', asked, 90_000);
    await button(alice, 'Approve resolve').click();
    await stage.until('it is drafted', async () => (await stage.events(id, 'post-mortem-written')).length > 0);
    expect(remediesSeen(stage.production)).toEqual(['rollback noa-mcp']);
    expect(await faultsOf(alice, 'incident-resolved')).toEqual([]);
  }, 180_000);

  it('keeps both texts when two people edit the post-mortem at once; the one of both is approved', async () => {
    await alice.getByRole('link', { name: 'Post-mortem' }).click();
    await open(bob, `/incidents/${id}/post-mortem`);
    const textOf = async (page: Page) => {
      await page.getByText('Edit the text').click();
      return page.getByLabel('Text (Markdown)');
    };
    const [mine, his] = await Promise.all([textOf(alice), textOf(bob)]);
    await his.fill(`${await his.inputValue()}\n${OF_BOB}\n`);
    await mine.fill(`${await mine.inputValue()}\n${OF_ALICE}\n`);
    await button(bob, 'Save').click();
    await told(bob, 'Saved.');
    await button(alice, 'Save').click();
    await told(alice, 'Your text is kept.');
    expect(await alice.getByLabel('Their text').inputValue()).toContain(OF_BOB);
    expect(await mine.inputValue()).toContain(OF_ALICE);
    expect(await faultsOf(alice, 'post-mortem-conflict')).toEqual([]);
    await mine.fill(`${await alice.getByLabel('Their text').inputValue()}\n${OF_ALICE}\n`);
    await button(alice, 'Save').click();
    for (const words of [OF_BOB, OF_ALICE]) await alice.locator('#document').getByText(words).waitFor();
    await button(alice, 'Approve this text').click();
    await button(alice, 'Approve it anyway').click();
    await alice.getByText('Approved by alice.').waitFor();
  }, 90_000);

  it.each([
    ['incidents', '/', 'Open'],
    ['quick', '/quick', 'Quick reference'],
    ['record', '/record', 'Record'],
    ['drills', '/drills', 'Drills'],
    ['policy', '/policy', 'Policy of'],
    ['health', '/health', 'System health'],
    ['post-mortem', '/incidents/ID/post-mortem', 'Post-mortem'],
    ['remaining-steps', '/incidents/ID/paper', 'The remaining steps'],
    ['not-there', '/incidents/nothing', 'Not there'],
    ['status', '/status/', 'All Systems Operational'],
    ['status-history', '/status/history', 'Incidents'],
  ])(
    'shows the page %s without a fault at every width, in the light and in the dark',
    async (name, path, heading) => {
      await open(alice, path.replace('ID', id));
      await alice.getByRole('heading', { name: heading }).first().waitFor();
      expect(await faultsOf(alice, name)).toEqual([]);
    },
    60_000,
  );

  it('tells the public without JavaScript, and takes an address', async () => {
    const page = await (await openWindow(browser, { scripts: false })).newPage();
    await open(page, '/status');
    await page.getByText('The issue has been resolved.').waitFor();
    await page.getByRole('link', { name: 'All incidents' }).click();
    await page.getByRole('link', { name: 'API Error Rate' }).first().click();
    await page.getByText('We are investigating').first().waitFor();
    await page.getByRole('link', { name: 'Current status' }).click();
    await page.getByLabel('Your address').fill('jo@example.com');
    await button(page, 'Subscribe').click();
    await page.getByText('A mail is on its way to you.').waitFor();
    console.log(`Pictures of the pages: ${PICTURES}`);
  }, 60_000);

  it('had no error in any page', () => {
    expect(errors).toEqual([]);
  });
});
