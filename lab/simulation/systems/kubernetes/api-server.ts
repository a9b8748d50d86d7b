import type { RecordedChange } from '../../journal.ts';
import type { WireHandler, WireRequest, WireResponse } from '../../wire/exchange.ts';
import type { WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import type { WireServer } from '../../wire/server.ts';
import { createWireServer } from '../../wire/server.ts';
import type { AdminAction, ServiceUnderTest } from '../service-api.ts';
import { answerOfPod } from '../service-api.ts';
import { refuse, statusAnswer } from './api-errors.ts';
import type { Target } from './apply.ts';
import type { Cluster } from './cluster.ts';
import { discoveryAnswer } from './discovery.ts';
import { serveExec } from './exec.ts';
import type { ClusterAction } from './ledger.ts';
import type { Kind, Pod, Service } from './objects.ts';
import { isPodReady, kubernetesTime } from './objects.ts';
import { podLog } from './pod-log.ts';
import type { ApiResource } from './resources.ts';
import { isRemovable, RESOURCES } from './resources.ts';
import { selects } from './selectors.ts';
import type { AcceptedWrite } from './writes.ts';
import { Writes } from './writes.ts';

export interface ApiServerOptions {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly cluster: Cluster;
  /** Bearer token that every request needs. */
  readonly token: string;
  /** Token of a user who may sign in and do nothing, by name; RBAC is no more than this here. */
  readonly strangers?: Readonly<Record<string, string>>;
  /** Asked late, because the world is built on the cluster. */
  readonly service: () => ServiceUnderTest;
  /** Told of everything that the world feels, in order. */
  readonly done?: (done: RecordedChange) => void;
}

export interface ApiServer {
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
  /** Accepted writes in order. */
  readonly actions: readonly ClusterAction[];
  /** Changes made through the admin API of pods, by way of the proxy. */
  readonly adminActions: readonly AdminAction[];
  /** Writes what another cluster accepted. Throws what this one refuses it with. */
  again(write: AcceptedWrite): void;
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { cluster, done = () => undefined } = options;
  const writes = new Writes(cluster, (act, write) => done({ kind: 'write', act, write }));
  const adminActions: AdminAction[] = [];
  const record = (act: AdminAction): void => {
    adminActions.push(act);
    done({ kind: 'admin', act });
  };
  const server = createWireServer({
    system: 'kubernetes',
    clock: options.clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      unauthorised: () => statusAnswer('Unauthorized', 'Unauthorized'),
      'error-500': () => statusAnswer('InternalError', 'Internal error occurred: etcdserver: request timed out'),
      'error-503': () => statusAnswer('ServiceUnavailable', 'the server is currently unable to handle the request'),
      'rate-limited': () => statusAnswer('TooManyRequests', 'too many requests, please try again later'),
    },
    notFound: () => statusAnswer('NotFound', 'the server could not find the requested resource'),
  });
  const guarded = (handler: WireHandler): WireHandler => {
    return (request) => {
      const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
      if (token === options.token) return handler(request);
      const stranger = options.strangers?.[token];
      return stranger === undefined ? statusAnswer('Unauthorized', 'Unauthorized') : forbidden(stranger, request);
    };
  };
  const route = (method: string, pattern: string, handler: WireHandler) =>
    server.route(method, pattern, guarded(handler));

  for (const path of ['/healthz', '/livez', '/readyz']) server.route('GET', path, () => ({ status: 200, body: 'ok' }));
  for (const path of ['/version', '/api', '/apis', '/api/v1', '/apis/:group', '/apis/:group/:version']) {
    route(
      'GET',
      path,
      (request) =>
        discoveryAnswer(request.path) ?? statusAnswer('NotFound', 'the server could not find the requested resource'),
    );
  }
  for (const resource of RESOURCES) addResource(route, cluster, writes, resource);
  addPodParts(route, options, writes);
  addProxy(server, guarded, options, record);
  addMetrics(route, options);
  serveExec({
    server,
    token: options.token,
    cluster,
    clock: options.clock,
    service: options.service,
    record,
  });
  route('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', (request) => ({
    status: 201,
    body: {
      ...(request.json() as object),
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      status: { allowed: true },
    },
  }));
  return {
    listen: (port) => server.listen(port),
    close: () => server.close(),
    actions: writes.ledger,
    adminActions,
    again: (write) => writes.again(write),
  };
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PATCH: 'patch',
  PUT: 'update',
  DELETE: 'delete',
};

