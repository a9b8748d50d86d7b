// The few Kubernetes objects that the simulated cluster has, with the fields that its controllers and readers touch.
// What a client writes beside them is kept as it came.

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion: boolean;
}

export interface ManagedField {
  readonly manager: string;
  readonly operation: 'Update' | 'Apply';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: Record<string, unknown>;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedField[];
}

export interface Container {
  name: string;
  image: string;
  ports?: { containerPort: number; name?: string }[];
  env?: { name: string; value?: string }[];
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
}

export interface PodSpec {
  nodeName?: string;
  containers: Container[];
  restartPolicy?: string;
}

export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime: string;
  lastUpdateTime?: string;
}

interface Named<Kind extends string> {
  apiVersion: string;
  kind: Kind;
  metadata: ObjectMeta;
}

export interface LabelSelector {
  matchLabels: Record<string, string>;
}

export interface Deployment extends Named<'Deployment'> {
  spec: {
    replicas: number;
    selector: LabelSelector;
    template: PodTemplate;
    strategy?: {
      type: 'RollingUpdate' | 'Recreate';
      rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string };
    };
    paused?: boolean;
    progressDeadlineSeconds?: number;
    revisionHistoryLimit?: number;
  };
  status: DeploymentStatus;
}

export interface DeploymentStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  unavailableReplicas?: number;
  conditions?: Condition[];
}

export interface ReplicaSet extends Named<'ReplicaSet'> {
  spec: { replicas: number; selector: LabelSelector; template: PodTemplate };
  status: { replicas: number; readyReplicas?: number; availableReplicas?: number; observedGeneration?: number };
}

export interface StatefulSet extends Named<'StatefulSet'> {
  spec: {
    replicas: number;
    serviceName: string;
    selector: LabelSelector;
    template: PodTemplate;
    updateStrategy?: { type: string };
    ordinals?: { start: number };
  };
  status: {
    observedGeneration?: number;
    replicas: number;
    readyReplicas?: number;
    availableReplicas?: number;
    currentReplicas?: number;
    updatedReplicas?: number;
    currentRevision?: string;
    updateRevision?: string;
  };
}

export interface ControllerRevision extends Named<'ControllerRevision'> {
  revision: number;
  data: unknown;
}

export interface ContainerState {
  running?: { startedAt: string };
  waiting?: { reason: string; message?: string };
  terminated?: { reason: string; exitCode: number; startedAt: string; finishedAt: string };
}

export interface ContainerStatus {
  name: string;
  image: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
}

export interface Pod extends Named<'Pod'> {
  spec: PodSpec;
  status: {
    phase: 'Pending' | 'Running' | 'Failed';
    podIP?: string;
    hostIP?: string;
    startTime?: string;
    conditions: Condition[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface Node extends Named<'Node'> {
  spec: { taints?: { key: string; effect: string }[]; unschedulable?: boolean };
  status: {
    capacity: Record<string, string>;
    allocatable: Record<string, string>;
    conditions: Condition[];
    nodeInfo: Record<string, string>;
    addresses: { type: string; address: string }[];
  };
}

export interface ConfigMap extends Named<'ConfigMap'> {
  data: Record<string, string>;
}

export interface Service extends Named<'Service'> {
  spec: { selector: Record<string, string>; ports: { name: string; port: number; targetPort: number }[] };
}

export interface Ingress extends Named<'Ingress'> {
  spec: { ingressClassName?: string; defaultBackend?: unknown; rules?: unknown[] };
}

export interface Namespace extends Named<'Namespace'> {
  status: { phase: 'Active' };
}

export interface KubernetesEvent extends Named<'Event'> {
  involvedObject: { apiVersion: string; kind: string; namespace?: string; name: string; uid: string };
  reason: string;
  message: string;
  type: 'Normal' | 'Warning';
  source: { component: string };
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
}

export interface ObjectOf {
  Deployment: Deployment;
  ReplicaSet: ReplicaSet;
  StatefulSet: StatefulSet;
  ControllerRevision: ControllerRevision;
  Pod: Pod;
  Node: Node;
  ConfigMap: ConfigMap;
  Service: Service;
  Ingress: Ingress;
  Namespace: Namespace;
  Event: KubernetesEvent;
}

export type Kind = keyof ObjectOf;
export type ClusterObject = ObjectOf[Kind];

/** Times on the wire have whole seconds, as metav1.Time has. */
export function kubernetesTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A memory quantity in MiB; 0 when it is absent or unreadable. */
export function memoryMiB(quantity: string | undefined): number {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(quantity ?? '');
  if (match === null) return 0;
  return (Number(match[1]) * (BYTES_PER_UNIT[match[2] ?? ''] ?? 1)) / 2 ** 20;
}

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
};

export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
/** On every pod of a StatefulSet. */
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
export const CHANGE_CAUSE_ANNOTATION = 'kubernetes.io/change-cause';
export const TEMPLATE_HASH_LABEL = 'pod-template-hash';
export const RESTARTED_ANNOTATION = 'kubectl.kubernetes.io/restartedAt';
/** As ingress-nginx reads it: requests a minute over all its controllers. */
export const RATE_LIMIT_ANNOTATION = 'nginx.ingress.kubernetes.io/global-rate-limit';

export function isPodReady(pod: Pod): boolean {
  return pod.status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}
