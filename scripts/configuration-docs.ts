import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { configurationPage } from './configuration-page.ts';

/** Writes docs/configuration.md; a test fails when the file is older than the schemas or than policy/noa.yaml. */
const file = new URL('../docs/configuration.md', import.meta.url);
const policy: unknown = parse(await readFile(new URL('../policy/noa.yaml', import.meta.url), 'utf8'));
await writeFile(file, configurationPage(policy));
console.log(`wrote ${file.pathname}`);