/** As RBAC words it; who may do nothing may still ask what they may do. */
function forbidden(user: string, request: WireRequest): WireResponse {
  if (request.path.endsWith('/selfsubjectaccessreviews')) {
    const asked = request.json() as object;
    return { status: 201, body: { ...asked, status: { allowed: false } } };
  }
  const [, group = '', namespace = '', resource = '', name] =
    /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?/.exec(request.path) ?? [];
  const verb = request.method === 'GET' && name === undefined ? 'list' : (VERBS[request.method] ?? 'get');
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return statusAnswer(
    'Forbidden',
    `${qualified}${name === undefined ? '' : ` "${name}"`} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
    { ...(name === undefined ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  );
}

type AddRoute = (method: string, pattern: string, handler: WireHandler) => void;

function addResource(route: AddRoute, cluster: Cluster, writes: Writes, resource: ApiResource): void {
  const { plural, kind, groupVersion } = resource;
  const prefix = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
  const home = resource.namespaced ? `${prefix}/namespaces/:namespace/${plural}` : `${prefix}/${plural}`;
  const list = (request: WireRequest) => listAnswer(cluster, resource, request);
  route('GET', home, list);
  if (resource.namespaced) route('GET', `${prefix}/${plural}`, list);
  const target = (request: WireRequest): Target => targetOf(resource, kind, request);
  route('GET', `${home}/:name`, (request) => ({ status: 200, body: writes.read(target(request)) }));
  if (!resource.writable) return;
  route('PATCH', `${home}/:name`, (request) => writes.patch(target(request), request));
  route('PUT', `${home}/:name`, (request) => writes.put(target(request), request));
  if (isRemovable(kind)) route('DELETE', `${home}/:name`, (request) => writes.delete(target(request), request));
  if (!resource.scalable) return;
  route('GET', `${home}/:name/status`, (request) => ({ status: 200, body: writes.read(target(request)) }));
  route('GET', `${home}/:name/scale`, (request) => writes.readScale(target(request)));
  route('PATCH', `${home}/:name/scale`, (request) => writes.writeScale(target(request), request));
  route('PUT', `${home}/:name/scale`, (request) => writes.writeScale(target(request), request));
}

function targetOf(resource: ApiResource, kind: Kind, request: WireRequest): Target {
  return {
    kind,
    resource: resource.plural,
    group: resource.groupVersion.includes('/') ? (resource.groupVersion.split('/')[0] ?? '') : '',
    namespace: request.params.namespace ?? null,
    name: request.params.name ?? '',
  };
}

function listAnswer(cluster: Cluster, resource: ApiResource, request: WireRequest): WireResponse {
  if (request.query.get('watch') === 'true')
    refuse('MethodNotAllowed', 'this API server does not serve watches: list again instead');
  const wanted = selects(request.query);
  const found = cluster.store.list(resource.kind, request.params.namespace ?? null).filter(wanted);
  const sorted = [...found].sort((a, b) => (keyOf(a.metadata) < keyOf(b.metadata) ? -1 : 1));
  const offset = Number(request.query.get('continue') ?? 0) || 0;
  const limit = Number(request.query.get('limit') ?? 0) || sorted.length;
  const more = offset + limit < sorted.length;
  return {
    status: 200,
    body: {
      kind: `${resource.kind}List`,
      apiVersion: resource.groupVersion,
      metadata: {
        resourceVersion: String(cluster.store.version),
        ...(more ? { continue: String(offset + limit) } : {}),
      },
      items: sorted.slice(offset, offset + limit),
    },
  };
}

function keyOf({ namespace = '', name }: { namespace?: string; name: string }): string {
  return `${namespace}/${name}`;
}

function addPodParts(route: AddRoute, options: ApiServerOptions, writes: Writes): void {
  const home = '/api/v1/namespaces/:namespace/pods/:name';
  const target = (request: WireRequest): Target => ({
    kind: 'Pod',
    resource: 'pods',
    group: '',
    namespace: request.params.namespace ?? null,
    name: request.params.name ?? '',
  });
  route('DELETE', home, (request) => writes.deletePod(target(request), request));
  route('POST', `${home}/eviction`, (request) => writes.evict(target(request), request));
  route('GET', `${home}/log`, (request) =>
    podLog(writes.read(target(request)) as Pod, options.cluster.kubelet, options.service().world, request),
  );
}

/** `[http:]name[:port]`, as both proxies spell their target. */
function proxyTarget(text: string): string {
  const parts = text.split(':');
  return (parts.length === 1 ? parts[0] : /^https?$/.test(parts[0] ?? '') ? parts[1] : parts[0]) ?? '';
}

function addProxy(
  server: WireServer,
  guarded: (handler: WireHandler) => WireHandler,
  options: ApiServerOptions,
  record: (action: AdminAction) => void,
): void {
  const { cluster } = options;
  const forward = (pod: Pod | null, request: WireRequest): WireResponse => {
    if (pod === null || pod.status.phase !== 'Running' || pod.status.containerStatuses?.[0]?.started !== true) {
      return refuse('ServiceUnavailable', 'error trying to reach service: dial tcp: connect: connection refused');
    }
    return answerOfPod(options.service(), pod.metadata.name, { ...request, path: request.params['*'] ?? '' }, record);
  };
  const ofPod: WireHandler = (request) => {
    const name = proxyTarget(request.params.name ?? '');
    const pod = cluster.store.get('Pod', request.params.namespace ?? null, name);
    if (pod === null) return refuse('NotFound', `pods "${name}" not found`, { name, kind: 'pods' });
    return forward(pod, request);
  };
  const ofService: WireHandler = (request) => {
    const name = proxyTarget(request.params.name ?? '');
    const namespace = request.params.namespace ?? null;
    const service = cluster.store.get('Service', namespace, name);
    if (service === null) return refuse('NotFound', `services "${name}" not found`, { name, kind: 'services' });
    const pod = readyPodOf(cluster, service, namespace);
    if (pod === null)
      return refuse('ServiceUnavailable', `no endpoints available for service "${request.params.name}"`);
    return forward(pod, request);
  };
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
    server.route(method, '/api/v1/namespaces/:namespace/pods/:name/proxy/*', guarded(ofPod));
    server.route(method, '/api/v1/namespaces/:namespace/services/:name/proxy/*', guarded(ofService));
  }
}

function readyPodOf(cluster: Cluster, service: Service, namespace: string | null): Pod | null {
  const wanted = Object.entries(service.spec.selector);
  const ready = cluster.store
    .list('Pod', namespace)
    .filter((pod) => isPodReady(pod) && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return ready[0] ?? null;
}

function addMetrics(route: AddRoute, options: ApiServerOptions): void {
  const { cluster } = options;
  const usage = (use: { cpuMillicores: number; memoryMiB: number }) => ({
    cpu: `${Math.round(use.cpuMillicores * 1_000_000)}n`,
    memory: `${Math.round(use.memoryMiB * 1024)}Ki`,
  });
  const sampled = (request: WireRequest) => ({ timestamp: kubernetesTime(request.atMs), window: '15s' });
  const podMetrics = (pod: Pod, request: WireRequest) => ({
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name: pod.metadata.name,
      namespace: pod.metadata.namespace,
      labels: pod.metadata.labels,
      creationTimestamp: kubernetesTime(request.atMs),
    },
    ...sampled(request),
    containers: pod.spec.containers.map(({ name }) => ({
      name,
      usage: usage(options.service().world.podUsage(pod.metadata.name)),
    })),
  });
  const nodeMetrics = (name: string, request: WireRequest) => ({
    kind: 'NodeMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { name, creationTimestamp: kubernetesTime(request.atMs) },
    ...sampled(request),
    usage: usage(options.service().world.nodeUsage(name)),
  });
  const home = '/apis/metrics.k8s.io/v1beta1';
  const pods: WireHandler = (request) => {
    const running = cluster.store
      .list('Pod', request.params.namespace ?? null)
      .filter((pod) => pod.status.phase === 'Running');
    const items = running.filter(selects(request.query)).map((pod) => podMetrics(pod, request));
    return { status: 200, body: { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items } };
  };
  route('GET', `${home}/pods`, pods);
  route('GET', `${home}/namespaces/:namespace/pods`, pods);
  route('GET', `${home}/namespaces/:namespace/pods/:name`, (request) => {
    const name = request.params.name ?? '';
    const pod = cluster.store.get('Pod', request.params.namespace ?? null, name);
    if (pod === null)
      return refuse('NotFound', `podmetrics.metrics.k8s.io "${name}" not found`, { name, kind: 'pods' });
    return { status: 200, body: podMetrics(pod, request) };
  });
  route('GET', `${home}/nodes`, (request) => ({
    status: 200,
    body: {
      kind: 'NodeMetricsList',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: {},
      items: cluster.store.list('Node').map((node) => nodeMetrics(node.metadata.name, request)),
    },
  }));
  route('GET', `${home}/nodes/:name`, (request) => {
    const name = request.params.name ?? '';
    if (cluster.store.get('Node', null, name) === null)
      return refuse('NotFound', `nodemetrics.metrics.k8s.io "${name}" not found`);
    return { status: 200, body: nodeMetrics(name, request) };
  });
}
