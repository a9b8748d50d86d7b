import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { loadPolicy, readPolicyFile } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { writePrivately } from './places.ts';

/** A laptop that runs a whole production beside the product answers later than production does. */
const PROBE_DEADLINE_SECONDS = 8;

/** The team's policy with the console's address of this run, so that messages link to where it really is. */
export async function writeDemoPolicy(
  source: string,
  folder: string,
  consoleUrl: string,
): Promise<{ readonly file: string; readonly policy: Policy }> {
  const document = parseDocument(await readPolicyFile(source));
  document.setIn(['evidence', 'probeDeadlineSeconds'], PROBE_DEADLINE_SECONDS);
  if (document.getIn(['communication', 'consoleUrl']) === null)
    document.setIn(['communication', 'consoleUrl'], consoleUrl);
  const file = join(folder, 'policy.yaml');
  writePrivately(file, document.toString({ lineWidth: 0 }));
  return { file, policy: await loadPolicy(file) };
}
