import type { RemedyPlan, RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import { failure } from '../failures.ts';
import { type PlanBody, sealPlan } from '../remedy-plan.ts';
import type { PreviewInput } from './api.ts';
import type { KubernetesClient, Written } from './client.ts';
import type { Workload } from './shapes.ts';

/** What a planner answers: the plan's own part, or a sentence why not. */
export type Planned = Omit<PlanBody, 'key' | 'action' | 'target' | 'plannedAt'> | string;
export type Planner = (
  client: KubernetesClient,
  input: PreviewInput,
  request: RemedyRequest,
  workload: Workload,
) => Promise<Planned>;

export function seal(input: PreviewInput, request: RemedyRequest, planned: Exclude<Planned, string>): RemedyPlan {
  const key = `${input.keyPrefix}/${request.action}/${request.target.name}`;
  return sealPlan({ key, action: request.action, target: request.target, plannedAt: input.at, ...planned });
}

export function rehearsed(request: RemedyRequest, plan: RemedyPlan, answer: Written): RemedyPreview {
  if (answer.kind === 'written') return { kind: 'plan', plan };
  // A lost race says nothing about the plan: the next attempt reads the newer object and plans again.
  if (answer.kind === 'conflict' && /the object has been modified|testing.*resourceVersion/i.test(answer.message)) {
    throw failure('Unavailable', `${plan.target.name} changed while the plan was made: ${answer.message}`);
  }
  return impossible(request, `The cluster would not accept it: ${answer.message}`);
}

export function impossible(request: RemedyRequest, reason: string): RemedyPreview {
  return { kind: 'impossible', request, reason };
}

export function preconditionsOf(input: PreviewInput, workload: Workload): Record<string, string> {
  return { uid: workload.metadata.uid, claimFor: input.incidentId };
}

export function countPods(workload: Workload): string {
  return workload.spec.replicas === 1 ? '1 pod' : `${workload.spec.replicas} pods`;
}
