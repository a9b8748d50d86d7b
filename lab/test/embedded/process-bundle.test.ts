import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processBundle } from '../../embedded/process-bundle.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-bundle-'));
  mkdirSync(join(folder, 'src/inner'), { recursive: true });
  writeFileSync(join(folder, 'src/inner/greeting.txt'), 'from beside it');
  writeFileSync(
    join(folder, 'src/inner/greeting.ts'),
    "import { readFileSync } from 'node:fs';\nexport const greeting: string = readFileSync(import.meta.dirname + '/greeting.txt', 'utf8');\n",
  );
  writeFileSync(
    join(folder, 'src/main.ts'),
    "import { greeting } from './inner/greeting.ts';\nconsole.log(greeting);\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('processBundle', () => {
  it('runs as its sources would, finds files beside them, and is built again only when they change', async () => {
    const sources = join(folder, 'src');
    const options = { entry: join(sources, 'main.ts'), sources, cacheDir: join(folder, 'cache') };
    const [first, second] = await Promise.all([processBundle(options), processBundle(options)]);
    expect(second).toBe(first);
    expect((await promisify(execFile)(process.execPath, [first])).stdout).toBe('from beside it\n');
    writeFileSync(join(sources, 'main.ts'), "console.log('changed');\n");
    const third = await processBundle(options);
    expect(third).not.toBe(first);
    expect((await promisify(execFile)(process.execPath, [third])).stdout).toBe('changed\n');
  });
});
