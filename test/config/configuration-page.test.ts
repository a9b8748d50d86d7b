import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configurationPage } from '../../scripts/configuration-page.ts';
import { composeFile, exampleEnv } from '../../scripts/deploy-files.ts';
import { SYSTEMS } from '../../src/activities/systems.ts';
import { environmentVariables } from '../../src/config/env.ts';

const policy = async (): Promise<unknown> => parse(await readFile('policy/noa.yaml', 'utf8'));

describe('docs/configuration.md', () => {
  it('is what the schemas say now', async () => {
    const kept = await readFile('docs/configuration.md', 'utf8');
    const renew = 'docs/configuration.md is older than the schemas. Renew it: npx tsx scripts/configuration-docs.ts';
    expect(kept === configurationPage(await policy()), renew).toBe(true);
  });

  it.each([
    { path: 'deploy/example.env', write: exampleEnv },
    { path: 'docker-compose.yml', write: composeFile },
  ])('agrees with $path about the outside systems', async ({ path, write }) => {
    const kept = await readFile(path, 'utf8');
    const renew = `${path} is older than the settings. Renew it: npx tsx scripts/configuration-docs.ts`;
    expect(kept === write(kept), renew).toBe(true);
    expect(write(kept.replaceAll(/^.*JENKINS_URL.*$/gm, ''))).toContain('JENKINS_URL');
  });

  it('says each variable once: two systems never share one', () => {
    const names = SYSTEMS.flatMap(({ settings }) => Object.keys(settings));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    for (const { name, meaning } of environmentVariables()) expect(meaning.length, name).toBeGreaterThan(5);
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
