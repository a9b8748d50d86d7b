import { createClusterActivities } from '../../../src/activities/kubernetes/activities.ts';
import type { PreviewInput } from '../../../src/activities/kubernetes/api.ts';
import { createKubernetesClient } from '../../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../../src/activities/kubernetes/connection.ts';
import type { RemedyPlan, RemedyRequest } from '../../../src/domain/remedy.ts';
import { FakeCluster, type FakeObject } from './fake-cluster.ts';

export const NS = '/api/v1/namespaces/shop';
export const APPS = '/apis/apps/v1/namespaces/shop';
export const WEB = `${APPS}/deployments/web`;

const template = (image: string, annotations: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  metadata: { labels: { app: 'web', ...labels }, annotations },
  spec: { containers: [{ name: 'web', image, resources: { limits: { memory: '1Gi' } } }], futureField: { kept: true } },
});

/** One deployment at revision 3, which is a restart of the bad revision 2; a StatefulSet and two pods. */
export function furnished(): FakeCluster {
  const cluster = new FakeCluster();
  cluster.put(WEB, {
    kind: 'Deployment',
    metadata: {
      name: 'web',
      uid: 'uid-web',
      resourceVersion: '10',
      generation: 3,
      labels: { app: 'web' },
      annotations: { 'deployment.kubernetes.io/revision': '3', 'kubernetes.io/change-cause': 'feature X' },
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: template('web:2', { 'kubectl.kubernetes.io/restartedAt': 'earlier' }),
    },
    status: {
      observedGeneration: 3,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      conditions: [],
    },
  });
  revision(cluster, 1, template('web:1', {}, { 'pod-template-hash': 'h1' }), 'calm', '2024-10-22T09:00:00Z');
  revision(cluster, 2, template('web:2', {}, { 'pod-template-hash': 'h2' }), 'feature X', '2024-10-23T14:15:00Z');
  revision(
    cluster,
    3,
    template('web:2', { 'kubectl.kubernetes.io/restartedAt': 'earlier' }, { 'pod-template-hash': 'h3' }),
    'feature X',
    '2024-10-23T14:40:00Z',
  );
  cluster.put(`${APPS}/statefulsets/db`, {
    kind: 'StatefulSet',
    metadata: { name: 'db', uid: 'uid-db', resourceVersion: '20', generation: 1, annotations: {} },
    spec: { replicas: 1, selector: { matchLabels: { app: 'db' } }, template: template('postgres:16') },
    status: {
      observedGeneration: 1,
      replicas: 1,
      readyReplicas: 1,
      updatedReplicas: 1,
      currentRevision: 'a',
      updateRevision: 'a',
    },
  });
  cluster.put(`${NS}/pods/db-0`, pod('db-0', 'uid-db-0', { kind: 'StatefulSet', name: 'db', uid: 'uid-db' }));
  cluster.put(`${NS}/pods/web-1`, pod('web-1', 'uid-web-1', { kind: 'ReplicaSet', name: 'web-3', uid: 'uid-rs-3' }));
  return cluster;
}

export function pod(
  name: string,
  uid: string,
  owner: { kind: string; name: string; uid: string },
  more: Record<string, unknown> = {},
): FakeObject {
  return {
    kind: 'Pod',
    metadata: {
      name,
      uid,
      resourceVersion: '1',
      annotations: {},
      labels: { app: owner.name.replace(/-\d$/, '') },
      creationTimestamp: '2024-10-23T14:40:00Z',
      ownerReferences: [{ ...owner, controller: true }],
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', resources: { limits: { memory: '1Gi' } } }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'main', ready: true, restartCount: 0 }],
      ...more,
    },
  };
}

function revision(cluster: FakeCluster, number: number, content: unknown, change: string, createdAt: string): void {
  cluster.put(`${APPS}/replicasets/web-${number}`, {
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${number}`,
      uid: `uid-rs-${number}`,
      resourceVersion: '1',
      creationTimestamp: createdAt,
      labels: { app: 'web' },
      annotations: {
        'deployment.kubernetes.io/revision': String(number),
        'kubernetes.io/change-cause': change,
        'incident-runbook/last-action': 'of another day',
      },
      ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'uid-web', controller: true }],
    },
    spec: { template: content },
  });
}

export function clientOf(url: string, timeoutMilliseconds = 2000) {
  return createKubernetesClient(connectToKubernetes({ apiUrl: url, token: 'secret-token', timeoutMilliseconds }));
}

export function activitiesOf(url: string, timeoutMilliseconds?: number) {
  return createClusterActivities(clientOf(url, timeoutMilliseconds));
}

export const AT = '2024-10-23T14:45:00.000Z';

export function request(
  action: RemedyRequest['action'],
  kind: RemedyRequest['target']['kind'],
  name: string,
  parameters: RemedyRequest['parameters'] = {},
): RemedyRequest {
  return { action, target: { kind, namespace: 'shop', name }, parameters };
}

export function preview(requests: readonly RemedyRequest[], more: Partial<PreviewInput> = {}): PreviewInput {
  return { incidentId: 'incident-a', keyPrefix: 'incident-a/step-1', requests, at: AT, ...more };
}

/** the plan of one request; fails the test with the reason when there is none. */
export async function planFor(url: string, one: RemedyRequest, more: Partial<PreviewInput> = {}): Promise<RemedyPlan> {
  const [answer] = await activitiesOf(url).previewClusterRemedies(preview([one], more));
  if (answer?.kind !== 'plan') throw new Error(`no plan: ${answer?.reason}`);
  return answer.plan;
}
