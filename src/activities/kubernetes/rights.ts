import type { Policy } from '../../domain/policy.ts';

/** One verb on one resource, and what would not work without it. */
export interface KubernetesRight {
  readonly verb: 'get' | 'list' | 'patch' | 'create' | 'delete';
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Nodes live in no namespace. */
  readonly everywhere: boolean;
  readonly role: 'incident-reader' | 'incident-actor';
  readonly purpose: string;
}

/** Everything the worker asks of the API server under this policy; deploy/kubernetes/rbac.yaml grants just these. */
export function neededRights(policy: Policy | null, adminApiThrough: 'proxy' | 'exec'): readonly KubernetesRight[] {
  return [
    ...reading('', 'pods', ['get', 'list'], 'pods and whose they are'),
    ...reading('', 'pods/log', ['get'], 'logs'),
    ...reading('', 'events', ['list'], 'warnings'),
    ...reading('', 'configmaps', ['get', 'list'], 'who changed the configuration'),
    ...reading('apps', 'deployments', ['get', 'list'], 'rollouts'),
    ...reading('apps', 'statefulsets', ['get'], 'database and cache'),
    ...reading('apps', 'replicasets', ['get', 'list'], 'the rollout history'),
    ...reading('autoscaling', 'horizontalpodautoscalers', ['list'], 'whether an autoscaler would undo scaling'),
    ...reading('metrics.k8s.io', 'pods', ['list'], 'what pods use'),
    ...everywhere('', 'nodes', 'the state of nodes'),
    ...everywhere('metrics.k8s.io', 'nodes', 'what nodes use'),
    ...acting('apps', 'deployments', ['patch'], 'rollback, restart, scale, memory limit'),
    ...acting('apps', 'statefulsets', ['patch'], 'restart of database and cache'),
    ...acting('', 'pods', ['delete'], 'delete-pod'),
    ...acting('', 'pods/eviction', ['create'], 'replace-pods'),
    ...acting('', 'configmaps', ['patch'], 'restore-config'),
    ...(policy === null || policy.service.adminApi !== null ? adminApi(adminApiThrough) : []),
    ...(policy === null || policy.service.database !== null
      ? acting('', 'services', ['get', 'patch'], 'database failover')
      : []),
    ...(policy === null || policy.playbooks.rateLimitManifest !== null
      ? acting('networking.k8s.io', 'ingresses', ['get', 'patch'], 'rate-limit')
      : []),
    ...(policy === null || policy.resolution.canaryManifest !== null
      ? acting('apps', 'deployments', ['create', 'delete'], 'the canary')
      : []),
  ];
}

/** `patch deployments`, `get pods/log`: as people say it. */
export function rightWords({ verb, resource, subresource }: KubernetesRight): string {
  return `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
}

type Verb = KubernetesRight['verb'];

/** A WebSocket is opened with GET, which older API servers take for the verb `get` and newer ones for `create`. */
function adminApi(through: 'proxy' | 'exec'): readonly KubernetesRight[] {
  return through === 'exec'
    ? acting('', 'pods/exec', ['get', 'create'], 'the admin API by exec')
    : acting('', 'pods/proxy', ['get', 'create'], 'the admin API through the proxy');
}

function reading(group: string, name: string, verbs: readonly Verb[], purpose: string): readonly KubernetesRight[] {
  return rights(group, name, verbs, { role: 'incident-reader', everywhere: false, purpose });
}

function everywhere(group: string, name: string, purpose: string): readonly KubernetesRight[] {
  return rights(group, name, ['list'], { role: 'incident-reader', everywhere: true, purpose });
}

function acting(group: string, name: string, verbs: readonly Verb[], purpose: string): readonly KubernetesRight[] {
  return rights(group, name, verbs, { role: 'incident-actor', everywhere: false, purpose });
}

function rights(
  group: string,
  name: string,
  verbs: readonly Verb[],
  rest: Pick<KubernetesRight, 'role' | 'everywhere' | 'purpose'>,
): readonly KubernetesRight[] {
  const [resource = '', subresource = ''] = name.split('/');
  return verbs.map((verb) => ({ verb, group, resource, subresource, ...rest }));
}
