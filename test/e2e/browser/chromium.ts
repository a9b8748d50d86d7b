import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const CHROMIUM = process.env.CHROMIUM_BINARY ?? CANDIDATES.find((path) => existsSync(path));

/** Why the tests in a browser cannot run on this machine; null when they can. In CI nothing may be skipped. */
export const NO_BROWSER_BECAUSE = CHROMIUM === undefined ? 'chromium is not installed' : null;

/** No sandbox (tests run as root in containers), and nothing that speaks to anybody but the page. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** A busy machine paints late. */
const PATIENCE_MS = 45_000;

export type Scheme = 'light' | 'dark';

export interface Look {
  readonly width?: number;
  readonly scheme?: Scheme;
  readonly scripts?: boolean;
}

export function startChromium(): Promise<Browser> {
  return chromium.launch({ ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }), args: FLAGS });
}

/** A browser of somebody's own: no cookie and no storage is shared with another. */
export async function openWindow(
  browser: Browser,
  { width = 1280, scheme = 'light', scripts = true }: Look = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 640 : 800 },
    colorScheme: scheme,
    javaScriptEnabled: scripts,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return context;
}

/** Signs in as people do: the token is typed. */
export async function signIn(page: Page, url: string, token: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Your API token').fill(token);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}
