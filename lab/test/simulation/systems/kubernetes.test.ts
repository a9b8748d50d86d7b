import * as k8s from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Kubernetes } from '../../../simulation/systems/kubernetes/kubernetes.ts';
import { createKubernetes } from '../../../simulation/systems/kubernetes/kubernetes.ts';
import { DEFAULT_CLUSTER } from '../../../simulation/systems/kubernetes/settings.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';
import { StillWorld } from './still-world.ts';

const START_MS = Date.parse('2026-03-03T09:00:00Z');
const TOKEN = 'cluster-token';
const namespace = 'noa-server';
const deployment = { name: 'noa-mcp', namespace };

let world: StillWorld;
let kubernetes: Kubernetes;
let faults: WireFaults;
let url: string;
let config: k8s.KubeConfig;
let apps: k8s.AppsV1Api;
let core: k8s.CoreV1Api;

beforeEach(async () => {
  world = new StillWorld(START_MS);
  faults = new WireFaults();
  kubernetes = createKubernetes({
    clock: () => world.nowMs,
    faults,
    log: new WireLedger(),
    settings: DEFAULT_CLUSTER,
    seed: 7,
    startMs: START_MS,
    token: TOKEN,
  });
  kubernetes.connect({ world, providers: ['claude', 'openai'] });
  ({ url } = await kubernetes.listen());
  config = configFor(TOKEN);
  apps = config.makeApiClient(k8s.AppsV1Api);
  core = config.makeApiClient(k8s.CoreV1Api);
});

afterEach(() => kubernetes.close());

function configFor(token: string): k8s.KubeConfig {
  const made = new k8s.KubeConfig();
  made.loadFromOptions({
    clusters: [{ name: 'sim', server: url, skipTLSVerify: true }],
    users: [{ name: 'sim', token }],
    contexts: [{ name: 'sim', cluster: 'sim', user: 'sim' }],
    currentContext: 'sim',
  });
  return made;
}

function advance(seconds: number): void {
  world.nowMs += seconds * 1000;
  kubernetes.cluster.advanceTo(world.nowMs);
}

function strategic() {
  return k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch);
}

function restartPatch(at: string) {
  return { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } } };
}

async function statusOf(call: Promise<unknown>): Promise<{ code: number; reason: string; message: string }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof k8s.ApiException) {
      const body = JSON.parse(String(error.body ?? '{}')) as { reason: string; message: string };
      return { code: error.code, reason: body.reason, message: body.message };
    }
    throw error;
  }
  throw new Error('The call was expected to be refused.');
}

describe('reading', () => {
  it('lists nodes, pods by label and field, events and config maps', async () => {
    expect((await core.listNode()).items.map((node) => node.metadata?.name)).toEqual(['node-a', 'node-b', 'node-c']);
    const pods = await core.listNamespacedPod({
      namespace,
      labelSelector: 'app=noa-mcp',
      fieldSelector: 'status.phase=Running',
    });
    expect(pods.items).toHaveLength(3);
    expect(pods.items.every((pod) => pod.status?.containerStatuses?.[0]?.ready)).toBe(true);
    expect(
      (await core.listNamespacedPod({ namespace, labelSelector: 'app in (noa-redis, noa-postgres)' })).items,
    ).toHaveLength(3);
    const [configMap] = (await core.listNamespacedConfigMap({ namespace })).items;
    expect(configMap?.metadata?.managedFields?.[0]?.manager).toBe('kubectl-client-side-apply');
  });

  it('keeps the rollout history in ReplicaSets', async () => {
    const { items } = await apps.listNamespacedReplicaSet({ namespace, labelSelector: 'app=noa-mcp' });
    const history = items
      .map((one) => one.metadata?.annotations ?? {})
      .map((one) => [one['deployment.kubernetes.io/revision'], one['kubernetes.io/change-cause']])
      .sort();
    expect(history).toEqual([
      ['1', 'v1.8.2: provider retry budget'],
      ['2', 'v1.8.3: dependency updates'],
      ['3', 'v1.9.0: session export'],
    ]);
  });

  it('refuses a wrong token and says what was not found', async () => {
    const stranger = configFor('wrong').makeApiClient(k8s.CoreV1Api);
    expect(await statusOf(stranger.listNode())).toMatchObject({ code: 401 });
    expect(await statusOf(apps.readNamespacedDeployment({ name: 'nothing', namespace }))).toEqual({
      code: 404,
      reason: 'NotFound',
      message: 'deployments.apps "nothing" not found',
    });
  });

  it('serves logs by tail, time and limit', async () => {
    const pod = kubernetes.cluster.deployment('noa-mcp')?.pods[0]?.name ?? '';
    world.lines = [1, 2, 3, 4].map((n) => ({ pod, atMs: START_MS - (5 - n) * 60_000, line: `line ${n}` }));
    expect(await core.readNamespacedPodLog({ name: pod, namespace, tailLines: 2 })).toBe('line 3\nline 4\n');
    expect(await core.readNamespacedPodLog({ name: pod, namespace, sinceSeconds: 90 })).toBe('line 4\n');
    expect(await core.readNamespacedPodLog({ name: pod, namespace, limitBytes: 6 })).toBe('line 1');
    expect(await core.readNamespacedPodLog({ name: pod, namespace, tailLines: 1, timestamps: true })).toBe(
      '2026-03-03T08:59:00.000000000Z line 4\n',
    );
    expect(await statusOf(core.readNamespacedPodLog({ name: pod, namespace, previous: true }))).toMatchObject({
      code: 400,
    });
    kubernetes.cluster.restartContainer(pod, 'OOMKilled', START_MS);
    expect(await core.readNamespacedPodLog({ name: pod, namespace, previous: true, tailLines: 1 })).toBe('line 4\n');
    expect(await core.readNamespacedPodLog({ name: pod, namespace, sinceSeconds: 90 })).toBe('');
  });

  it('serves usage', async () => {
    const metrics = new k8s.Metrics(config);
    const pods = await metrics.getPodMetrics(namespace);
    expect(pods.items[0]?.containers[0]?.usage).toEqual({ cpu: '250000000n', memory: '524288Ki' });
    expect((await metrics.getNodeMetrics()).items).toHaveLength(3);
  });
});

