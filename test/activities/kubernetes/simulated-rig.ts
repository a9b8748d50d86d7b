import { join, resolve } from 'node:path';
import { createKubernetes } from '../../../lab/simulation/systems/kubernetes/kubernetes.ts';
import { DEFAULT_CLUSTER } from '../../../lab/simulation/systems/kubernetes/settings.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { StillWorld } from '../../../lab/test/simulation/systems/still-world.ts';
import { createClusterActivities } from '../../../src/activities/kubernetes/activities.ts';
import { createKubernetesClient } from '../../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../../src/activities/kubernetes/connection.ts';
import { createManifests } from '../../../src/activities/kubernetes/manifests.ts';
import type { RemedyPlan, RemedyPreview, RemedyRequest } from '../../../src/domain/remedy.ts';

export const NAMESPACE = 'noa-server';
export const MANIFESTS = join(resolve(import.meta.dirname, '../../..'), 'lab/simulation/manifests');
const START_MS = Date.parse('2026-03-03T09:00:00Z');

/** The simulated cluster behind its real server, and our activities as the worker wires them. */
export async function openSimulated() {
  const world = new StillWorld(START_MS);
  const faults = new WireFaults();
  const kubernetes = createKubernetes({
    clock: () => world.nowMs,
    faults,
    log: new WireLedger(),
    settings: DEFAULT_CLUSTER,
    seed: 7,
    startMs: START_MS,
    token: 'cluster-token',
  });
  kubernetes.connect({ world, providers: ['claude', 'openai'] });
  const { url } = await kubernetes.listen();
  const connection = connectToKubernetes({ apiUrl: url, token: 'cluster-token', timeoutMilliseconds: 2000 });
  const connect = () =>
    createKubernetesClient(connectToKubernetes({ apiUrl: url, token: 'cluster-token', timeoutMilliseconds: 2000 }));
  const client = connect();
  const activities = createClusterActivities(client, createManifests({ directory: MANIFESTS }));
  const at = () => new Date(world.nowMs).toISOString();
  const preview = async (one: RemedyRequest, keyPrefix = 'incident-a/step-1', incidentId = 'incident-a') => {
    const [answer] = await activities.previewClusterRemedies({ incidentId, keyPrefix, requests: [one], at: at() });
    return answer as RemedyPreview;
  };
  return {
    world,
    faults,
    kubernetes,
    client,
    /** Somebody else writes, by a merge patch as kubectl annotate does. */
    async annotatedBySomebody(path: string, annotations: Readonly<Record<string, string>>): Promise<void> {
      const { status } = await connection.send({
        method: 'PATCH',
        path,
        contentType: 'application/merge-patch+json',
        query: { fieldManager: 'kubectl-annotate' },
        body: { metadata: { annotations } },
      });
      if (status !== 200) throw new Error(`the cluster answered ${status}`);
    },
    activities,
    /** A second worker's activities, with a client of its own. */
    otherWorker: () => createClusterActivities(connect(), createManifests({ directory: MANIFESTS })),
    preview,
    async planFor(one: RemedyRequest, keyPrefix?: string, incidentId?: string): Promise<RemedyPlan> {
      const answer = await preview(one, keyPrefix, incidentId);
      if (answer.kind !== 'plan') throw new Error(answer.reason);
      return answer.plan;
    },
    async whyNot(one: RemedyRequest, keyPrefix?: string, incidentId?: string): Promise<string> {
      const answer = await preview(one, keyPrefix, incidentId);
      return answer.kind === 'impossible' ? answer.reason : 'it is possible';
    },
    advance(seconds: number): void {
      world.nowMs += seconds * 1000;
      kubernetes.cluster.advanceTo(world.nowMs);
    },
    effects: () => kubernetes.actions.flatMap((action) => action.effects.map((effect) => effect.kind)),
  };
}

export type Simulated = Awaited<ReturnType<typeof openSimulated>>;

export function request(
  action: RemedyRequest['action'],
  kind: RemedyRequest['target']['kind'],
  name: string,
  parameters: RemedyRequest['parameters'] = {},
): RemedyRequest {
  return { action, target: { kind, namespace: NAMESPACE, name }, parameters };
}

/** As leasing.ts asks to go back: the values of before, and the word that it is a way back. */
export function requestBack(plan: RemedyPlan): RemedyRequest {
  const before = Object.entries(plan.before).filter((entry): entry is [string, string | number] => entry[1] !== null);
  return { action: plan.action, target: plan.target, parameters: { ...Object.fromEntries(before), revert: 1 } };
}
