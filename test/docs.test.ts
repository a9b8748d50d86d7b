import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDrill } from '../lab/rehearsal/drill-file.ts';
import { FAULT_SCHEMAS } from '../lab/rehearsal/fault-schemas.ts';

const ROOT = resolve(import.meta.dirname, '..');
const text = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...['docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).flatMap((name) => (name.endsWith('.md') ? `${folder}/${name}` : [])),
  ),
];

function deadLinks(page: string, content: string): readonly string[] {
  return [...content.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(page), target)))
    .map((target) => `${page}: ${target}`);
}

describe('the documentation', () => {
  it('links to what is there', () => {
    expect(pages.flatMap((page) => deadLinks(page, text(page)))).toEqual([]);
    expect(deadLinks('README.md', '[x](docs/not-there.md)')).toEqual(['README.md: docs/not-there.md']);
  });

  it('shows a drill that the format accepts', () => {
    const shown = /```yaml\n([\s\S]*?)```/.exec(text('docs/writing-a-drill.md'))?.[1] ?? '';
    expect(parseDrill(shown.replaceAll(/^ {3}/gm, ''), 'shown.yaml').name).toBe('cache-goes-away');
  });

  it('has a row for every kind of fault', () => {
    const table = text('docs/drills.md');
    expect(Object.keys(FAULT_SCHEMAS).filter((kind) => !table.includes(`\`${kind}\``))).toEqual([]);
  });

  it('lists every decision', () => {
    const list = text('docs/decisions/README.md');
    const files = readdirSync(join(ROOT, 'docs/decisions')).filter((name) => /^\d/.test(name));
    expect(files.filter((name) => !list.includes(`(${name})`))).toEqual([]);
    expect(new Set(files.map((name) => name.slice(0, 4))).size).toBe(files.length);
  });
});
