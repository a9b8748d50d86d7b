import { join, resolve } from 'node:path';
import { workflowBundle } from '../embedded/workflow-bundle.ts';

/** The workflow bundle: a prebuilt one where WORKFLOW_BUNDLE names it (images), else built once and kept in `.cache`. */
export async function bundlePath(log: (line: string) => void): Promise<string> {
  const prebuilt = process.env.WORKFLOW_BUNDLE;
  if (prebuilt !== undefined && prebuilt !== '') return prebuilt;
  const root = resolve(import.meta.dirname, '../..');
  return workflowBundle({ entry: join(root, 'src/workflows/index.ts'), cacheDir: join(root, '.cache'), log });
}
