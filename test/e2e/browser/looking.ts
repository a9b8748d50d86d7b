import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Where each page's pictures are kept for whoever wants to look; git ignores the folder. */
export const PICTURES = resolve(import.meta.dirname, '../../../.cache/pictures');
const WIDTHS = [320, 768, 1280] as const;
const IN_PAGE = readFileSync(join(import.meta.dirname, 'in-page.js'), 'utf8');

/**
 * Looks at a page as people have it before them: on a phone, a tablet and a screen, in the light and in the dark, with
 * everything folded out. Keeps a picture of each width; says in words what is cut, and what axe calls serious or critical.
 */
export async function faultsOf(page: Page, name: string): Promise<readonly string[]> {
  for (const width of WIDTHS) {
    await page.emulateMedia({ colorScheme: width === 768 ? 'dark' : 'light' });
    await keepPicture(page, name, width);
  }
  await size(page, WIDTHS[0]);
  await inPage(page, 'foldOut()');
  const cut = await inPage<readonly string[]>(page, 'cutParts()');
  const faults = cut.map((words) => `${name}: cut at ${WIDTHS[0]} px: ${words}`);
  // Evaluated, not added as a script: the page's own content security policy stays as it is.
  await page.evaluate(axe.source);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const found = await inPage<readonly string[]>(page, 'axeFaults()');
    faults.push(...found.map((words) => `${name} (${colorScheme}): ${words}`));
  }
  return faults;
}

export async function keepPicture(page: Page, name: string, width: number): Promise<void> {
  await size(page, width);
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`), fullPage: true });
}

/** The events that the page's timeline shows, by their sequence numbers, the oldest first. */
export function timelineOf(page: Page): Promise<readonly number[]> {
  return inPage(page, 'timelineSeqs()');
}

async function inPage<T>(page: Page, call: string): Promise<T> {
  return page.evaluate<T>(`${IN_PAGE}\nlooking.${call}`);
}

function size(page: Page, width: number): Promise<void> {
  return page.setViewportSize({ width, height: width < 500 ? 640 : 800 });
}