describe('a deployment', () => {
  it('is restarted pod by pod, never with fewer ready than wanted', async () => {
    const before = kubernetes.cluster.deployment('noa-mcp')?.pods.map((pod) => pod.name) ?? [];
    await apps.patchNamespacedDeployment({ ...deployment, body: restartPatch('2026-03-03T09:00:00Z') }, strategic());
    let seconds = 0;
    while (kubernetes.cluster.nextChangeAtMs() !== null && seconds < 300) {
      const view = kubernetes.cluster.deployment('noa-mcp');
      expect(view?.readyReplicas).toBeGreaterThanOrEqual(3);
      expect(view?.pods.length).toBeLessThanOrEqual(4);
      advance(1);
      seconds += 1;
    }
    expect(seconds).toBeGreaterThanOrEqual(24);
    expect(seconds).toBeLessThanOrEqual(46);
    const after = kubernetes.cluster.deployment('noa-mcp');
    expect(after?.current.revision).toBe(4);
    expect(after?.pods.filter((pod) => before.includes(pod.name))).toEqual([]);
    expect(kubernetes.actions.flatMap((action) => action.effects)).toEqual([{ kind: 'restart' }]);
    const read = await apps.readNamespacedDeployment(deployment);
    expect(read.status).toMatchObject({
      observedGeneration: read.metadata?.generation,
      updatedReplicas: 3,
      availableReplicas: 3,
    });
    expect(read.status?.conditions?.find((one) => one.type === 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
    const reasons = (await core.listNamespacedEvent({ namespace })).items.map((event) => event.reason);
    expect(reasons).toContain('ScalingReplicaSet');
  });

  it('does nothing twice for the same restartedAt', async () => {
    const body = restartPatch('2026-03-03T09:00:00Z');
    await apps.patchNamespacedDeployment({ ...deployment, body }, strategic());
    const first = await apps.readNamespacedDeployment(deployment);
    await apps.patchNamespacedDeployment({ ...deployment, body }, strategic());
    const second = await apps.readNamespacedDeployment(deployment);
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    expect(kubernetes.cluster.deployment('noa-mcp')?.history).toHaveLength(4);
  });

  it('undone to an old template takes its ReplicaSet back under the next revision', async () => {
    kubernetes.cluster.deploy('noa-mcp', { image: 'noa-mcp:bad', changeCause: 'release of feature X' }, world.nowMs);
    advance(120);
    expect(kubernetes.cluster.deployment('noa-mcp')?.current).toMatchObject({
      revision: 4,
      changeCause: 'release of feature X',
    });
    const { items } = await apps.listNamespacedReplicaSet({ namespace, labelSelector: 'app=noa-mcp' });
    const old = items.find((one) => one.metadata?.annotations?.['deployment.kubernetes.io/revision'] === '3');
    const { 'pod-template-hash': _hash, ...labels } = old?.spec?.template?.metadata?.labels ?? {};
    const template = { ...old?.spec?.template, metadata: { labels } };
    const body = [{ op: 'replace', path: '/spec/template', value: template }];
    await apps.patchNamespacedDeployment(
      { ...deployment, body },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch),
    );
    advance(120);
    const view = kubernetes.cluster.deployment('noa-mcp');
    expect(view?.current).toMatchObject({ revision: 5, image: 'registry.noaserver.com/noa-mcp:v1.9.0' });
    expect(view?.history.map((one) => one.revision)).toEqual([1, 2, 4, 5]);
    expect(view?.pods.every((pod) => pod.revision === 5 && pod.ready)).toBe(true);
    expect(kubernetes.actions.at(-1)?.effects).toEqual([{ kind: 'rollback', fromRevision: 4, toRevision: 3 }]);
  });

  it('is scaled through its scale and by patch', async () => {
    const scale = await apps.readNamespacedDeploymentScale(deployment);
    expect(scale.spec?.replicas).toBe(3);
    await apps.patchNamespacedDeploymentScale(
      { ...deployment, body: { spec: { replicas: 6 } } },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
    );
    advance(16);
    expect(kubernetes.cluster.deployment('noa-mcp')?.readyReplicas).toBe(6);
    expect(kubernetes.actions.at(-1)?.effects).toEqual([{ kind: 'scale', from: 3, to: 6 }]);
  });

  it('takes a memory limit by JSON patch with a test, and refuses a test that fails', async () => {
    const path = '/spec/template/spec/containers/0/resources/limits/memory';
    const json = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch);
    const patch = (from: string) => [
      { op: 'test', path, value: from },
      { op: 'replace', path, value: '2Gi' },
    ];
    expect(await statusOf(apps.patchNamespacedDeployment({ ...deployment, body: patch('7Gi') }, json))).toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
    await apps.patchNamespacedDeployment({ ...deployment, body: patch('1Gi') }, json);
    expect(kubernetes.cluster.deployment('noa-mcp')?.memoryLimitMiB).toBe(2048);
  });

  it('refuses a stale resourceVersion, a wrong content type and an impossible spec, and changes nothing in a dry run', async () => {
    const stale = { metadata: { resourceVersion: '1', annotations: { claim: 'x' } } };
    expect(await statusOf(apps.patchNamespacedDeployment({ ...deployment, body: stale }, strategic()))).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    const answer = await fetch(`${url}/apis/apps/v1/namespaces/${namespace}/deployments/noa-mcp`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(415);
    const impossible = { spec: { replicas: -1 } };
    expect(
      await statusOf(apps.patchNamespacedDeployment({ ...deployment, body: impossible }, strategic())),
    ).toMatchObject({ code: 422 });
    const dry = await apps.patchNamespacedDeployment(
      { ...deployment, body: { spec: { replicas: 9 } }, dryRun: 'All' },
      strategic(),
    );
    expect(dry.spec?.replicas).toBe(9);
    expect(kubernetes.cluster.deployment('noa-mcp')?.wantedReplicas).toBe(3);
  });

  it('says so when a rollout does not get on', async () => {
    kubernetes.cluster.deploy('noa-mcp', { image: 'noa-mcp:broken', changeCause: 'broken' }, world.nowMs);
    const fresh = kubernetes.cluster.deployment('noa-mcp')?.pods.find((pod) => pod.revision === 4);
    kubernetes.cluster.troublePod(fresh?.name ?? '', { reason: 'CrashLoopBackOff', ready: false }, world.nowMs);
    advance(700);
    const read = await apps.readNamespacedDeployment(deployment);
    expect(read.status?.conditions?.find((one) => one.type === 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
    });
    expect(read.status?.availableReplicas).toBe(3);
    const pod = await core.readNamespacedPod({ name: fresh?.name ?? '', namespace });
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('CrashLoopBackOff');
  });
});

describe('pods', () => {
  it('of a StatefulSet come back under their name with a new uid, and the old uid protects the new pod', async () => {
    const before = await core.readNamespacedPod({ name: 'noa-postgres-0', namespace });
    const uid = before.metadata?.uid ?? '';
    await core.deleteNamespacedPod({ name: 'noa-postgres-0', namespace, body: { preconditions: { uid } } });
    const pending = await core.readNamespacedPod({ name: 'noa-postgres-0', namespace });
    expect(pending.metadata?.uid).not.toBe(uid);
    expect(pending.status?.phase).toBe('Pending');
    const again = core.deleteNamespacedPod({ name: 'noa-postgres-0', namespace, body: { preconditions: { uid } } });
    expect(await statusOf(again)).toMatchObject({ code: 409, reason: 'Conflict' });
    advance(16);
    expect(kubernetes.cluster.pods().find((pod) => pod.name === 'noa-postgres-0')).toMatchObject({
      ready: true,
      phase: 'Running',
    });
    expect(await statusOf(core.deleteNamespacedPod({ name: 'noa-postgres-9', namespace }))).toMatchObject({
      code: 404,
    });
  });

  it('show that they were killed for memory', async () => {
    const name = kubernetes.cluster.deployment('noa-mcp')?.pods[0]?.name ?? '';
    kubernetes.cluster.restartContainer(name, 'OOMKilled', world.nowMs);
    const status = (await core.readNamespacedPod({ name, namespace })).status?.containerStatuses?.[0];
    expect(status).toMatchObject({
      ready: false,
      restartCount: 1,
      lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
    });
    advance(16);
    expect((await core.readNamespacedPod({ name, namespace })).status?.containerStatuses?.[0]?.ready).toBe(true);
  });

  it('leave a node that went down', async () => {
    const node = kubernetes.cluster.deployment('noa-mcp')?.pods[0]?.node ?? '';
    kubernetes.cluster.setNode(node, { ready: false, pressure: null }, world.nowMs);
    expect((await core.readNode({ name: node })).status?.conditions?.find((one) => one.type === 'Ready')?.status).toBe(
      'Unknown',
    );
    advance(330);
    const view = kubernetes.cluster.deployment('noa-mcp');
    expect(view?.readyReplicas).toBe(3);
    expect(view?.pods.map((pod) => pod.node)).not.toContain(node);
  });

  it('are restarted in order by a StatefulSet restart', async () => {
    const uids = async () =>
      (await core.listNamespacedPod({ namespace, labelSelector: 'app=noa-redis' })).items.map(
        (pod) => pod.metadata?.uid,
      );
    const before = await uids();
    await apps.patchNamespacedStatefulSet(
      { name: 'noa-redis', namespace, body: restartPatch('2026-03-03T09:00:00Z') },
      strategic(),
    );
    advance(20);
    expect(await uids()).not.toEqual(before);
    const { items } = await apps.listNamespacedControllerRevision({ namespace, labelSelector: 'app=noa-redis' });
    expect(items.map((one) => one.revision).sort()).toEqual([1, 2]);
  });
});

describe("the service's admin API through the proxy", () => {
  it('opens a breaker and fails over on one pod', async () => {
    const [first, second] = kubernetes.cluster.deployment('noa-mcp')?.pods.map((pod) => pod.name) ?? [];
    const call = async (pod: string | undefined, method: string, path: string, body?: unknown) => {
      const answer = await fetch(`${url}/api/v1/namespaces/${namespace}/pods/http:${pod}:8001/proxy${path}`, {
        method,
        headers: { authorization: `Bearer ${TOKEN}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    expect(await call(first, 'POST', '/api/v1/admin/circuit-breaker/claude/open')).toEqual({
      status: 200,
      body: { provider: 'claude', state: 'open' },
    });
    expect((await call(second, 'GET', '/api/v1/admin/circuit-breaker/claude')).body).toEqual({
      provider: 'claude',
      state: 'closed',
    });
    await call(first, 'POST', '/api/v1/admin/providers/failover', { primary: 'claude', fallback: 'openai' });
    expect((await call(first, 'GET', '/api/v1/admin/providers/failover')).body).toEqual({
      failovers: { claude: 'openai' },
    });
    expect(
      (await call(first, 'POST', '/api/v1/admin/providers/failover', { primary: 'claude', fallback: 'claude' })).status,
    ).toBe(400);
    expect(kubernetes.adminActions.map((action) => action.change.kind)).toEqual(['breaker', 'failover']);
    expect((await call('gone', 'GET', '/health')).status).toBe(404);
  });
});

describe('faults of the wire', () => {
  it('carries out a write whose answer is lost', async () => {
    faults.set('kubernetes', { kind: 'lost-answer', times: 1 });
    const lost = apps.patchNamespacedDeployment(
      { ...deployment, body: restartPatch('2026-03-03T09:00:00Z') },
      strategic(),
    );
    await expect(lost).rejects.toThrow();
    expect(kubernetes.actions).toHaveLength(1);
    faults.set('kubernetes', { kind: 'error-500', times: 1 });
    expect(await statusOf(core.listNode())).toMatchObject({ code: 500, reason: 'InternalError' });
  });
});
