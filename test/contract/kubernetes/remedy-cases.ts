import { expect, it } from 'vitest';
import type { RemedyRequest } from '../../../src/domain/remedy.ts';
import { request, requestBack } from '../../activities/kubernetes/simulated-rig.ts';
import { CORE, type Deployment, LIMIT_MS, MCP } from './shapes.ts';
import { type Bench, NAMESPACE } from './subject.ts';

export function remedies(bench: () => Bench): void {
  const carriedOut = async (
    one: RemedyRequest,
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
      await carriedOut(request('rollback', 'deployment', 'noa-mcp', { revision: 2 }), 'undo', 'rollBackDeployment');
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
      const plan = await carriedOut(request('restart', 'deployment', 'noa-mcp'), 'restart', 'restartDeployment');
      expect(
        (await bench().raw<Deployment>(MCP)).spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'],
      ).toBe(plan.parameters.restartedAt);
      const [before] = await bench().client.pods(NAMESPACE, 'app=noa-redis');
      await carriedOut(request('restart', 'statefulset', 'noa-redis'), 'restart-redis', 'restartDeployment');
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
        request('scale', 'deployment', 'noa-mcp', { replicas: 6 }),
        'scale',
        'scaleDeployment',
      );
      expect(await bench().client.pods(NAMESPACE, 'app=noa-mcp')).toHaveLength(6);
      await carriedOut(requestBack(plan), 'scale-back', 'scaleDeployment');
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
      await carriedOut(request('delete-pod', 'pod', 'noa-postgres-0'), 'delete', 'deletePod');
    },
    LIMIT_MS,
  );

  it(
    'raises a memory limit and takes it back (R3.4.3)',
    async () => {
      const limit = async () =>
        (await bench().raw<Deployment>(MCP)).spec.template.spec.containers[0]?.resources.limits.memory;
      const plan = await carriedOut(
        request('memory-limit', 'deployment', 'noa-mcp', { memory: '2Gi' }),
        'memory',
        'raiseMemoryLimit',
      );
      expect(await limit()).toBe('2Gi');
      await carriedOut(requestBack(plan), 'memory-back', 'raiseMemoryLimit');
      expect(await limit()).toBe('1Gi');
    },
    LIMIT_MS,
  );

  it(
    'replaces pods one after another (R3.4.4)',
    async () => {
      const before = (await bench().client.pods(NAMESPACE, 'app=noa-mcp')).map((pod) => pod.metadata.uid);
      const plan = await bench().planFor(request('replace-pods', 'deployment', 'noa-mcp'), 'replace');
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
      await carriedOut(request('restore-config', 'configmap', 'noa-mcp-config'), 'restore', 'restoreConfig');
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
        request('rate-limit', 'manifest', 'k8s/overlays/prod/rate-limit-strict.yaml'),
        'limit',
        'limitRequests',
      );
      expect((await read()).metadata.annotations?.['nginx.ingress.kubernetes.io/global-rate-limit']).toBe('1100');
      await carriedOut(requestBack(plan), 'limit-back', 'limitRequests');
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
      const canary = await carriedOut(
        request('canary', 'manifest', 'k8s/overlays/prod-canary'),
        'canary',
        'applyCanary',
      );
      const found = () => bench().client.workload({ kind: 'deployment', namespace: NAMESPACE, name: 'noa-mcp-canary' });
      expect((await found())?.status.readyReplicas).toBe(1);
      await carriedOut(requestBack(canary), 'canary-back', 'applyCanary');
      expect(await found()).toBeNull();
      const promoted = await carriedOut(
        request('promote', 'manifest', 'k8s/overlays/prod'),
        'promote',
        'promoteRelease',
      );
      expect(await image()).toBe('v1.9.1');
      await carriedOut(requestBack(promoted), 'promote-back', 'promoteRelease');
      expect(await image()).toBe('v1.8.3');
    },
    LIMIT_MS,
  );

  it(
    'lets one of two incidents have a workload',
    async () => {
      const raise = (memory: string) => request('memory-limit', 'deployment', 'noa-claude-flow', { memory });
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
