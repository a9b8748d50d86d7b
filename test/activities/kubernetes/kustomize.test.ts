import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BuildWithKustomize, installedKustomize } from '../../../src/activities/kubernetes/installed-kustomize.ts';
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

const patching = (op: string, path: string) => ({
  patches: [{ target: { kind: 'Deployment' }, patch: JSON.stringify([{ op, path, value: 1 }]) }],
});

/** On the PATH, or else the one in the kubectl that is built for the cluster of the tests. */
const installed = await installedKustomize();
const NO_REAL_BECAUSE = installed === null ? NO_CLUSTER_BECAUSE : null;
async function theReal(): Promise<BuildWithKustomize> {
  if (installed !== null) return installed;
  const { kubectl } = await clusterBinaries();
  return async (path) => execFileSync(kubectl, ['kustomize', path], { encoding: 'utf8' });
}

describe('an overlay', () => {
  /** The same objects as the real one, or refused here: never another result. */
  async function held(root: string, path: string): Promise<'the same' | string> {
    const real = await theReal();
    const ours = createManifests({ directory: root }).objects(path);
    const refused = await ours.then(
      () => null,
      (error: Error) => error.message,
    );
    if (refused !== null) return refused;
    const theirs = createManifests({ directory: root, kustomize: async () => real }).objects(path);
    expect(await ours).toEqual(await theirs);
    return 'the same';
  }

  it.skipIf(NO_REAL_BECAUSE !== null)(
    `is rendered as the real kustomize renders it${NO_REAL_BECAUSE === null ? '' : ` (${NO_REAL_BECAUSE})`}`,
    async () => {
      writeOverlay();
      expect(await held(folder, 'overlay')).toBe('the same');
      expect(await held(MANIFESTS, 'k8s/overlays/prod')).toBe('the same');
      expect(await held(MANIFESTS, 'k8s/overlays/prod-canary')).toBe('the same');
    },
    35 * 60_000,
  );

  it.skipIf(NO_REAL_BECAUSE !== null)(
    'of any make is rendered as the real one renders it, or refused',
    async () => {
      write('web.yaml', DEPLOYMENT);
      write('config.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { mode: plain }\n');
      const path = fc.constantFrom(
        '/spec/replicas',
        '/spec/template/spec/containers/0',
        '/spec/template/spec/containers/1/image',
        '/spec/template/spec/containers/name',
        '/spec/template/spec/containers/-1',
        '/spec/template/spec/containers/-',
        '/spec/template/spec/containers/0/env/2',
        '/spec/template/spec/containers/0/env/9',
        '/spec/paused',
        '/spec/nowhere/at/all',
        '/metadata/labels/a~1b',
      );
      const value = fc.constantFrom({ name: 'x', image: 'x:1' }, 3, 'text', true);
      const operation = fc.record({ op: fc.constantFrom('add', 'replace', 'remove', 'test'), path, value });
      const containers = fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('web', 'sidecar', 'added'),
          image: fc.constantFrom('sidecar:8', 'other:1'),
          env: fc.constantFrom([{ name: 'A', value: 'one' }], [{ name: 'C', value: 'x' }], []),
          command: fc.constantFrom(['run'], []),
        }),
        { minLength: 1, maxLength: 2, selector: ({ name }) => name },
      );
      const merge = fc.record({
        apiVersion: fc.constant('apps/v1'),
        kind: fc.constant('Deployment'),
        metadata: fc.constantFrom({ name: 'web' }, { name: 'web', annotations: { why: 'x' } }),
        spec: fc.record(
          { paused: fc.constantFrom(true, null), template: fc.record({ spec: fc.record({ containers }) }) },
          { requiredKeys: [] },
        ),
      });
      const overlay = fc.record(
        {
          nameSuffix: fc.constantFrom('', '-canary'),
          namespace: fc.constantFrom('shop'),
          commonAnnotations: fc.constant({ team: 'platform' }),
          images: fc.constantFrom(
            [{ name: 'sidecar', newTag: '2' }],
            [{ name: 'sidecar', newName: 'registry.test:5000/a/b' }],
            [{ name: 'registry.test:5000/team/web', newTag: '2' }],
            [{ name: 'sidecar', digest: 'sha256:x' }],
          ),
          replicas: fc.constantFrom([{ name: 'web', count: 4 }], [{ name: 'nobody', count: 4 }]),
          patches: fc.constantFrom<readonly unknown[]>([]).chain(() =>
            fc.array(
              fc.oneof(
                operation.map((one) => ({ target: { kind: 'Deployment' }, patch: JSON.stringify([one]) })),
                merge.map((one) => ({ patch: JSON.stringify(one) })),
              ),
              { maxLength: 2 },
            ),
          ),
        },
        { requiredKeys: [] },
      );
      let same = 0;
      await fc.assert(
        fc.asyncProperty(overlay, async (content) => {
          write('kustomization.yaml', JSON.stringify({ resources: ['web.yaml', 'config.yaml'], ...content }));
          if ((await held(folder, '.')) === 'the same') same += 1;
        }),
        { numRuns: 60 },
      );
      expect(same).toBeGreaterThan(10);
    },
    35 * 60_000,
  );

  it.each([
    ['a reference to what is renamed', { nameSuffix: '-canary' }, 'names a renamed object'],
    ['a CronJob', { resources: ['cron.yaml'], images: [{ name: 'a', newTag: '2' }] }, 'CronJob nightly'],
    ['an index that is none', patching('remove', '/spec/template/spec/containers/name'), 'which is not there'],
    ['an item that is not there', patching('replace', '/spec/template/spec/containers/7'), 'which is not there'],
    ['a field that is not there', patching('replace', '/spec/paused'), 'cannot replace /spec/paused'],
    [
      'a plain value among objects',
      patching('add', '/spec/template/spec/containers/0/env/-'),
      'malformed at spec.template.spec.containers.0.env.',
    ],
    ['a digest', { images: [{ name: 'web', digest: 'sha256:1' }] }, 'images.0.digest'],
    ['replicas of nothing', { replicas: [{ name: 'nobody', count: 2 }] }, 'counts replicas of nobody'],
  ])('that has %s is refused by name', async (_what, content, words) => {
    write('web.yaml', DEPLOYMENT.replace('env:', 'envFrom: [{ configMapRef: { name: settings } }], env:'));
    write('config.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { mode: plain }\n');
    write('cron.yaml', 'apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: nightly }\nspec: {}\n');
    write('kustomization.yaml', JSON.stringify({ resources: ['web.yaml', 'config.yaml'], ...content }));
    await expect(createManifests({ directory: folder }).objects('.')).rejects.toThrow(words);
  });

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
      'resources: [web.yaml]\npatches: [{ patch: "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}" }]\n',
    );
    write('lost/web.yaml', DEPLOYMENT);
    write('circle/kustomization.yaml', 'resources: [../circle]\n');
    const objects = (path: string) => createManifests({ directory: folder }).objects(path);
    await expect(objects('base')).rejects.toThrow('configMapGenerator, which is not rendered here');
    await expect(objects('far')).rejects.toThrow('is not fetched during an incident');
    await expect(objects('lost')).rejects.toThrow('patches something that is not among its resources');
    await expect(objects('circle')).rejects.toThrow('nested deeper');
    // Nor does the real one fetch anything or leave the folder: it is not even asked.
    const real = createManifests({ directory: folder, kustomize: async () => async () => '' });
    await expect(real.objects('far')).rejects.toThrow('is not fetched during an incident');
    await expect(objects('../..')).rejects.toThrow('leads out of the folder');
  });
});
