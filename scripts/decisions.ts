import { readdir, writeFile } from 'node:fs/promises';

/**
 * Writes what follows from the files of src/domain/decisions: the catalogue that names them all, and then the page of
 * the documentation. A test fails when either is older than the files.
 */
const folder = new URL('../src/domain/decisions/', import.meta.url);
export const CATALOGUE = 'catalogue.ts';

export function catalogueText(files: readonly string[]): string {
  const names = files
    .filter((file) => file.endsWith('.ts') && file !== CATALOGUE)
    .map((file) => file.replace(/\.ts$/, ''))
    .sort();
  const constant = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return `// Written by scripts/decisions.ts from the files beside it; do not edit.
${names.map((name) => `import { ${constant(name)} } from './${name}.ts';`).join('\n')}

export const DECISIONS = [
${names.map((name) => `  ${constant(name)},`).join('\n')}
] as const;
`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await writeFile(new URL(CATALOGUE, folder), catalogueText(await readdir(folder)));
  console.log(`wrote ${new URL(CATALOGUE, folder).pathname}`);
}
