import { expect, it } from 'vitest';
import { createClusterReadings } from '../../../src/activities/kubernetes/readings.ts';
import { CORE, type UnlessListed } from './shapes.ts';
import { type Bench, NAMESPACE } from './subject.ts';

export function reading(bench: () => Bench, unlessListed: UnlessListed): void {
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
