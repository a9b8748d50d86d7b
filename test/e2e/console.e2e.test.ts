import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_BROWSER_BECAUSE, openWindow, signIn, startChromium } from './browser/chromium.ts';
import { openR9, R9_ALERT } from './r9.ts';
import type { Stage } from './stage.ts';

// R9 in real Chromium, from the alert to the approved post-mortem, by clicking only. What was clicked is checked where it
// arrives: on the incident's timeline and in the simulated production.
const SPEED = 20;
const UPDATE = 'We are rolling feature X back; the API recovers meanwhile.';
const LEARNED = 'A person wrote this sentence in the console.';

let stage: Stage;
let browser: Browser;
const errors: string[] = [];

async function windowOf(who: string): Promise<Page> {
  const page = await (await openWindow(browser)).newPage();
  page.on('pageerror', (error) => errors.push(`${who}: ${error.message}`));
  await signIn(page, stage.gatewayUrl, `token-of-${who}`);
  return page;
}

describe.skipIf(NO_BROWSER_BECAUSE !== null)(
  `the console in a browser${NO_BROWSER_BECAUSE === null ? '' : ` (${NO_BROWSER_BECAUSE})`}`,
  () => {
    let alice: Page;
    let id = '';

    beforeAll(async () => {
      [stage, browser] = await Promise.all([openR9(SPEED), startChromium()]);
    }, 90_000);
    afterAll(async () => {
      await browser?.close();
      await stage?.close();
    });

    const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
    const said = (page: Page, words: string | RegExp) => page.getByRole('status').filter({ hasText: words }).waitFor();

    it('shows the new incident by itself; it is opened and acknowledged by keys alone', async () => {
      alice = await windowOf('alice');
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
      await stage.until('alice leads', async () => (await stage.facts(id))?.commander === 'alice');
      await alice
        .locator('#lead')
        .getByText(/^alice/)
        .waitFor();
    }, 90_000);

    it('asks about the rollback, and one click does it', async () => {
      await button(alice, 'Approve rollback').click();
      await stage.until('the rollback is done', async () => (await stage.events(id, 'remedy-carried-out'))[0] ?? false);
      const [granted] = await stage.events(id, 'approval-granted');
      expect(granted?.by).toMatchObject({ person: 'alice', via: 'console' });
    }, 90_000);

    it('sends the update that was written', async () => {
      await alice.getByText('Send the update', { exact: true }).first().click();
      await alice.getByLabel('Update', { exact: true }).fill(UPDATE);
      await button(alice, 'Send the update').click();
      await stage.until('chat has it', () => stage.production.slack.messages.some(({ text }) => text.includes(UPDATE)));
    }, 60_000);

    it('is resolved, and its post-mortem is edited and approved', async () => {
      await button(alice, 'Approve resolve').click();
      await stage.until('it is drafted', async () => (await stage.events(id, 'post-mortem-written')).length > 0);
      await alice.getByRole('link', { name: 'Post-mortem' }).click();
      await alice.getByText('Edit the text').click();
      const text = alice.getByLabel('Text (Markdown)');
      await text.fill(`${await text.inputValue()}\n${LEARNED}\n`);
      await button(alice, 'Save').click();
      await said(alice, 'Saved.');
      await alice.locator('#document').getByText(LEARNED).waitFor();
      await button(alice, 'Approve this text').click();
      await button(alice, 'Approve it anyway').click();
      await alice.getByText('Approved by alice.').waitFor();
      expect(errors).toEqual([]);
    }, 120_000);
  },
);
