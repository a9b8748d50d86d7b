import type { RemedyOutcome, RemedyPlan } from '../../domain/remedy.ts';
import { failure, notYet } from '../failures.ts';
import { planDigest } from '../remedy-plan.ts';
import { actOnWorkload, deletePlannedPod } from './acting.ts';
import type { ClusterActivities } from './api.ts';
import { applyPlannedManifest } from './applying.ts';
import type { KubernetesClient } from './client.ts';
import type { Manifests } from './manifests.ts';
import { previewRemedy } from './plans.ts';
import { replaceNextPod } from './replacing.ts';
import { restoreConfig } from './restoring.ts';
import { readRollout } from './rollout.ts';

/** `manifests` are where the team's own manifests are; null when MANIFESTS_DIR is not set. */
export function createClusterActivities(
  client: KubernetesClient,
  manifests: Manifests | null = null,
): ClusterActivities {
  const workloadRemedy =
    (action: RemedyPlan['action']) =>
    async (plan: RemedyPlan): Promise<RemedyOutcome> => {
      checkPlan(plan, action);
      return actOnWorkload(client, plan);
    };
  const manifestRemedy =
    (action: RemedyPlan['action']) =>
    async (plan: RemedyPlan): Promise<RemedyOutcome> => {
      checkPlan(plan, action);
      return applyPlannedManifest(client, manifests, plan);
    };
  return {
    previewClusterRemedies: (input) =>
      Promise.all(input.requests.map((request) => previewRemedy(client, manifests, input, request))),
    restartDeployment: workloadRemedy('restart'),
    rollBackDeployment: workloadRemedy('rollback'),
    scaleDeployment: workloadRemedy('scale'),
    async deletePod(plan) {
      checkPlan(plan, 'delete-pod');
      return deletePlannedPod(client, plan);
    },
    raiseMemoryLimit: workloadRemedy('memory-limit'),
    async replaceNextPod(plan) {
      checkPlan(plan, 'replace-pods');
      return replaceNextPod(client, plan);
    },
    async restoreConfig(plan) {
      checkPlan(plan, 'restore-config');
      return restoreConfig(client, manifests, plan);
    },
    limitRequests: manifestRemedy('rate-limit'),
    applyCanary: manifestRemedy('canary'),
    promoteRelease: manifestRemedy('promote'),
    async awaitRollout({ plan, pollSeconds }) {
      const state = await readRollout(client, plan);
      if (state.complete || state.failed) return state;
      throw notYet(`Waiting for ${plan.target.name}: ${state.words}.`, pollSeconds);
    },
  };
}

/** A plan is carried out only as it was approved: any other content has another digest (ADR 0012). */
function checkPlan(plan: RemedyPlan, action: RemedyPlan['action']): void {
  if (plan.action !== action) throw failure('Invalid', `The plan ${plan.key} is a ${plan.action}, not a ${action}.`);
  if (planDigest(plan) === plan.digest) return;
  throw failure(
    'Invalid',
    `The plan ${plan.key} is not what was approved: its digest does not match. Preview it again.`,
  );
}
