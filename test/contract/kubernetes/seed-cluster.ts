import { type ClusterSettings, DEFAULT_CLUSTER } from '../../../lab/simulation/systems/kubernetes/settings.ts';
import type { RealCluster } from '../../kubernetes/cluster/cluster.ts';

/** What every pod of noa-mcp has said, on both clusters. */
export const logLines = Array.from({ length: 40 }, (_, i) => `line ${i + 1}: request served`);

/** Puts the company's cluster (the simulator's own settings) onto a real API server, by kubectl as its people would. */
export async function seedCluster(
  cluster: RealCluster,
  logFile: string,
  settings: ClusterSettings = DEFAULT_CLUSTER,
): Promise<void> {
  const { namespace, deployments, statefulSets, configMaps, ingresses = [] } = settings;
  await cluster.kubectl(['create', 'namespace', namespace]);
  await cluster.apply(
    [
      ...statefulSets.map((one) => statefulSet(namespace, one.name, one.image, one.replicas, one.memoryLimitMiB)),
      ...configMaps.map(({ name, data }) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace },
        data,
      })),
      ...ingresses.map(({ name, host, service, port }) => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name, namespace },
        spec: {
          rules: [
            {
              host,
              http: {
                paths: [
                  { path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: port } } } },
                ],
              },
            },
          ],
        },
      })),
      {
        apiVersion: 'kwok.x-k8s.io/v1alpha1',
        kind: 'ClusterExec',
        metadata: { name: 'local' },
        spec: { execs: [{ local: {} }] },
      },
      {
        apiVersion: 'kwok.x-k8s.io/v1alpha1',
        kind: 'ClusterLogs',
        metadata: { name: 'local' },
        spec: { logs: [{ logsFile: logFile }] },
      },
    ]
      .map((one) => JSON.stringify(one))
      .join('\n---\n'),
  );
  // One release after another, each rolled out, so that the history is the controller's own.
  for (const one of deployments) {
    for (const { image, changeCause } of one.history) {
      await cluster.apply(JSON.stringify(deployment(namespace, one, image, changeCause)));
      await cluster.kubectl(['rollout', 'status', `deployment/${one.name}`, '-n', namespace, '--timeout=60s']);
    }
  }
  for (const { name } of statefulSets)
    await cluster.kubectl(['rollout', 'status', `statefulset/${name}`, '-n', namespace, '--timeout=60s']);
}

function deployment(
  namespace: string,
  settings: (typeof DEFAULT_CLUSTER)['deployments'][number],
  image: string,
  changeCause: string | null,
) {
  const { name, replicas, port, memoryLimitMiB, env } = settings;
  const labels = { app: name };
  const annotations = changeCause === null ? {} : { 'kubernetes.io/change-cause': changeCause };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels, annotations },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name,
              image,
              ports: [{ containerPort: port }],
              env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
              resources: {
                limits: { cpu: '1', memory: `${memoryLimitMiB}Mi` },
                requests: { cpu: '250m', memory: '256Mi' },
              },
            },
          ],
        },
      },
    },
  };
}

function statefulSet(namespace: string, name: string, image: string, replicas: number, memoryLimitMiB: number) {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      serviceName: name,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name, image, resources: { limits: { memory: `${memoryLimitMiB}Mi` } } }] },
      },
    },
  };
}
