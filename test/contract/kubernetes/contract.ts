import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClusterReadings } from '../../../src/activities/kubernetes/readings.ts';
import type { RemedyWish } from '../../../src/domain/remedy.ts';
import { wish, wishBack } from '../../activities/kubernetes/simulated-rig.ts';
import { type Bench, benchOf, type ListedCase, NAMESPACE, type Subject } from './subject.ts';

const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const MCP = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/noa-mcp`;
const LIMIT_MS = 120_000;
/** On a machine that has never built the API server, that comes first. */
const OPEN_LIMIT_MS = 25 * 60_000;

interface Status {
  readonly kind: string;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly name?: string;
    readonly causes?: readonly { readonly reason: string; readonly message: string }[];
  };
}

interface Deployment {
  readonly metadata: { readonly resourceVersion: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly resources: { readonly limits: Record<string, string> };
        }[];
      };
    };
  };
}

/** The same cases for the simulated API server and the real one: what we send is understood, what comes back is what we read. */
export function kubernetesContract(name: string, open: () => Promise<Subject>): void {
  describe(`the Kubernetes API, ${name}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = benchOf(await open());
    }, OPEN_LIMIT_MS);
    afterAll(async () => {
      const listed = Object.entries(bench.subject.cannotShow);
      console.log(
        `Kubernetes contract, ${name}: ${listed.length} cases are listed instead of shown${listed.map(([one, why]) => `\n  ${one}: ${why}`).join('')}`,
      );
      await bench.subject.close();
    });
    const unlessListed = (one: ListedCase, shown: () => Promise<void>, instead: () => Promise<void>) => async () =>
      one in bench.subject.cannotShow ? instead() : shown();

    reading(() => bench, unlessListed);
    refusals(() => bench);
    writing(() => bench);
    remedies(() => bench);
  });
}

type UnlessListed = (one: ListedCase, shown: () => Promise<void>, instead: () => Promise<void>) => () => Promise<void>;

