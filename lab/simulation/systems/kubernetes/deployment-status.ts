import type { Condition, Deployment, DeploymentStatus } from './objects.ts';
import { kubernetesTime } from './objects.ts';

export type RolloutProgress = 'complete' | 'going' | 'failed';

/** What `kubectl rollout status` goes by. */
export function deploymentStatus(
  deployment: Deployment,
  { all, updated, ready }: { readonly all: number; readonly updated: number; readonly ready: number },
  available: boolean,
  progress: RolloutProgress,
  currentName: string,
  atMs: number,
): DeploymentStatus {
  const unavailable = Math.max(0, Math.max(deployment.spec.replicas, all) - ready);
  const conditions = [
    conditionOf(
      deployment,
      'Available',
      available,
      available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      available ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
      atMs,
    ),
    progress === 'failed'
      ? conditionOf(
          deployment,
          'Progressing',
          false,
          'ProgressDeadlineExceeded',
          `ReplicaSet "${currentName}" has timed out progressing.`,
          atMs,
        )
      : progress === 'complete'
        ? conditionOf(
            deployment,
            'Progressing',
            true,
            'NewReplicaSetAvailable',
            `ReplicaSet "${currentName}" has successfully progressed.`,
            atMs,
          )
        : conditionOf(
            deployment,
            'Progressing',
            true,
            'ReplicaSetUpdated',
            `ReplicaSet "${currentName}" is progressing.`,
            atMs,
          ),
  ];
  return {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    replicas: all,
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: ready,
    ...(unavailable > 0 ? { unavailableReplicas: unavailable } : {}),
    conditions,
  };
}

function conditionOf(
  deployment: Deployment,
  type: string,
  yes: boolean,
  reason: string,
  message: string,
  atMs: number,
): Condition {
  const old = deployment.status.conditions?.find((one) => one.type === type);
  const status = yes ? 'True' : 'False';
  const time = kubernetesTime(atMs);
  const same = old?.status === status && old.reason === reason && old.message === message;
  return {
    type,
    status,
    reason,
    message,
    lastUpdateTime: same ? (old.lastUpdateTime ?? time) : time,
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : time,
  };
}
