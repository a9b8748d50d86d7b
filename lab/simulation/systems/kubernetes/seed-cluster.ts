import type { ClusterContext } from './context.ts';
import type { DeploymentController } from './deployment-controller.ts';
import type { Kubelet } from './kubelet.ts';
import type { Deployment, PodTemplate } from './objects.ts';
import { CHANGE_CAUSE_ANNOTATION, kubernetesTime, POD_NAME_LABEL } from './objects.ts';
import type {
  ClusterSettings,
  DeploymentSettings,
  IngressSettings,
  NodeSettings,
  StatefulSetSettings,
} from './settings.ts';
import type { StatefulSetController } from './stateful-set-controller.ts';

interface Controllers {
  readonly context: ClusterContext;
  readonly kubelet: Kubelet;
  readonly deployments: DeploymentController;
  readonly statefulSets: StatefulSetController;
}

/** Puts everything that a healthy cluster has had for days into the store. */
export function seedCluster(cluster: Controllers, settings: ClusterSettings, startMs: number): void {
  const { store } = cluster.context;
  const longAgoMs = startMs - 90 * 86_400_000;
  store.create<'Namespace'>(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: settings.namespace }, status: { phase: 'Active' } },
    longAgoMs,
  );
  for (const node of settings.nodes) addNode(cluster, node, longAgoMs);
  for (const one of settings.deployments) addDeployment(cluster, settings.namespace, one, startMs);
  for (const one of settings.statefulSets) addStatefulSet(cluster, settings.namespace, one, startMs);
  for (const one of settings.ingresses ?? []) addIngress(cluster, settings.namespace, one, startMs);
  for (const { name, data, ageMs } of settings.configMaps) {
    store.create<'ConfigMap'>(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name,
          namespace: settings.namespace,
          annotations: {
            [LAST_APPLIED_ANNOTATION]: `${JSON.stringify({ apiVersion: 'v1', data, kind: 'ConfigMap', metadata: { annotations: {}, name, namespace: settings.namespace } })}\n`,
          },
          managedFields: [managedBy('kubectl-client-side-apply', startMs - ageMs)],
        },
        data: { ...data },
      },
      startMs - ageMs,
    );
  }
}

/** `kubectl apply` keeps here what was applied; `kubectl edit` leaves it alone. */
const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

function addIngress({ context }: Controllers, namespace: string, settings: IngressSettings, startMs: number): void {
  const { name, host, service, port, ageMs } = settings;
  const backend = { service: { name: service, port: { number: port } } };
  context.store.create<'Ingress'>(
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name, namespace, generation: 1, annotations: {} },
      spec: { rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
    },
    startMs - ageMs,
  );
}

export function managedBy(manager: string, atMs: number) {
  return {
    manager,
    operation: 'Update' as const,
    apiVersion: 'v1',
    time: kubernetesTime(atMs),
    fieldsType: 'FieldsV1' as const,
    fieldsV1: { 'f:data': {} },
  };
}

function addNode({ context }: Controllers, node: NodeSettings, atMs: number): void {
  const quantities = { cpu: `${node.cpuMillicores}m`, memory: `${node.memoryMiB}Mi`, pods: '110' };
  const time = kubernetesTime(atMs);
  const condition = (type: string, status: 'True' | 'False', reason: string) => ({
    type,
    status,
    reason,
    lastTransitionTime: time,
  });
  context.store.create<'Node'>(
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: node.name,
        labels: { 'kubernetes.io/hostname': node.name, 'topology.kubernetes.io/zone': node.zone },
      },
      spec: {},
      status: {
        capacity: quantities,
        allocatable: quantities,
        conditions: [
          condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
          condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
          condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
          condition('Ready', 'True', 'KubeletReady'),
        ],
        nodeInfo: { kubeletVersion: 'v1.34.4', osImage: 'Debian GNU/Linux 12 (bookworm)', architecture: 'amd64' },
        addresses: [{ type: 'Hostname', address: node.name }],
      },
    },
    atMs,
  );
}

