import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createManifests } from '../../../src/activities/kubernetes/manifests.ts';
import { clusterBinaries, NO_CLUSTER_BECAUSE } from '../../kubernetes/cluster/binaries.ts';
import { MANIFESTS } from './simulated-rig.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifests-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      initContainers: [{ name: prepare, image: registry.test:5000/team/prepare@sha256:${'0'.repeat(64)} }]
      containers:
        - { name: web, image: 'registry.test:5000/team/web:1', env: [{ name: A, value: '1' }, { name: B, value: '2' }] }
        - { name: sidecar, image: 'sidecar:7' }
`;

/** Everything of kustomize that is rendered here, in one overlay. */
function writeOverlay(): void {
  write('base/web.yaml', DEPLOYMENT);
  write('base/config.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { mode: plain }\n');
  write('base/kustomization.yaml', 'resources: [web.yaml, config.yaml]\n');
  write(
    'overlay/memory.yaml',
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { template: { spec: { containers: [{ name: web, resources: { limits: { memory: 2Gi } }, env: [{ name: B, value: two }, { name: C, value: "3" }] }] } } }\n',
  );
  write(
    'overlay/kustomization.yaml',
    `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
nameSuffix: -canary
resources: [../base]
commonAnnotations: { team: platform }
images:
  - { name: 'registry.test:5000/team/web', newTag: '2.1' }
  - { name: sidecar, newName: other/sidecar }
replicas: [{ name: web, count: 4 }]
patches:
  - path: memory.yaml
  - patch: |
      { apiVersion: apps/v1, kind: Deployment, metadata: { name: web }, spec: { template: { spec: { containers: [{ name: sidecar, futureField: kept }] } } } }
  - target: { kind: ConfigMap, name: settings }
    patch: |
      - { op: replace, path: /data/mode, value: fancy }
      - { op: add, path: /data/a~1b, value: slash }
`,
  );
}

const byName = (objects: readonly unknown[]) =>
  [...objects].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)) as number).map((one) => one);
const byKind = (objects: readonly unknown[]) =>
  [...(objects as readonly { kind: string }[])].sort((a, b) => a.kind.localeCompare(b.kind));

describe('an overlay', () => {
  it.skipIf(NO_CLUSTER_BECAUSE !== null)(
    `is rendered as kubectl kustomize renders it${NO_CLUSTER_BECAUSE === null ? '' : ` (${NO_CLUSTER_BECAUSE})`}`,
    async () => {
      writeOverlay();
      const { kubectl } = await clusterBinaries();
      const overlays = [
        [folder, 'overlay'],
        [MANIFESTS, 'k8s/overlays/prod'],
        [MANIFESTS, 'k8s/overlays/prod-canary'],
      ] as const;
      for (const [root, path] of overlays) {
        const theirs = parseAllDocuments(
          execFileSync(kubectl, ['kustomize', join(root, path)], { encoding: 'utf8' }),
        ).map((one) => one.toJS() as unknown);
        expect(byKind(await createManifests({ directory: root }).objects(path))).toEqual(byKind(theirs));
      }
    },
    35 * 60_000,
  );

  it('patches by name, keeps what it is not told to change, and retags only whole image names', async () => {
    writeOverlay();
    const objects = await createManifests({ directory: folder }).objects('overlay');
    expect(byName(objects)).toHaveLength(2);
    expect(objects.find(({ kind }) => kind === 'Deployment')).toMatchObject({
      metadata: { name: 'web-canary', namespace: 'shop' },
      spec: {
        replicas: 4,
        template: {
          spec: {
            containers: [
              { image: 'other/sidecar:7', futureField: 'kept' },
              {
                image: 'registry.test:5000/team/web:2.1',
                resources: { limits: { memory: '2Gi' } },
                env: [
                  { name: 'B', value: 'two' },
                  { name: 'C', value: '3' },
                  { name: 'A', value: '1' },
                ],
              },
            ],
          },
        },
      },
    });
    expect(objects.find(({ kind }) => kind === 'ConfigMap')?.data).toEqual({ mode: 'fancy', 'a/b': 'slash' });
  });

  it('is refused by name when it uses more of kustomize than is rendered here', async () => {
    write('base/web.yaml', DEPLOYMENT);
    write('base/kustomization.yaml', 'resources: [web.yaml]\nconfigMapGenerator: [{ name: x, literals: [a=b] }]\n');
    write('far/kustomization.yaml', 'resources: ["https://example.test/base?ref=v1"]\n');
    write(
      'lost/kustomization.yaml',
      'resources: []\npatches: [{ patch: "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}" }]\n',
    );
    write('circle/kustomization.yaml', 'resources: [../circle]\n');
    const objects = (path: string) => createManifests({ directory: folder }).objects(path);
    await expect(objects('base')).rejects.toThrow('configMapGenerator, which is not rendered here');
    await expect(objects('far')).rejects.toThrow('is not fetched during an incident');
    await expect(objects('lost')).rejects.toThrow('patches something that is not among its resources');
    await expect(objects('circle')).rejects.toThrow('nested deeper');
    await expect(objects('../..')).rejects.toThrow('leads out of the folder');
  });
});
