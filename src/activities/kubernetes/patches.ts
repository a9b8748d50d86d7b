import type { RemedyPlan } from '../../domain/remedy.ts';
import { failure } from '../failures.ts';
import type { Patch } from './client.ts';
import { marksOf } from './marks.ts';
import { memoryLimitPatch } from './memory-limit.ts';
import { annotationsAfterRollback, RESTARTED_AT_ANNOTATION, restorable } from './revisions.ts';
import type { ReplicaSet, Workload } from './shapes.ts';

/**
 * The one write that carries a plan out: change, marker and claim together, and only if the object is still the version
 * that was read. `sets` are needed for a rollback only.
 */
export function patchFor(plan: RemedyPlan, workload: Workload, sets: readonly ReplicaSet[]): Patch {
  switch (plan.action) {
    case 'rollback':
      return rollbackPatch(plan, workload, sets);
    case 'restart':
      return mergePatch(plan, workload, {
        template: { metadata: { annotations: { [RESTARTED_AT_ANNOTATION]: plan.parameters.restartedAt } } },
      });
    case 'scale':
      return mergePatch(plan, workload, { replicas: plan.parameters.replicas });
    case 'memory-limit':
      return memoryLimitPatch(plan, workload);
    case 'delete-pod':
    case 'replace-pods':
      return mergePatch(plan, workload, null);
    default:
      throw failure('Invalid', `${plan.action} is not a change of a workload.`);
  }
}

function mergePatch(plan: RemedyPlan, workload: Workload, spec: unknown): Patch {
  const metadata = { resourceVersion: workload.metadata.resourceVersion, annotations: marksOf(plan) };
  return { type: 'merge', body: spec === null ? { metadata } : { metadata, spec } };
}

/** A merge could not take away what the bad revision added: the template is replaced as a whole, like kubectl does. */
function rollbackPatch(plan: RemedyPlan, workload: Workload, sets: readonly ReplicaSet[]): Patch {
  const target = sets.find((set) => set.metadata.uid === plan.preconditions.replicaSetUid);
  if (target === undefined) throw failure('Invalid', `The ReplicaSet of revision ${plan.parameters.revision} is gone.`);
  return {
    type: 'json',
    body: [
      { op: 'test', path: '/metadata/resourceVersion', value: workload.metadata.resourceVersion },
      { op: 'replace', path: '/spec/template', value: restorable(target.spec.template) },
      { op: 'add', path: '/metadata/annotations', value: annotationsAfterRollback(workload, target, marksOf(plan)) },
    ],
  };
}
