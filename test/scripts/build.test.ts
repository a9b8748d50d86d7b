import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDist, builtCode, ENTRIES } from '../../scripts/build.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** A copy of the sources, with the packages of this clone. */
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'build-'));
  for (const path of ['src', 'bin', 'scripts', 'package.json', 'package-lock.json']) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  mkdirSync(join(copy, 'policy'));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const version = async (): Promise<string> => (await run(join(copy, 'bin/incident'), ['--version'])).stdout.trim();

describe('a build', () => {
  it('is made once for two who ask at once, and again when a source has changed', async () => {
    const [first, second] = await Promise.all([builtCode(copy), builtCode(copy)]);
    expect(second).toBe(first);
    expect(await builtCode(copy)).toBe(first);
    for (const file of [...Object.keys(ENTRIES).map((name) => `${name}.js`), 'store/migrations', 'console/public'])
      expect(existsSync(join(first, file)), file).toBe(true);
    writeFileSync(join(copy, 'src/config/version.ts'), "export const VERSION = '9.9.9';\n");
    const third = await builtCode(copy);
    expect(third).not.toBe(first);
    expect(existsSync(first)).toBe(true);
  });

  it('runs the command in a clone from what its sources are now', async () => {
    expect(await version()).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
    writeFileSync(join(copy, 'src/cli/main.ts'), "export const runProcess = async () => console.log('changed');\n");
    expect(await version()).toBe('changed');
    cpSync(join(ROOT, 'src/cli/main.ts'), join(copy, 'src/cli/main.ts'));
  });

  it('fails with the bundler’s message, leaving nothing, when the sources do not build', async () => {
    const file = join(copy, 'src/broken.ts');
    writeFileSync(join(copy, 'src/worker.ts'), "import './broken.ts';\n");
    writeFileSync(file, 'export const = 1;\n');
    await expect(builtCode(copy)).rejects.toThrow(/broken\.ts:1/);
    cpSync(join(ROOT, 'src/worker.ts'), join(copy, 'src/worker.ts'));
    rmSync(file);
  });

  it('is complete without the sources: the command and the workflows’ bundle are in dist/', async () => {
    const folder = await buildDist(copy);
    expect(existsSync(join(folder, 'workflows.cjs'))).toBe(true);
    rmSync(join(copy, 'src'), { recursive: true });
    expect(await version()).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
  }, 120_000);
});
