import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drillFiles } from '../../src/config/drill-files.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import { mountConsole } from '../../src/console/mount.ts';
import { quickBody } from '../../src/console/pages/quick.ts';
import { NO_BROWSER_BECAUSE, openWindow, signIn, startChromium } from '../e2e/browser/chromium.ts';
import { faultsOf } from '../e2e/browser/looking.ts';
import { REPORT } from './kept-report.ts';
import { CONSOLE, NOW, pretendGateway } from './pretend-gateway.ts';

const TITLE = NO_BROWSER_BECAUSE === null ? '' : ` (${NO_BROWSER_BECAUSE})`;
const EVIL = '<img src=x onerror=alert(1)> pods';
const COMMAND = 'kubectl -n noa-server rollout restart deployment/noa-mcp';

it('is not offered to whoever only looks on', async () => {
  const policy = await loadPolicy('policy/noa.yaml');
  const shown = (roles: readonly ('viewer' | 'responder')[]) =>
    quickBody([], { id: 'x', name: 'X', roles }, policy, NOW).text;
  expect(shown(['viewer'])).not.toContain('<form');
  expect(shown(['responder'])).toContain('data-act');
});

describe.skipIf(NO_BROWSER_BECAUSE !== null)(`pages in a browser${TITLE}`, () => {
  const reports = mkdtempSync(join(tmpdir(), 'reports-'));
  const asked: { path: string; body: Record<string, unknown> }[] = [];
  let stage = 'waiting';
  let secondPerson = false;
  let app: FastifyInstance;
  let browser: Browser;
  let page: Page;
  const state = () => ({
    id: 'quick-1',
    stage,
    needs: { role: 'approver', secondPerson },
    plan: { command: COMMAND },
    words: stage === 'done' ? 'Restarted; 6 of 6 pods run.' : 'Restarts noa-mcp, pod by pod.',
  });

  beforeAll(async () => {
    writeFileSync(join(reports, 'r9-s1-people-approve.json'), JSON.stringify({ playedAt: NOW, report: REPORT }));
    const behind = pretendGateway();
    const policy = await loadPolicy('policy/noa.yaml');
    app = Fastify({ forceCloseConnections: true });
    behind.serve(app);
    app.get('/api/audit', async () => ({
      audit: asked.map(({ path, body }) => ({
        at: NOW,
        person: 'jane',
        via: 'console',
        what: path.endsWith('checks') ? `check ${body.what}` : `do ${body.action ?? body.name}`,
        words: 'A sentence.',
      })),
    }));
    const take = (path: string, answer: () => object) =>
      app.post(path, async (request) => {
        asked.push({ path, body: request.body as Record<string, unknown> });
        return answer();
      });
    take('/api/checks', () => ({
      items: [
        { words: EVIL, command: 'kubectl get pods -o wide', excerpt: 'NAME READY\nnoa-mcp-1 0/1', abnormal: true },
      ],
      gaps: [{ probe: 'resources', reason: 'timeout', source: 'prometheus' }],
    }));
    take('/api/quick-actions', state);
    take('/api/quick-actions/quick-1/answer', () => {
      stage = 'acting';
      return state();
    });
    app.get('/api/quick-actions/quick-1', async () => {
      stage = 'done';
      return state();
    });
    mountConsole(app, {
      ...CONSOLE,
      policy: () => policy,
      drills: () => drillFiles('drills', reports),
    });
    browser = await startChromium();
    page = await (await openWindow(browser)).newPage();
    await signIn(page, `${await app.listen({ host: '127.0.0.1', port: 0 })}/quick`, 'of-jane');
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    rmSync(reports, { recursive: true });
  });

  it('looks by keys alone; what systems say stays text', async () => {
    await page.getByRole('button', { name: 'Pods', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.locator('#looked').getByText(EVIL).waitFor();
    expect(await page.locator('#looked img').count()).toBe(0);
    expect(asked[0]).toMatchObject({ path: '/api/checks', body: { what: 'pods' } });
    await page.locator('#audit').getByText('jane: check pods').waitFor();
  }, 60_000);

  it('shows what would be done, does it after a yes, and says what came of it', async () => {
    expect(await page.getByLabel('Replicas').isVisible()).toBe(false);
    await page.getByLabel('What', { exact: true }).selectOption('scale');
    await page.getByLabel('Replicas').fill('6');
    await page.getByLabel('What', { exact: true }).selectOption('restart');
    await page.getByLabel('Because').fill('stale connections');
    await page.getByLabel('Because').press('Enter');
    await page.getByText(COMMAND).waitFor();
    const wish = { action: 'restart', target: 'noa-mcp', replicas: null, because: 'stale connections' };
    expect(asked.at(-1)?.body).toMatchObject(wish);
    expect(await faultsOf(page, 'quick')).toEqual([]);
    await page.getByRole('button', { name: 'Yes, do it' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('#preview').getByText('Restarted; 6 of 6 pods run.').waitFor();
    expect(asked.filter(({ path }) => path.endsWith('answer')).map(({ body }) => body.name)).toEqual(['confirm']);
    expect(await page.getByRole('button', { name: 'Yes, do it' }).count()).toBe(0);
  }, 90_000);

  it('shows the drills, and one of them with its report, without a fault at every width', async () => {
    await page.goto(new URL('/drills', page.url()).href);
    await page.getByText('1 of').waitFor();
    expect(await faultsOf(page, 'drills')).toEqual([]);
    await page.getByRole('link', { name: 'r9-s1-people-approve' }).click();
    await page.getByRole('heading', { name: 'Last report' }).waitFor();
    expect(await faultsOf(page, 'drill')).toEqual([]);
    await page.goBack();
    await page.goto(new URL('/quick', page.url()).href);
    await page.getByLabel('Because').fill('again');
  }, 90_000);

  it('offers no yes to whoever asked, where it takes somebody else', async () => {
    [stage, secondPerson] = ['waiting', true];
    await page.getByRole('button', { name: 'Show what would be done' }).click();
    await page.getByText('It takes somebody else with the role approver').waitFor();
    expect(await page.getByRole('button', { name: 'Yes, do it' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Drop it' }).waitFor();
  }, 60_000);
});
