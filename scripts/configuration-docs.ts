import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { configurationPage } from './configuration-page.ts';
import { composeFile, exampleEnv } from './deploy-files.ts';

/** Writes everything that is said of the settings; tests fail when a file is older than the settings or policy/noa.yaml. */
const root = new URL('../', import.meta.url);

async function renew(path: string, write: (written: string) => string): Promise<void> {
  const file = new URL(path, root);
  await writeFile(file, write(await readFile(file, 'utf8')));
  console.log(`wrote ${file.pathname}`);
}

const policy: unknown = parse(await readFile(new URL('policy/noa.yaml', root), 'utf8'));
await renew('docs/configuration.md', () => configurationPage(policy));
await renew('deploy/example.env', exampleEnv);
await renew('docker-compose.yml', composeFile);