function reading(bench: () => Bench, unlessListed: UnlessListed): void {
  it('discovers groups, versions, kinds and subresources', async () => {
    const core = await bench().raw<{ resources: { name: string; kind: string; namespaced: boolean }[] }>('/api/v1');
    const names = core.resources.map((one) => one.name);
    expect(names).toEqual(
      expect.arrayContaining(['pods', 'pods/log', 'pods/exec', 'pods/eviction', 'configmaps', 'nodes']),
    );
    const apps = await bench().raw<typeof core>('/apis/apps/v1');
    expect(apps.resources.find((one) => one.name === 'deployments')).toMatchObject({
      kind: 'Deployment',
      namespaced: true,
    });
    expect((await bench().connection.send({ method: 'GET', path: '/apis/nothing.test/v1' })).status).toBe(404);
  });

  it('lists nodes and pods with node, phase and restarts (R2.0, R2.1)', async () => {
    const readings = createClusterReadings(bench().client);
    expect((await readings.nodes()).map(({ name, ready }) => [name, ready])).toEqual([
      ['node-a', true],
      ['node-b', true],
      ['node-c', true],
    ]);
    const pods = (await readings.pods(NAMESPACE)).filter((pod) => pod.app === 'noa-mcp');
    expect(pods).toHaveLength(3);
    for (const pod of pods)
      expect(pod).toMatchObject({
        phase: 'Running',
        ready: true,
        restarts: 0,
        node: expect.stringMatching(/^node-/),
        memoryLimitMiB: 1024,
      });
  });

  it('tells the rollout history with image and change (R2.2, R2.10)', async () => {
    const rollouts = await createClusterReadings(bench().client).rollouts(NAMESPACE);
    expect(rollouts.map(({ name }) => name).sort()).toEqual(['noa-claude-flow', 'noa-mcp']);
    const mcp = rollouts.find(({ name }) => name === 'noa-mcp');
    expect(mcp?.history.map(({ revision, image, change }) => [revision, image.split(':')[1], change])).toEqual([
      [3, 'v1.9.0', 'v1.9.0: session export'],
      [2, 'v1.8.3', 'v1.8.3: dependency updates'],
      [1, 'v1.8.2', 'v1.8.2: provider retry budget'],
    ]);
    expect(mcp?.previous?.revision).toBe(2);
  });

  it('knows who changed a ConfigMap and when from its managedFields (R2.11)', async () => {
    const patch = { type: 'merge', body: { metadata: { labels: { seen: 'by-contract' } } } } as const;
    expect(await bench().client.patchConfigMap(NAMESPACE, 'noa-mcp-config', patch, false)).toEqual({ kind: 'written' });
    const changes = await createClusterReadings(bench().client).configChanges(NAMESPACE);
    const change = changes.find(({ configmap }) => configmap === 'noa-mcp-config');
    expect(change?.changedAt).toMatch(/^\d{4}-.*Z$/);
    const { metadata } = await bench().raw<{ metadata: { managedFields: { manager: string; operation: string }[] } }>(
      `${CORE}/configmaps/noa-mcp-config`,
    );
    expect(metadata.managedFields.map((one) => `${one.operation} ${one.manager}`)).toEqual(
      expect.arrayContaining(['Update incident-runbook', 'Update kubectl-client-side-apply']),
    );
  });

  it('bounds logs by lines and bytes, each line with its time (R2.6)', async () => {
    const [pod] = await bench().client.pods(NAMESPACE, 'app=noa-mcp');
    const name = pod?.metadata.name ?? '';
    const read = (window: { tailLines?: number; limitBytes: number }) =>
      bench().client.podLog(NAMESPACE, name, 'noa-mcp', window);
    const whole = (await read({ limitBytes: 100_000 })).trimEnd().split('\n');
    expect(whole.length).toBeGreaterThanOrEqual(20);
    for (const line of whole) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) line \d+/);
    expect((await read({ tailLines: 5, limitBytes: 100_000 })).trimEnd().split('\n')).toEqual(whole.slice(-5));
    expect(Buffer.byteLength(await read({ limitBytes: 100 }))).toBeLessThanOrEqual(100);
  });

  it('runs a program in a container and hands back what it said', async () => {
    const [pod] = await bench().client.pods(NAMESPACE, 'app=noa-mcp');
    const call = {
      namespace: NAMESPACE,
      pod: pod?.metadata.name ?? '',
      container: 'noa-mcp',
      timeoutMilliseconds: 10_000,
    };
    expect(await bench().client.exec({ ...call, command: ['echo', 'one two', '; rm -rf /'] })).toEqual({
      exitCode: 0,
      stdout: 'one two ; rm -rf /\n',
      stderr: '',
      truncated: false,
    });
    await expect(bench().client.exec({ ...call, command: ['sh', '-c', 'true'] })).rejects.toMatchObject({
      type: 'Invalid',
    });
    await expect(bench().client.exec({ ...call, pod: 'nobody-0', command: ['true'] })).rejects.toMatchObject({
      type: 'NotFound',
    });
    await expect(bench().client.exec({ ...call, command: ['no-such-program'] })).rejects.toMatchObject({
      type: expect.any(String),
    });
  });

  it('tells the exit code of a program that fails', async () => {
    const [pod] = await bench().client.pods(NAMESPACE, 'app=noa-mcp');
    const call = {
      namespace: NAMESPACE,
      pod: pod?.metadata.name ?? '',
      container: 'noa-mcp',
      command: ['false'],
      timeoutMilliseconds: 10_000,
    };
    await unlessListed(
      'exit code',
      async () => expect(await bench().client.exec(call)).toMatchObject({ exitCode: 1 }),
      // What kwok says instead; a kubelet's own bytes are checked in test/activities/kubernetes/exec.test.ts.
      async () =>
        expect(bench().client.exec(call)).rejects.toMatchObject({ message: expect.stringContaining('exit status 1') }),
    )();
  });

  it('reads what pods and nodes use (R2.3, R3.4.1)', async () => {
    await unlessListed(
      'metrics',
      async () => {
        const usage = await createClusterReadings(bench().client).usage(NAMESPACE);
        expect(usage.pods.find((pod) => pod.name.startsWith('noa-mcp-'))).toMatchObject({
          memoryMiB: 512,
          cpuMillicores: 250,
          memoryLimitMiB: 1024,
        });
        expect(usage.nodes).toHaveLength(3);
      },
      // The answer of an API server without a metrics server is a failure that names it, never zero.
      async () => expect(bench().client.podUsage(NAMESPACE)).rejects.toMatchObject({ type: 'NotFound' }),
    )();
  });
}

