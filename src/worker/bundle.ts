import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

/**
 * The workflows of this worker: the file that WORKFLOW_BUNDLE names, else the one that `npm run build` has put beside
 * this worker, else bundled now from the sources, which takes two seconds.
 */
export async function workflowsToRun(): Promise<WorkflowBundleOption> {
  const named = process.env.WORKFLOW_BUNDLE;
  if (named !== undefined && named !== '') return { codePath: named };
  const built = resolve(import.meta.dirname, '../workflows.cjs');
  if (existsSync(built)) return { codePath: built };
  const workflows = resolve(import.meta.dirname, '../workflows');
  return bundleWorkflowCode({
    workflowsPath: join(workflows, 'index.ts'),
    workflowInterceptorModules: [join(workflows, 'interceptors.ts')],
  });
}
