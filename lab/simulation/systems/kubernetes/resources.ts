import type { Kind } from './objects.ts';

/** A kind as the API serves it. */
export interface ApiResource {
  readonly kind: Kind;
  readonly plural: string;
  readonly groupVersion: 'v1' | 'apps/v1' | 'networking.k8s.io/v1';
  readonly namespaced: boolean;
  readonly writable: boolean;
  readonly scalable: boolean;
}

export const RESOURCES: readonly ApiResource[] = [
  resource('Namespace', 'namespaces', 'v1', { namespaced: false }),
  resource('Node', 'nodes', 'v1', { namespaced: false, writable: true }),
  resource('Pod', 'pods', 'v1', { writable: true }),
  resource('Event', 'events', 'v1', {}),
  resource('ConfigMap', 'configmaps', 'v1', { writable: true }),
  resource('Service', 'services', 'v1', { writable: true }),
  resource('Deployment', 'deployments', 'apps/v1', { writable: true, scalable: true }),
  resource('StatefulSet', 'statefulsets', 'apps/v1', { writable: true, scalable: true }),
  resource('Ingress', 'ingresses', 'networking.k8s.io/v1', { writable: true }),
  resource('ReplicaSet', 'replicasets', 'apps/v1', {}),
  resource('ControllerRevision', 'controllerrevisions', 'apps/v1', {}),
];

function resource(
  kind: Kind,
  plural: string,
  groupVersion: ApiResource['groupVersion'],
  traits: { readonly namespaced?: boolean; readonly writable?: boolean; readonly scalable?: boolean },
): ApiResource {
  const { namespaced = true, writable = false, scalable = false } = traits;
  return { kind, plural, groupVersion, namespaced, writable, scalable };
}

/** Kinds that a client may make by applying them, and delete. */
export function isRemovable(kind: Kind): boolean {
  return kind === 'Deployment' || kind === 'ConfigMap' || kind === 'Ingress';
}