function refusals(bench: () => Bench): void {
  const statusOf = async (send: Promise<{ text: string }>) => JSON.parse((await send).text) as Status;

  it('answers 404 with what was not found', async () => {
    expect(await statusOf(bench().connection.send({ method: 'GET', path: `${CORE}/pods/nobody-0` }))).toMatchObject({
      kind: 'Status',
      code: 404,
      reason: 'NotFound',
      message: 'pods "nobody-0" not found',
      details: { name: 'nobody-0', kind: 'pods' },
    });
    expect(await bench().client.workload({ kind: 'deployment', namespace: NAMESPACE, name: 'nobody' })).toBeNull();
  });

  it('answers 409 to a write on an old version, and nothing is written', async () => {
    const body = { metadata: { resourceVersion: '1', annotations: { 'contract/stale': 'yes' } } };
    const call = { method: 'PATCH', path: MCP, contentType: 'application/merge-patch+json', body } as const;
    const answer = await statusOf(bench().connection.send(call));
    expect(answer).toMatchObject({ code: 409, reason: 'Conflict', details: { name: 'noa-mcp' } });
    expect(answer.message).toContain(
      'the object has been modified; please apply your changes to the latest version and try again',
    );
    expect((await bench().raw<Deployment>(MCP)).metadata.annotations['contract/stale']).toBeUndefined();
  });

  it('answers 403 with who may not do what, and 401 to a stranger’s token', async () => {
    const as = (token: string) => bench().connectAs(token).send({ method: 'GET', path: MCP });
    expect(await statusOf(as(bench().subject.strangerToken))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `deployments.apps "noa-mcp" is forbidden: User "nobody" cannot get resource "deployments" in API group "apps" in the namespace "${NAMESPACE}"`,
    });
    expect(await statusOf(as('no-such-token'))).toMatchObject({ code: 401, reason: 'Unauthorized' });
  });

  it('says by a SelfSubjectAccessReview what somebody may do', async () => {
    const review = async (token: string) => {
      const resourceAttributes = { namespace: NAMESPACE, verb: 'patch', group: 'apps', resource: 'deployments' };
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      };
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      const { text } = await bench().connectAs(token).send({ method: 'POST', path, body });
      return (JSON.parse(text) as { status: { allowed: boolean } }).status.allowed;
    };
    expect(await review(bench().subject.token)).toBe(true);
    expect(await review(bench().subject.strangerToken)).toBe(false);
  });
}

