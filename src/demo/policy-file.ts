import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { loadPolicy, readPolicyFile } from '../config/policy.ts';
import type { Policy } from '../domain/policy.ts';
import { writePrivately } from './places.ts';

/** The team's policy with the console's address of this run, so that messages link to where it really is. */
export async function writeDemoPolicy(
  source: string,
  folder: string,
  consoleUrl: string,
): Promise<{ readonly file: string; readonly policy: Policy }> {
  const document = parseDocument(await readPolicyFile(source));
  if (document.getIn(['communication', 'consoleUrl']) === null)
    document.setIn(['communication', 'consoleUrl'], consoleUrl);
  const file = join(folder, 'policy.yaml');
  writePrivately(file, document.toString({ lineWidth: 0 }));
  return { file, policy: await loadPolicy(file) };
}
