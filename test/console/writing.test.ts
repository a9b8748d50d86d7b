import Fastify, { type FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mountConsole } from '../../src/console/mount.ts';
import { NO_BROWSER_BECAUSE, openWindow, signIn, startChromium } from '../e2e/browser/chromium.ts';
import { CONSOLE, ID, type PretendGateway, pretendGateway, QUESTION } from './pretend-gateway.ts';

const TITLE = NO_BROWSER_BECAUSE === null ? '' : ` (${NO_BROWSER_BECAUSE})`;
const SECOND = { ...QUESTION, approvalId: 'a2', name: 'scale-up', why: 'a surge' };

describe.skipIf(NO_BROWSER_BECAUSE !== null)(`somebody who is writing${TITLE}`, () => {
  let behind: PretendGateway;
  let app: FastifyInstance;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    behind = pretendGateway();
    app = Fastify({ forceCloseConnections: true });
    behind.serve(app);
    mountConsole(app, {
      ...CONSOLE,
      live: behind.live,
    });
    browser = await startChromium();
    page = await (await openWindow(browser)).newPage();
    behind.show([], { openQuestions: [QUESTION] });
    await signIn(page, `${await app.listen({ host: '127.0.0.1', port: 0 })}/incidents/${ID}`, 'of-jane');
  }, 60_000);
  beforeEach(() => {
    behind.show([], { openQuestions: [QUESTION] });
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  const question = (id: string) => page.locator(`#question-${id}`);
  const because = (id: string) => question(id).getByLabel('Because');
  const begin = async (id: string, text: string) => {
    if (!(await because(id).isVisible())) await question(id).getByText('Reject', { exact: true }).first().click();
    await because(id).fill('');
    await because(id).pressSequentially(text);
  };

  it('keeps the text, the place in it and the focus, and is shown what is asked meanwhile, before and behind it', async () => {
    await page.getByText('live', { exact: true }).waitFor();
    await begin('a1', 'Not be');
    behind.show(['news'], { openQuestions: [SECOND, QUESTION, { ...SECOND, approvalId: 'a3' }] });
    await question('a3').waitFor();
    await because('a1').press('c');
    expect(await because('a1').inputValue()).toBe('Not bec');
    expect(await page.locator('.question').evaluateAll((all) => all.map(({ id }) => id))).toEqual([
      'question-a2',
      'question-a1',
      'question-a3',
    ]);
    // What is gone beside it goes, and the timeline was never held back.
    behind.show(['news'], { openQuestions: [QUESTION] });
    await question('a3').waitFor({ state: 'detached' });
    expect(await question('a2').count()).toBe(0);
    await page.locator('#timeline').getByText('news').waitFor();
    expect(await because('a1').inputValue()).toBe('Not bec');
  }, 60_000);

  it('is told when it was settled meanwhile, and the question goes once the text is emptied', async () => {
    await question('a1').waitFor();
    await begin('a1', 'Too late');
    behind.show([], { openQuestions: [SECOND] });
    await question('a2').waitFor();
    await question('a1').getByText('This was settled meanwhile.').waitFor();
    expect(await because('a1').inputValue()).toBe('Too late');
    await because('a1').fill('');
    await question('a1').waitFor({ state: 'detached' });
    await question('a2').waitFor();
  }, 60_000);

  it('sends what was written, and the page goes on', async () => {
    await question('a1').waitFor();
    await begin('a1', 'The canary is bad.');
    await question('a1').locator('form[data-decision="reject"] button').click();
    await page.locator('#said').getByText('Taken.').waitFor();
    expect(behind.decided).toMatchObject([
      { name: 'reject', body: { approvalId: 'a1', because: 'The canary is bad.' } },
    ]);
    behind.show([], { openQuestions: [] });
    await page.getByText('Nothing waits for an answer.').waitFor();
  }, 60_000);

  it('is shown the whole page once Temporal has begun the incident', async () => {
    behind.show([], null);
    await page.reload();
    await page.getByText('opened', { exact: false }).waitFor();
    expect(await page.locator('#asked').count()).toBe(0);
    let loads = 0;
    page.on('load', () => {
      loads += 1;
    });
    behind.show([], { openQuestions: [QUESTION] });
    await question('a1').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    expect(loads).toBe(1);
  }, 60_000);

  it('is led to the sign-in when the sign-in is over', async () => {
    behind.people.delete('of-jane');
    await page.getByLabel('Your API token').waitFor();
  }, 60_000);
});
