import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PATCHES, type Patch } from '../../src/workflows/patches.ts';

const WORKFLOWS = resolve(import.meta.dirname, '../../src/workflows');

interface Source {
  readonly file: string;
  readonly text: string;
}

function sources(): readonly Source[] {
  const files = readdirSync(WORKFLOWS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files
    .filter((file) => file !== 'patches.ts')
    .map((file) => ({ file, text: readFileSync(join(WORKFLOWS, file), 'utf8') }));
}

/** What is wrong with the use of patches: an id that is not listed, one that nobody can read, one that nothing uses. */
function problems(files: readonly Source[], patches: Readonly<Record<string, Patch>>): readonly string[] {
  const used = new Set<string>();
  const wrong = files.flatMap(({ file, text }) =>
    [...text.matchAll(/\b(?:patched|deprecatePatch)\(\s*(?:'([^']*)')?/g)].flatMap(([, id]) => {
      if (id === undefined) return [`${file} names a patch otherwise than by a quoted id.`];
      used.add(id);
      return Object.hasOwn(patches, id) ? [] : [`${file} uses the patch ${id}, which patches.ts does not list.`];
    }),
  );
  return [
    ...wrong,
    ...Object.keys(patches)
      .filter((id) => !used.has(id))
      .map((id) => `Nothing uses the patch ${id}.`),
  ];
}

const PATCH: Patch = { since: '2026-01-01', reason: 'a step moved', removeWhen: 'no incident older than it is open' };

describe('patches', () => {
  it('are all listed in one file, and all in use', () => {
    const files = sources();
    expect(files.length).toBeGreaterThan(10);
    expect(problems(files, PATCHES)).toEqual([]);
    for (const patch of Object.values(PATCHES)) expect(patch.since).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it('are noticed when they are not', () => {
    const files = [{ file: 'x.ts', text: "if (patched('a')) go(); patched(name); deprecatePatch('b');" }];
    expect(problems(files, { b: PATCH, c: PATCH })).toEqual([
      'x.ts uses the patch a, which patches.ts does not list.',
      'x.ts names a patch otherwise than by a quoted id.',
      'Nothing uses the patch c.',
    ]);
  });
});
