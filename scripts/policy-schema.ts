import { writeFile } from 'node:fs/promises';
import { policyJsonSchema } from '../src/config/policy.ts';

/** Writes docs/policy.schema.json; a test fails when the file is older than the schema. */
const file = new URL('../docs/policy.schema.json', import.meta.url);
await writeFile(file, `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
console.log(`wrote ${file.pathname}`);
