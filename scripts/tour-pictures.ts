import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { openWindow, signIn, startChromium } from '../test/e2e/browser/chromium.ts';
import { openR9, R9_ALERT } from '../test/e2e/r9.ts';
import type { Stage } from '../test/e2e/stage.ts';

// npx tsx scripts/tour-pictures.ts: makes the pictures of docs/tour.md anew, from the product itself: the runbook's own
// incident (R9) is played in real time, twenty times as fast, and led by clicking in Chromium.
const FOLDER = resolve(import.meta.dirname, '../docs/pictures');
const SPEED = 20;
/** A busy machine plays it slowly. */
const PATIENCE_MS = 5 * 60_000;
const MOST_KILOBYTES = 1_500;

const [stage, browser] = await Promise.all([openR9(SPEED), startChromium()]);
try {
  await walk(stage, browser);
} finally {
  await browser.close();
  await stage.close();
}
const kilobytes = readdirSync(FOLDER).reduce((sum, name) => sum + statSync(join(FOLDER, name)).size / 1024, 0);
console.log(`${readdirSync(FOLDER).length} pictures, ${Math.round(kilobytes)} kB, in ${FOLDER}`);
if (kilobytes > MOST_KILOBYTES)
  throw new Error(`The pictures may take ${MOST_KILOBYTES} kB. Make fewer, or smaller ones.`);

async function walk({ gatewayUrl, clock, post, until, events }: Stage, chromium: Browser): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const page = await (await openWindow(chromium, { width: 1120 })).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await signIn(page, gatewayUrl, 'token-of-alice');
  const id = String((await post(R9_ALERT)).body.incidentId);
  clock.start();
  const click = (name: string) => page.getByRole('button', { name, exact: true }).click();

  await until('it asks', async () => (await events(id, 'approval-requested')).length > 1, PATIENCE_MS);
  await page.getByRole('heading', { name: 'Waiting for you' }).waitFor();
  await page.locator('.about', { hasText: 'errors' }).waitFor();
  await picture(page, 'list', 320);
  await page.locator('a.incident').first().click();
  await page.getByRole('button', { name: 'Approve rollback' }).waitFor();
  await picture(page, 'incident', 860);
  await part(page.locator('#causes'), 'causes');
  const phone = await (await openWindow(chromium, { width: 390, scheme: 'dark' })).newPage();
  phone.setDefaultTimeout(PATIENCE_MS);
  await signIn(phone, `${gatewayUrl}/incidents/${id}`, 'token-of-bob');
  await phone.getByRole('button', { name: 'Approve rollback' }).waitFor();
  await picture(phone, 'phone', 760);

  await click('Acknowledge');
  await click('Approve rollback');
  await until('the errors have gone', async () => (await events(id, 'mitigated')).length > 0, PATIENCE_MS);
  await page.locator('#timeline').getByText('Mitigated').waitFor();
  await picture(page, 'timeline', 560, '#timeline');
  const people = await (await openWindow(chromium, { width: 760 })).newPage();
  await people.goto(`${gatewayUrl}/status`);
  await picture(people, 'status', 620);

  await click('Approve resolve');
  await until('it is drafted', async () => (await events(id, 'post-mortem-written')).length > 0, PATIENCE_MS);
  await page.goto(`${gatewayUrl}/incidents/${id}/post-mortem`);
  await page.locator('#document').waitFor();
  await picture(page, 'post-mortem', 640);
}

/** What fits on a screen of this height, from this part of the page on. */
async function picture(page: Page, name: string, height: number, from = 'body'): Promise<void> {
  const width = page.viewportSize()?.width ?? 0;
  await page.setViewportSize({ width, height });
  await page.evaluate(`document.querySelector('${from}').scrollIntoView()`);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}

async function part(place: Locator, name: string): Promise<void> {
  await place.screenshot({ path: join(FOLDER, `${name}.png`) });
}
