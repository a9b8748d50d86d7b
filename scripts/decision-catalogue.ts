export const CATALOGUE = 'catalogue.ts';

/** The file that names every file of src/domain/decisions; each exports its decision under its own name. */
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
