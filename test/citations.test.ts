import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

// Comments, tests and docs cite the runbook's duties (R3.2.4) and decision records (ADR 0012): each can be looked up.

const ROOT = resolve(import.meta.dirname, '..');
const FOLDERS = ['src', 'lab', 'test', 'scripts', 'docs', 'drills', 'policy', 'deploy', '.github'];
const READ = /\.(ts|mjs|js|css|sql|ya?ml|md)$/;
const DUTY = /(?<![\w.-])R\d(?:\.\d+[a-z]?)*\b/g;
const RECORD = /\bADR (\d{4})\b/g;
/** Numbers that stand for a record but do not say so; the old way of citing. */
const UNNAMED = /\((?:design, )?(?:decision|finding) \d+/g;

const duties = new Set([
  ...[...page('docs/runbook-rows.md').matchAll(/^\| (R[\d.]+[a-z]?) \|/gm)].map(([, row]) => row ?? ''),
  ...[...page('docs/runbook-rows.md').matchAll(/^## (R\d) /gm)].map(([, group]) => group ?? ''),
]);
const records = new Set(readdirSync(join(ROOT, 'docs/decisions')).flatMap((name) => /^(\d{4})-/.exec(name)?.[1] ?? []));

function page(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function files(): readonly string[] {
  const own = relative(ROOT, import.meta.filename);
  return [
    ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
    ...FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    ),
  ].filter((path) => READ.test(path) && !path.includes('node_modules') && path !== own);
}

function unknown(text: string): readonly string[] {
  return [
    ...[...text.matchAll(DUTY)].map(([row]) => row).filter((row) => !duties.has(row)),
    ...[...text.matchAll(RECORD)].filter(([, id]) => !records.has(id ?? '')).map(([cited]) => cited),
    ...[...text.matchAll(UNNAMED)].map(([cited]) => cited),
  ];
}

describe('what is cited', () => {
  it('is there to be looked up', () => {
    const cited = files().flatMap((path) => unknown(page(path)).map((what) => `${path}: ${what}`));
    expect(cited).toEqual([]);
  });

  it('is noticed when it is not', () => {
    expect(unknown('R3.2.4, R0.4b and R9 (ADR 0012)')).toEqual([]);
    expect(unknown('R3.2.9, ADR 0999, (decision 6)')).toEqual(['R3.2.9', 'ADR 0999', '(decision 6']);
    expect(duties.size).toBeGreaterThan(90);
  });
});
