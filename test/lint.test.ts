import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** Our settings of the linters, held against small trees that break one rule each. */
const root = resolve(import.meta.dirname, '..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lint-'));
  for (const settings of ['biome.json', 'knip.json']) copyFileSync(join(root, settings), join(folder, settings));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function said(program: 'biome' | 'knip', args: readonly string[], files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', program), args, {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, words: `${stdout}${stderr}` };
}

it('refuses files that import each other, if only for a type', () => {
  const files = {
    'src/a.ts': "import type { B } from './b.ts';\nexport type A = B | null;\n",
    'src/b.ts': "import type { A } from './a.ts';\nexport type B = readonly A[];\n",
  };
  const { status, words } = said('biome', ['lint', 'src'], files);
  expect(words).toContain('noImportCycles');
  expect(status).toBe(1);
});

it('refuses a promise that nobody waits for, in TypeScript and in the scripts of pages', () => {
  const floating = 'async function act() {}\nexport function press() {\n  act();\n}\n';
  const { status, words } = said('biome', ['lint', 'src'], {
    'src/a.ts': floating,
    'src/console/public/b.js': floating,
  });
  expect(words.match(/lint\/nursery\/noFloatingPromises/g)).toHaveLength(2);
  expect(status).toBe(1);
});

it('finds an export that nobody uses, and lets be what its own file uses', () => {
  const { status, words } = said('knip', ['--no-progress'], {
    'package.json': '{ "name": "tree", "type": "module", "workspaces": ["lab"] }',
    'lab/package.json': '{ "name": "lab", "type": "module" }',
    'src/worker.ts': "import { used } from './parts.ts';\nused();\n",
    'src/parts.ts': 'export const here = 1;\nexport const dead = 2;\nexport const used = () => here;\n',
  });
  expect(words).toMatch(/^dead\s+src\/parts\.ts/m);
  expect(words).not.toMatch(/^(here|used)\s/m);
  expect(status).toBe(1);
});