function writing(bench: () => Bench): void {
  it('refuses a JSON patch whose test fails, as a whole', async () => {
    const before = await bench().raw<Deployment>(MCP);
    const operations = [
      { op: 'test', path: '/spec/replicas', value: 77 },
      { op: 'replace', path: '/spec/replicas', value: 5 },
    ];
    const ref = { kind: 'deployment', namespace: NAMESPACE, name: 'noa-mcp' } as const;
    expect(await bench().client.patchWorkload(ref, { type: 'json', body: operations }, false)).toMatchObject({
      kind: 'conflict',
    });
    expect((await bench().raw<Deployment>(MCP)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('rehearses a write without doing it (server-side dry run)', async () => {
    const before = await bench().raw<Deployment>(MCP);
    const ref = { kind: 'deployment', namespace: NAMESPACE, name: 'noa-mcp' } as const;
    expect(await bench().client.patchWorkload(ref, { type: 'merge', body: { spec: { replicas: 9 } } }, true)).toEqual({
      kind: 'written',
    });
    const invalid = { type: 'merge', body: { spec: { replicas: -1 } } } as const;
    expect(await bench().client.patchWorkload(ref, invalid, true)).toMatchObject({
      message: expect.stringContaining('spec.replicas'),
    });
    expect(await bench().raw<Deployment>(MCP)).toEqual(before);
  });

  it('has the scale of a workload as a subresource', async () => {
    const scale = await bench().raw<{ kind: string; spec: { replicas: number }; status: { selector: string } }>(
      `${MCP}/scale`,
    );
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 3 }, status: { selector: 'app=noa-mcp' } });
    const patch = async (replicas: number) => {
      const call = {
        method: 'PATCH',
        path: `${MCP}/scale`,
        contentType: 'application/merge-patch+json',
        body: { spec: { replicas } },
      } as const;
      expect((await bench().connection.send(call)).status).toBe(200);
    };
    await patch(4);
    expect((await bench().raw<Deployment>(MCP)).spec.replicas).toBe(4);
    await bench().until('an event tells of it', async () => {
      const { items } = await bench().raw<{ items: { reason: string; message: string }[] }>(`${CORE}/events`);
      return items.some(
        ({ reason, message }) =>
          reason === 'ScalingReplicaSet' && /Scaled up replica set noa-mcp-\w+ from 3 to 4/.test(message),
      );
    });
    await patch(3);
    await bench().until('it is back', async () => (await bench().client.pods(NAMESPACE, 'app=noa-mcp')).length === 3);
  });

  it('deletes and evicts only the pod of that uid', async () => {
    const [pod] = await bench().client.pods(NAMESPACE, 'app=noa-postgres');
    const { name, uid } = pod?.metadata ?? { name: '', uid: '' };
    expect(await bench().client.deletePod(NAMESPACE, name, 'another-uid', false)).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('the UID in the precondition (another-uid) does not match the UID in record'),
    });
    expect(await bench().client.evictPod(NAMESPACE, name, 'another-uid', false)).toMatchObject({ kind: 'conflict' });
    expect(await bench().client.evictPod(NAMESPACE, name, uid, true)).toEqual({ kind: 'written' });
    expect((await bench().client.pod(NAMESPACE, name))?.metadata.uid).toBe(uid);
  });

  it('applies under a field manager, with conflicts, force, and removal of what is applied no more', async () => {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'contract-applied' };
    const manifest = (data: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: ref.name },
      data,
    });
    const others = (data: Record<string, string>, force: boolean) =>
      bench().connection.send({
        method: 'PATCH',
        path: `${CORE}/configmaps/${ref.name}`,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'somebody-else', force: String(force) },
        body: manifest(data),
      });
    const apply = (data: Record<string, string>, options = { dryRun: false, force: false }) =>
      bench().client.apply(ref, manifest(data), options);
    expect(await apply({ a: '1' }, { dryRun: true, force: false })).toMatchObject({ kind: 'applied' });
    expect(await bench().client.object(ref)).toBeNull();
    expect(await apply({ a: '1', b: '1' })).toMatchObject({ kind: 'applied' });
    const refused = JSON.parse((await others({ a: '2' }, false)).text) as Status;
    expect(refused).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "incident-runbook": .data.a',
    });
    expect(refused.details?.causes?.[0]).toEqual({
      reason: 'FieldManagerConflict',
      message: 'conflict with "incident-runbook"',
      field: '.data.a',
    });
    expect((await others({ a: '2' }, true)).status).toBe(200);
    expect(await apply({ b: '1' })).toMatchObject({ kind: 'applied' });
    expect((await bench().client.object(ref))?.data).toEqual({ a: '2', b: '1' });
    expect(await apply({ a: '3' })).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('conflict with "somebody-else": .data.a'),
    });
    expect(await apply({})).toMatchObject({ kind: 'applied' });
    const live = await bench().client.object(ref);
    expect(live?.data).toEqual({ a: '2' });
    expect(await bench().client.deleteObject(ref, 'another-uid')).toBe(false);
    expect(await bench().client.deleteObject(ref, live?.metadata.uid ?? '')).toBe(true);
    expect(await bench().client.object(ref)).toBeNull();
  });
}

