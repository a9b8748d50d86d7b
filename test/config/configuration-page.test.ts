import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configurationPage } from '../../scripts/configuration-page.ts';
import { environmentVariables } from '../../src/config/env.ts';

const policy = async (): Promise<unknown> => parse(await readFile('policy/noa.yaml', 'utf8'));

describe('docs/configuration.md', () => {
  it('is what the schemas say now', async () => {
    const kept = await readFile('docs/configuration.md', 'utf8');
    const renew = 'docs/configuration.md is older than the schemas. Renew it: npx tsx scripts/configuration-docs.ts';
    expect(kept === configurationPage(await policy()), renew).toBe(true);
  });

  it('names every variable with its default, and every key of the policy with its type', async () => {
    const page = configurationPage(await policy());
    for (const { name } of environmentVariables()) expect(page).toContain(`| \`${name}\` |`);
    expect(page).toContain('| `DATABASE_URL` | gateway, worker, status page | **needed** |');
    expect(page).toContain('| `PORT` | gateway, status page | `8080 (gateway), 8090 (status page)` |');
    expect(page).toContain('| `classification.errorRatioP1Above` | ratio | `10%` |');
    expect(page).toContain('| `verification.holdMinutes` | number from 0 |');
  });

  it('is another page when a number of the policy changes', async () => {
    const written = (await policy()) as { classification: object };
    const other = { ...written, classification: { ...written.classification, errorRatioP1Above: '11%' } };
    expect(configurationPage(other)).not.toBe(configurationPage(written));
  });
});
