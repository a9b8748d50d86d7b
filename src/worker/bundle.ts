import { join, resolve } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

/** The workflows of this worker: a built file where WORKFLOW_BUNDLE names it, else bundled now from the sources. */
export async function workflowsToRun(): Promise<WorkflowBundleOption> {
  const built = process.env.WORKFLOW_BUNDLE;
  if (built !== undefined && built !== '') return { codePath: built };
  const workflows = resolve(import.meta.dirname, '../workflows');
  return bundleWorkflowCode({
    workflowsPath: join(workflows, 'index.ts'),
    workflowInterceptorModules: [join(workflows, 'interceptors.ts')],
  });
}
