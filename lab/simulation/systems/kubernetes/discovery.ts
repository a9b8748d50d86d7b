import type { WireResponse } from '../../wire/exchange.ts';
import { isRemovable, RESOURCES } from './resources.ts';

const GROUPS: Readonly<Record<string, string>> = {
  apps: 'v1',
  'authorization.k8s.io': 'v1',
  'metrics.k8s.io': 'v1beta1',
  'networking.k8s.io': 'v1',
};

/** /version, and what clients ask to learn which groups, versions and resources there are; null for an unknown path. */
export function discoveryAnswer(path: string): WireResponse | null {
  const clean = path.replace(/\/$/, '');
  if (clean === '/version') return ok({ major: '1', minor: '34', gitVersion: 'v1.34.4', platform: 'linux/amd64' });
  if (clean === '/api') return ok({ kind: 'APIVersions', versions: ['v1'] });
  if (clean === '/apis')
    return ok({ kind: 'APIGroupList', apiVersion: 'v1', groups: Object.keys(GROUPS).map(groupOf) });
  if (clean === '/api/v1') return ok(resourceList('v1'));
  const [, group = '', version] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(clean) ?? [];
  if (GROUPS[group] === undefined) return null;
  if (version === undefined) return ok({ kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) });
  return version === GROUPS[group] ? ok(resourceList(`${group}/${version}`)) : null;
}

const POD_PARTS = [
  { name: 'pods/eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  { name: 'pods/exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
  { name: 'pods/log', kind: 'Pod', verbs: ['get'] },
].map((one) => ({ singularName: '', namespaced: true, ...one }));

function ok(body: unknown): WireResponse {
  return { status: 200, body };
}

function groupOf(name: string) {
  const version = { groupVersion: `${name}/${GROUPS[name]}`, version: GROUPS[name] };
  return { name, versions: [version], preferredVersion: version };
}

function resourceList(groupVersion: string) {
  const resources = [
    ...RESOURCES.filter((one) => one.groupVersion === groupVersion).flatMap((one) => {
      const verbs = [
        'get',
        'list',
        ...(one.writable ? ['patch', 'update'] : []),
        ...(one.kind === 'Pod' || isRemovable(one.kind) ? ['delete'] : []),
      ];
      const entry = {
        name: one.plural,
        singularName: one.kind.toLowerCase(),
        namespaced: one.namespaced,
        kind: one.kind,
        verbs,
      };
      const scale = {
        name: `${one.plural}/scale`,
        singularName: '',
        namespaced: true,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      };
      const parts = one.kind === 'Pod' ? POD_PARTS : [];
      return one.scalable ? [entry, scale] : [entry, ...parts];
    }),
    ...(groupVersion === 'metrics.k8s.io/v1beta1'
      ? [
          { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
          { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
        ]
      : []),
    ...(groupVersion === 'authorization.k8s.io/v1'
      ? [
          {
            name: 'selfsubjectaccessreviews',
            singularName: '',
            namespaced: false,
            kind: 'SelfSubjectAccessReview',
            verbs: ['create'],
          },
        ]
      : []),
  ];
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