function remedies(bench: () => Bench): void {
  const carriedOut = async (
    one: RemedyWish,
    prefix: string,
    act:
      | 'restartDeployment'
      | 'rollBackDeployment'
      | 'scaleDeployment'
      | 'deletePod'
      | 'raiseMemoryLimit'
      | 'restoreConfig'
      | 'limitRequests'
      | 'applyCanary'
      | 'promoteRelease',
  ) => {
    const plan = await bench().planFor(one, prefix);
    expect(await bench().activities[act](plan)).toMatchObject({ result: 'done' });
    expect(await bench().activities[act](plan)).toMatchObject({ result: 'already-done' });
    await bench().rolledOut(plan);
    return plan;
  };
  const image = async () => (await bench().raw<Deployment>(MCP)).spec.template.spec.containers[0]?.image.split(':')[1];

  it(
    'rolls back to a named revision, once (R3.2.4)',
    async () => {
      await carriedOut(wish('rollback', 'deployment', 'noa-mcp', { revision: 2 }), 'undo', 'rollBackDeployment');
      expect(await image()).toBe('v1.8.3');
      expect((await bench().raw<Deployment>(MCP)).metadata.annotations).toMatchObject({
        'deployment.kubernetes.io/revision': '4',
        'kubernetes.io/change-cause': 'v1.8.3: dependency updates',
      });
    },
    LIMIT_MS,
  );

  it(
    'restarts a deployment and a StatefulSet (R3.1.3, R3.3.3)',
    async () => {
      const plan = await carriedOut(wish('restart', 'deployment', 'noa-mcp'), 'restart', 'restartDeployment');
      expect(
        (await bench().raw<Deployment>(MCP)).spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'],
      ).toBe(plan.parameters.restartedAt);
      const [before] = await bench().client.pods(NAMESPACE, 'app=noa-redis');
      await carriedOut(wish('restart', 'statefulset', 'noa-redis'), 'restart-redis', 'restartDeployment');
      const [after] = await bench().client.pods(NAMESPACE, 'app=noa-redis');
      expect(after?.metadata.name).toBe('noa-redis-0');
      expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
    },
    LIMIT_MS,
  );

  it(
    'scales up and back (R3.3.4)',
    async () => {
      const plan = await carriedOut(
        wish('scale', 'deployment', 'noa-mcp', { replicas: 6 }),
        'scale',
        'scaleDeployment',
      );
      expect(await bench().client.pods(NAMESPACE, 'app=noa-mcp')).toHaveLength(6);
      await carriedOut(wishBack(plan), 'scale-back', 'scaleDeployment');
      await bench().until(
        'three are left',
        async () => (await bench().client.pods(NAMESPACE, 'app=noa-mcp')).length === 3,
      );
    },
    LIMIT_MS,
  );

  it(
    'deletes the database pod, which comes back (R3.1.4)',
    async () => {
      await carriedOut(wish('delete-pod', 'pod', 'noa-postgres-0'), 'delete', 'deletePod');
    },
    LIMIT_MS,
  );

  it(
    'raises a memory limit and takes it back (R3.4.3)',
    async () => {
      const limit = async () =>
        (await bench().raw<Deployment>(MCP)).spec.template.spec.containers[0]?.resources.limits.memory;
      const plan = await carriedOut(
        wish('memory-limit', 'deployment', 'noa-mcp', { memory: '2Gi' }),
        'memory',
        'raiseMemoryLimit',
      );
      expect(await limit()).toBe('2Gi');
      await carriedOut(wishBack(plan), 'memory-back', 'raiseMemoryLimit');
      expect(await limit()).toBe('1Gi');
    },
    LIMIT_MS,
  );

  it(
    'replaces pods one after another (R3.4.4)',
    async () => {
      const before = (await bench().client.pods(NAMESPACE, 'app=noa-mcp')).map((pod) => pod.metadata.uid);
      const plan = await bench().planFor(wish('replace-pods', 'deployment', 'noa-mcp'), 'replace');
      for (let left: unknown = 3, calls = 0; left !== 0; calls += 1) {
        expect(calls).toBeLessThan(10);
        ({ left } = (await bench().activities.replaceNextPod(plan)).observed);
        await bench().rolledOut(plan);
      }
      const after = (await bench().client.pods(NAMESPACE, 'app=noa-mcp')).map((pod) => pod.metadata.uid);
      expect(after.filter((uid) => before.includes(uid))).toEqual([]);
      expect(await bench().activities.replaceNextPod(plan)).toMatchObject({ result: 'already-done' });
    },
    LIMIT_MS,
  );

  it(
    'puts an edited ConfigMap back to what was last applied (R2.11)',
    async () => {
      const data = async () =>
        (await bench().raw<{ data: Record<string, string> }>(`${CORE}/configmaps/noa-mcp-config`)).data;
      const good = await data();
      await bench().subject.editConfigMap();
      expect(await data()).not.toEqual(good);
      await carriedOut(wish('restore-config', 'configmap', 'noa-mcp-config'), 'restore', 'restoreConfig');
      expect(await data()).toEqual(good);
    },
    LIMIT_MS,
  );

  it(
    'applies the strict rate limit and leaves nothing of it behind (R3.3.5)',
    async () => {
      const path = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/ingresses/noa-server`;
      const read = () => bench().raw<{ metadata: { annotations?: Record<string, string> }; spec: unknown }>(path);
      const before = await read();
      const plan = await carriedOut(
        wish('rate-limit', 'manifest', 'k8s/overlays/prod/rate-limit-strict.yaml'),
        'limit',
        'limitRequests',
      );
      expect((await read()).metadata.annotations?.['nginx.ingress.kubernetes.io/global-rate-limit']).toBe('1100');
      await carriedOut(wishBack(plan), 'limit-back', 'limitRequests');
      const after = await read();
      expect(after.spec).toEqual(before.spec);
      expect(
        Object.keys(after.metadata.annotations ?? {}).filter((key) => key.includes('nginx') || key.endsWith('/before')),
      ).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'applies the canary, deletes it, and promotes (R5.10, R5.12)',
    async () => {
      const canary = await carriedOut(wish('canary', 'manifest', 'k8s/overlays/prod-canary'), 'canary', 'applyCanary');
      const found = () => bench().client.workload({ kind: 'deployment', namespace: NAMESPACE, name: 'noa-mcp-canary' });
      expect((await found())?.status.readyReplicas).toBe(1);
      await carriedOut(wishBack(canary), 'canary-back', 'applyCanary');
      expect(await found()).toBeNull();
      const promoted = await carriedOut(wish('promote', 'manifest', 'k8s/overlays/prod'), 'promote', 'promoteRelease');
      expect(await image()).toBe('v1.9.1');
      await carriedOut(wishBack(promoted), 'promote-back', 'promoteRelease');
      expect(await image()).toBe('v1.8.3');
    },
    LIMIT_MS,
  );

  it(
    'lets one of two incidents have a workload',
    async () => {
      const raise = (memory: string) => wish('memory-limit', 'deployment', 'noa-claude-flow', { memory });
      const [one, two] = [
        await bench().planFor(raise('3Gi'), 'race', 'incident-a'),
        await bench().planFor(raise('4Gi'), 'race', 'incident-b'),
      ];
      const results = await Promise.all([
        bench().activities.raiseMemoryLimit(one),
        bench().activities.raiseMemoryLimit(two),
      ]);
      expect(results.map(({ result }) => result).sort()).toEqual(['done', 'refused']);
    },
    LIMIT_MS,
  );
}
