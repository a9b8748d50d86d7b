import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const LINES_LIMIT = 400;
const root = resolve(import.meta.dirname, '..');

const isCode = (path: string) => /\.(ts|css)$/.test(path) && !/(^|\/)(node_modules|dist)\//.test(path);
const linesOf = (path: string) => readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length;
const tooLong = (paths: readonly string[], lines: (path: string) => number) =>
  paths.filter((path) => isCode(path) && lines(path) > LINES_LIMIT).map((path) => `${path}: ${lines(path)} lines`);

it('no file of TypeScript or CSS is longer than 400 lines: it would hold more than one thing', () => {
  const paths = ['src', 'lab', 'test', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  expect(paths.filter(isCode).length).toBeGreaterThan(1_000);
  expect(tooLong(paths, linesOf)).toEqual([]);
});

it('a file of 401 lines is noticed, one of 400 is not', () => {
  expect(tooLong(['src/a.ts', 'test/b.css', 'src/c.md', 'lab/node_modules/d.ts'], () => 401)).toEqual([
    'src/a.ts: 401 lines',
    'test/b.css: 401 lines',
  ]);
  expect(tooLong(['src/a.ts'], () => LINES_LIMIT)).toEqual([]);
});