/** Each revision is adopted in its order, so that the history is made by the same controller that will go on with it. */
function addDeployment(cluster: Controllers, namespace: string, settings: DeploymentSettings, startMs: number): void {
  const { context, deployments, kubelet } = cluster;
  const { name } = settings;
  const first = settings.history[0];
  if (first === undefined) throw new Error(`The deployment ${name} needs at least one revision in its history.`);
  const labels = { app: name };
  const created = context.store.create<'Deployment'>(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, generation: 0, labels, annotations: {} },
      spec: {
        replicas: settings.replicas,
        selector: { matchLabels: labels },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        progressDeadlineSeconds: 600,
        revisionHistoryLimit: 10,
        template: templateOf(name, settings.port, settings.memoryLimitMiB, first.image, settings),
      },
      status: {},
    },
    startMs - first.ageMs,
  );
  for (const { image, changeCause, ageMs } of settings.history) {
    const read = () => context.store.get('Deployment', namespace, name) ?? created;
    context.store.update<'Deployment'>(read(), (copy) => {
      copy.spec.template = templateOf(name, settings.port, settings.memoryLimitMiB, image, settings);
      copy.metadata.generation = (copy.metadata.generation ?? 0) + 1;
      if (changeCause !== null)
        copy.metadata.annotations = { ...copy.metadata.annotations, [CHANGE_CAUSE_ANNOTATION]: changeCause };
    });
    deployments.adopt(read(), startMs - ageMs);
  }
  startPods(
    context.store.get('Deployment', namespace, name) ?? created,
    cluster,
    kubelet,
    startMs - (settings.history.at(-1)?.ageMs ?? 0),
  );
  addService(cluster, namespace, name, settings.port, startMs - first.ageMs);
}

function startPods(
  deployment: Deployment,
  { context, deployments }: Controllers,
  kubelet: Kubelet,
  atMs: number,
): void {
  const live = deployments.replicaSets(deployment).at(-1);
  if (live === undefined) return;
  const scaled = context.store.update<'ReplicaSet'>(live, (copy) => {
    copy.spec.replicas = deployment.spec.replicas;
  });
  for (let i = 0; i < deployment.spec.replicas; i += 1) {
    const name = `${scaled.metadata.name}-${context.suffix(scaled.metadata.name, 5)}`;
    kubelet.create(
      { name, controlledBy: scaled, owner: deployment.metadata.name, template: scaled.spec.template },
      atMs,
      true,
    );
  }
}

function addStatefulSet(cluster: Controllers, namespace: string, settings: StatefulSetSettings, startMs: number): void {
  const labels = { app: settings.name };
  cluster.context.store.create<'StatefulSet'>(
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: settings.name, namespace, generation: 1, labels },
      spec: {
        replicas: settings.replicas,
        serviceName: settings.name,
        selector: { matchLabels: labels },
        updateStrategy: { type: 'RollingUpdate' },
        template: templateOf(settings.name, settings.port, settings.memoryLimitMiB, settings.image, null),
      },
      status: { replicas: 0 },
    },
    startMs - settings.ageMs,
  );
  cluster.statefulSets.reconcile(startMs - settings.ageMs, true);
  // Of several databases one takes the writes, and the Service names it.
  const primary: Record<string, string> = settings.replicas > 1 ? { [POD_NAME_LABEL]: `${settings.name}-0` } : {};
  addService(cluster, namespace, settings.name, settings.port, startMs - settings.ageMs, primary);
}

function addService(
  { context }: Controllers,
  namespace: string,
  name: string,
  port: number,
  atMs: number,
  selects: Readonly<Record<string, string>> = {},
): void {
  context.store.create<'Service'>(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, labels: { app: name } },
      spec: { selector: { app: name, ...selects }, ports: [{ name: 'http', port, targetPort: port }] },
    },
    atMs,
  );
}

function templateOf(
  name: string,
  port: number,
  memoryLimitMiB: number,
  image: string,
  deployment: DeploymentSettings | null,
): PodTemplate {
  const cpu = deployment === null ? '1000m' : `${deployment.cpuLimitMillicores}m`;
  return {
    metadata: { labels: { app: name } },
    spec: {
      containers: [
        {
          name,
          image,
          ports: [{ containerPort: port }],
          env: Object.entries(deployment?.env ?? {}).map(([key, value]) => ({ name: key, value })),
          resources: {
            limits: { cpu, memory: memoryLimitMiB % 1024 === 0 ? `${memoryLimitMiB / 1024}Gi` : `${memoryLimitMiB}Mi` },
            requests: { cpu: '250m', memory: `${Math.round(memoryLimitMiB / 2)}Mi` },
          },
        },
      ],
      restartPolicy: 'Always',
    },
  };
}
