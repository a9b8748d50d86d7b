import type { RemedyOutcome, RemedyPlan } from '../../domain/remedy.ts';
import { failure, notYet } from '../failures.ts';
import { planDigest } from '../remedy-plan.ts';
import { actOnWorkload, deletePlannedPod } from './acting.ts';
import type { ClusterActivities } from './api.ts';
import type { KubernetesClient } from './client.ts';
import { previewRemedy } from './plans.ts';
import { readRollout } from './rollout.ts';

export function createClusterActivities(client: KubernetesClient): ClusterActivities {
  const workloadRemedy =
    (action: RemedyPlan['action']) =>
    async (plan: RemedyPlan): Promise<RemedyOutcome> => {
      checkPlan(plan, action);
      return actOnWorkload(client, plan);
    };
  return {
    previewClusterRemedies: (input) => Promise.all(input.wishes.map((wish) => previewRemedy(client, input, wish))),
    restartDeployment: workloadRemedy('restart'),
    rollBackDeployment: workloadRemedy('rollback'),
    scaleDeployment: workloadRemedy('scale'),
    async deletePod(plan) {
      checkPlan(plan, 'delete-pod');
      return deletePlannedPod(client, plan);
    },
    async awaitRollout({ plan, pollSeconds }) {
      const state = await readRollout(client, plan);
      if (state.complete || state.failed) return state;
      throw notYet(`Waiting for ${plan.target.name}: ${state.words}.`, pollSeconds);
    },
  };
}

/** A plan is carried out only as it was approved: any other content has another digest (decision 6). */
function checkPlan(plan: RemedyPlan, action: RemedyPlan['action']): void {
  if (plan.action !== action) throw failure('Invalid', `The plan ${plan.key} is a ${plan.action}, not a ${action}.`);
  if (planDigest(plan) === plan.digest) return;
  throw failure(
    'Invalid',
    `The plan ${plan.key} is not what was approved: its digest does not match. Preview it again.`,
  );
}
