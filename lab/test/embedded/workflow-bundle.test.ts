import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../embedded/workflow-bundle.ts';

let folder: string;

beforeAll(() => {
  // Inside the project, because the bundler looks for the SDK in the node_modules above the sources.
  const cache = join(import.meta.dirname, '../../../.cache');
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'bundle-test-'));
  mkdirSync(join(folder, 'src/workflows'), { recursive: true });
  mkdirSync(join(folder, 'src/domain'));
  writeFileSync(join(folder, 'src/domain/greeting.ts'), "export const greeting: string = 'first words';\n");
  const workflow =
    "import { greeting } from '../domain/greeting.ts';\nexport async function greet(): Promise<string> {\n  return greeting;\n}\n";
  writeFileSync(join(folder, 'src/workflows/index.ts'), workflow);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('workflowBundle', () => {
  it('is built once for two who ask at once, then taken from the cache, and built again for changed sources', async () => {
    const said: string[] = [];
    const options = {
      entry: join(folder, 'src/workflows/index.ts'),
      cacheDir: join(folder, 'cache'),
      log: (line: string) => said.push(line),
    };
    const [first, second] = await Promise.all([workflowBundle(options), workflowBundle(options)]);
    expect(second).toBe(first);
    expect(readFileSync(first, 'utf8')).toContain('first words');
    expect(await workflowBundle(options)).toBe(first);
    expect(said).toEqual([expect.stringMatching(/^Bundled the workflows in [\d.]+ s\.$/)]);
    writeFileSync(join(folder, 'src/domain/greeting.ts'), "export const greeting: string = 'other words';\n");
    const third = await workflowBundle(options);
    expect(third).not.toBe(first);
    expect(readFileSync(third, 'utf8')).toContain('other words');
    expect(readdirSync(join(folder, 'cache/workflow-bundle')).filter((name) => !name.endsWith('.cjs'))).toEqual([]);
  }, 60_000);

  it('fails with the reason, leaving no bundle, when the workflows do not build', async () => {
    const entry = join(folder, 'src/workflows/broken.ts');
    writeFileSync(entry, "import './nothing-there.ts';\n");
    const cacheDir = join(folder, 'cache-of-broken');
    await expect(workflowBundle({ entry, cacheDir })).rejects.toThrow();
    expect(readdirSync(join(cacheDir, 'workflow-bundle'))).toEqual([]);
  }, 60_000);
});
