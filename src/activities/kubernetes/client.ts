import type { z } from 'zod';
import type { Instant } from '../../domain/instant.ts';
import { failureOfAnswer, type HttpAnswer, parseJson } from '../http.ts';
import { KUBERNETES, type KubernetesCall, type KubernetesConnection } from './connection.ts';
import { type ExecCall, type ExecResult, execInPod } from './exec.ts';
import { segment } from './names.ts';
import { FIELD_MANAGER, type ObjectCalls, objectCalls } from './objects.ts';
import {
  autoscaler,
  type ConfigMap,
  configMap,
  type EventObject,
  event,
  listOf,
  type Metered,
  metered,
  type Named,
  type NodeObject,
  named,
  node,
  type Pod,
  pod,
  type ReplicaSet,
  replicaSet,
  type Service,
  service,
  type Workload,
  workload,
} from './shapes.ts';

export type WorkloadKind = 'deployment' | 'statefulset';

export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** What became of a write. Anything else throws, and then the write may or may not have happened. */
export type Written =
  | { readonly kind: 'written' }
  | { readonly kind: 'conflict'; readonly message: string }
  | { readonly kind: 'gone'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/** `merge` touches only what it names; `json` replaces whole subtrees (RFC 7396, RFC 6902). */
export interface Patch {
  readonly type: 'merge' | 'json';
  readonly body: unknown;
}

export interface LogWindow {
  readonly tailLines?: number;
  readonly sinceAt?: Instant;
  readonly limitBytes: number;
}

export interface KubernetesClient extends ObjectCalls {
  workload(ref: WorkloadRef): Promise<Workload | null>;
  workloads(kind: WorkloadKind, namespace: string): Promise<readonly Workload[]>;
  /** The ReplicaSets that this very deployment controls, by its uid. */
  replicaSets(namespace: string, owner: Workload): Promise<readonly ReplicaSet[]>;
  replicaSet(namespace: string, name: string): Promise<ReplicaSet | null>;
  service(namespace: string, name: string): Promise<Service | null>;
  pod(namespace: string, name: string): Promise<Pod | null>;
  pods(namespace: string, selector: string | null): Promise<readonly Pod[]>;
  nodes(): Promise<readonly NodeObject[]>;
  warnings(namespace: string): Promise<readonly EventObject[]>;
  configMaps(namespace: string): Promise<readonly Named[]>;
  configMap(namespace: string, name: string): Promise<ConfigMap | null>;
  podUsage(namespace: string): Promise<readonly Metered[]>;
  nodeUsage(): Promise<readonly Metered[]>;
  /** The name of the autoscaler that owns the workload's replica count; null when none does or none can be listed. */
  autoscaler(ref: WorkloadRef): Promise<string | null>;
  /** Plain lines, each beginning with its timestamp. */
  podLog(namespace: string, podName: string, container: string | null, window: LogWindow): Promise<string>;
  patchWorkload(ref: WorkloadRef, patch: Patch, dryRun: boolean): Promise<Written>;
  patchService(namespace: string, name: string, patch: Patch, dryRun: boolean): Promise<Written>;
  patchConfigMap(namespace: string, name: string, patch: Patch, dryRun: boolean): Promise<Written>;
  deletePod(namespace: string, name: string, uid: string, dryRun: boolean): Promise<Written>;
  /** As deletion, but refused (429, a failure to try again later) while a disruption budget forbids it (R3.4.4). */
  evictPod(namespace: string, name: string, uid: string, dryRun: boolean): Promise<Written>;
  /** HTTP to a port of one pod through the API server; needs no exec and no curl in the image. */
  proxy(namespace: string, podName: string, port: number, call: ProxyCall): Promise<HttpAnswer>;
  /** One program with arguments in a container, and its real exit code (exec.ts). */
  exec(call: ExecCall): Promise<ExecResult>;
}

export interface ProxyCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

export function createKubernetesClient(connection: KubernetesConnection): KubernetesClient {
  return { ...readsOf(connection), ...writesOf(connection), ...objectCalls(connection) };
}

type Writes = Pick<
  KubernetesClient,
  'patchWorkload' | 'patchService' | 'patchConfigMap' | 'deletePod' | 'evictPod' | 'proxy' | 'exec'
>;

/** A list longer than this is not a service any more; the rest is left out. */
const LIST_LIMIT = 500;

const PATCH_TYPES = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' } as const;

function readsOf(connection: KubernetesConnection): Omit<KubernetesClient, keyof Writes | keyof ObjectCalls> {
  const list = async <T>(path: string, item: z.ZodType<T>, query: Record<string, string> = {}): Promise<readonly T[]> =>
    (await connection.read(path, listOf(item), { limit: LIST_LIMIT, ...query })).items;
  return {
    workload: (ref) => findOne(connection, workloadPath(ref), workload),
    workloads: (kind, namespace) => list(`${appsPath(namespace)}/${kind}s`, workload),
    async replicaSets(namespace, owner) {
      const query = labelQuery(owner.spec.selector.matchLabels ?? {});
      const all = await list(`${appsPath(namespace)}/replicasets`, replicaSet, query);
      return all.filter((one) =>
        one.metadata.ownerReferences.some((reference) => reference.uid === owner.metadata.uid),
      );
    },
    replicaSet: (namespace, name) =>
      findOne(connection, `${appsPath(namespace)}/replicasets/${segment(name)}`, replicaSet),
    service: (namespace, name) => findOne(connection, `${corePath(namespace)}/services/${segment(name)}`, service),
    pod: (namespace, name) => findOne(connection, `${corePath(namespace)}/pods/${segment(name)}`, pod),
    pods: (namespace, selector) =>
      list(`${corePath(namespace)}/pods`, pod, selector === null ? {} : { labelSelector: selector }),
    nodes: () => list('/api/v1/nodes', node),
    warnings: (namespace) => list(`${corePath(namespace)}/events`, event, { fieldSelector: 'type=Warning' }),
    configMap: (namespace, name) =>
      findOne(connection, `${corePath(namespace)}/configmaps/${segment(name)}`, configMap),
    configMaps: (namespace) => list(`${corePath(namespace)}/configmaps`, named),
    podUsage: (namespace) => list(`${METRICS_PATH}/namespaces/${segment(namespace)}/pods`, metered),
    nodeUsage: () => list(`${METRICS_PATH}/nodes`, metered),
    autoscaler: (ref) => findAutoscaler(connection, ref),
    podLog: (namespace, podName, container, window) => readLog(connection, namespace, podName, container, window),
  };
}

function writesOf(connection: KubernetesConnection): Writes {
  const write = async (call: KubernetesCall, dryRun: boolean): Promise<Written> =>
    writtenOf(
      await connection.send({
        ...call,
        query: {
          ...(call.method === 'PATCH' ? { fieldManager: FIELD_MANAGER } : {}),
          ...(dryRun ? { dryRun: 'All' } : {}),
        },
      }),
    );
  return {
    patchWorkload: (ref, patch, dryRun) =>
      write(
        { method: 'PATCH', path: workloadPath(ref), contentType: PATCH_TYPES[patch.type], body: patch.body },
        dryRun,
      ),
    patchService: (namespace, name, patch, dryRun) =>
      write(
        {
          method: 'PATCH',
          path: `${corePath(namespace)}/services/${segment(name)}`,
          contentType: PATCH_TYPES[patch.type],
          body: patch.body,
        },
        dryRun,
      ),
    patchConfigMap: (namespace, name, patch, dryRun) =>
      write(
        {
          method: 'PATCH',
          path: `${corePath(namespace)}/configmaps/${segment(name)}`,
          contentType: PATCH_TYPES[patch.type],
          body: patch.body,
        },
        dryRun,
      ),
    evictPod: (namespace, name, uid, dryRun) =>
      write(
        {
          method: 'POST',
          path: `${corePath(namespace)}/pods/${segment(name)}/eviction`,
          body: {
            apiVersion: 'policy/v1',
            kind: 'Eviction',
            metadata: { name, namespace },
            deleteOptions: deleteOptions(uid, dryRun),
          },
        },
        dryRun,
      ),
    deletePod: (namespace, name, uid, dryRun) =>
      write(
        { method: 'DELETE', path: `${corePath(namespace)}/pods/${segment(name)}`, body: deleteOptions(uid, dryRun) },
        dryRun,
      ),
    exec: (call) => execInPod(connection, call),
    proxy: (namespace, podName, port, call) =>
      connection.send({
        method: call.method,
        path: `${corePath(namespace)}/pods/${segment(podName)}:${port}/proxy${call.path}`,
        ...(call.body === undefined ? {} : { body: call.body }),
      }),
  };
}

const METRICS_PATH = '/apis/metrics.k8s.io/v1beta1';

function corePath(namespace: string): string {
  return `/api/v1/namespaces/${segment(namespace)}`;
}

function appsPath(namespace: string): string {
  return `/apis/apps/v1/namespaces/${segment(namespace)}`;
}

function workloadPath(ref: WorkloadRef): string {
  return `${appsPath(ref.namespace)}/${ref.kind}s/${segment(ref.name)}`;
}

function labelQuery(labels: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? {} : { labelSelector: pairs.join(',') };
}

async function findOne<T>(connection: KubernetesConnection, path: string, shape: z.ZodType<T>): Promise<T | null> {
  const answer = await connection.send({ method: 'GET', path });
  if (answer.status === 404) return null;
  if (answer.status !== 200) throw failureOfAnswer(KUBERNETES, answer);
  return parseJson(KUBERNETES, answer, shape);
}

async function findAutoscaler(connection: KubernetesConnection, ref: WorkloadRef): Promise<string | null> {
  const path = `/apis/autoscaling/v2/namespaces/${segment(ref.namespace)}/horizontalpodautoscalers`;
  const answer = await connection.send({ method: 'GET', path });
  if (answer.status === 404 || answer.status === 403) return null;
  if (answer.status !== 200) throw failureOfAnswer(KUBERNETES, answer);
  const owner = parseJson(KUBERNETES, answer, listOf(autoscaler)).items.find(
    ({ spec: { scaleTargetRef } }) =>
      scaleTargetRef.name === ref.name && scaleTargetRef.kind.toLowerCase() === ref.kind,
  );
  return owner?.metadata.name ?? null;
}

async function readLog(
  connection: KubernetesConnection,
  namespace: string,
  podName: string,
  container: string | null,
  window: LogWindow,
): Promise<string> {
  const answer = await connection.send({
    method: 'GET',
    path: `${corePath(namespace)}/pods/${segment(podName)}/log`,
    query: {
      timestamps: 'true',
      limitBytes: window.limitBytes,
      ...(container === null ? {} : { container }),
      ...(window.tailLines === undefined ? {} : { tailLines: window.tailLines }),
      ...(window.sinceAt === undefined ? {} : { sinceTime: window.sinceAt }),
    },
  });
  if (answer.status !== 200) throw failureOfAnswer(KUBERNETES, answer);
  return answer.text;
}

function deleteOptions(uid: string, dryRun: boolean): unknown {
  return { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid }, ...(dryRun ? { dryRun: ['All'] } : {}) };
}

/**
 * 409 is a lost race; 422 is one too when a JSON patch's `test` failed, and a plain refusal otherwise: the caller tells
 * them apart by reading the object again.
 */
function writtenOf(answer: HttpAnswer): Written {
  if (answer.status >= 200 && answer.status < 300) return { kind: 'written' };
  const failed = failureOfAnswer(KUBERNETES, answer);
  const message = failed.message;
  if (answer.status === 409 || answer.status === 422) return { kind: 'conflict', message };
  if (answer.status === 404) return { kind: 'gone', message };
  if (answer.status === 429 || answer.status >= 500 || answer.status === 408) throw failed;
  return { kind: 'refused', message };
}
