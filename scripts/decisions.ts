import { readdir, writeFile } from 'node:fs/promises';
import { CATALOGUE, catalogueText } from './decision-catalogue.ts';

/**
 * Writes what follows from the files of src/domain/decisions: the catalogue that names them all, and then the page of
 * the documentation. A test fails when either is older than the files.
 */
const folder = new URL('../src/domain/decisions/', import.meta.url);
const page = new URL('../docs/what-people-decide.md', import.meta.url);
await writeFile(new URL(CATALOGUE, folder), catalogueText(await readdir(folder)));
const { decisionsPage } = await import('./decisions-page.ts');
await writeFile(page, decisionsPage());
console.log('wrote src/domain/decisions/catalogue.ts and docs/what-people-decide.md');
