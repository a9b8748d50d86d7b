import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKubernetes, type Kubernetes } from '../../../lab/simulation/systems/kubernetes/kubernetes.ts';
import { DEFAULT_CLUSTER } from '../../../lab/simulation/systems/kubernetes/settings.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { StillWorld } from '../../../lab/test/simulation/systems/still-world.ts';
import { createProviderActivities } from '../../../src/activities/admin-api/activities.ts';
import { createAdminClient } from '../../../src/activities/admin-api/client.ts';
import { createClusterActivities } from '../../../src/activities/kubernetes/activities.ts';
import { createKubernetesClient } from '../../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../../src/activities/kubernetes/connection.ts';
import { createPodGateway } from '../../../src/activities/kubernetes/pod-gateway.ts';
import { createClusterReadings } from '../../../src/activities/kubernetes/readings.ts';
import type { ServicePolicy } from '../../../src/domain/policy.ts';
import type { RemedyPlan, RemedyRequest } from '../../../src/domain/remedy.ts';

const START_MS = Date.parse('2026-03-03T09:00:00Z');
const namespace = 'noa-server';

let world: StillWorld;
let kubernetes: Kubernetes;
let faults: WireFaults;
let client: ReturnType<typeof createKubernetesClient>;
let cluster: ReturnType<typeof createClusterActivities>;
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
    token: 'cluster-token',
  });
  kubernetes.connect({ world, providers: ['claude', 'openai'] });
  const { url } = await kubernetes.listen();
  client = createKubernetesClient(
    connectToKubernetes({ apiUrl: url, token: 'cluster-token', timeoutMilliseconds: 2000 }),
  );
  cluster = createClusterActivities(client);
});
afterEach(() => kubernetes.close());

function advance(seconds: number): void {
  world.nowMs += seconds * 1000;
  kubernetes.cluster.advanceTo(world.nowMs);
}

function request(
  action: RemedyRequest['action'],
  kind: RemedyRequest['target']['kind'],
  name: string,
  parameters: RemedyRequest['parameters'] = {},
): RemedyRequest {
  return { action, target: { kind, namespace, name }, parameters };
}

async function planFor(one: RemedyRequest, keyPrefix = 'incident-a/step-1'): Promise<RemedyPlan> {
  const at = new Date(world.nowMs).toISOString();
  const [preview] = await cluster.previewClusterRemedies({ incidentId: 'incident-a', keyPrefix, requests: [one], at });
  if (preview?.kind !== 'plan') throw new Error(preview?.reason);
  return preview.plan;
}

const effects = () => kubernetes.actions.flatMap((action) => action.effects.map((effect) => effect.kind));

describe('against the simulated cluster', () => {
  it('rolls a deploy back once, though a restart came between and the first answer was lost (R3.2.4)', async () => {
    kubernetes.cluster.deploy(
      'noa-mcp',
      { image: 'registry.noaserver.com/noa-mcp:v2.0.0', changeCause: 'v2.0.0: feature X' },
      world.nowMs,
    );
    advance(300);
    await cluster.restartDeployment(await planFor(request('restart', 'deployment', 'noa-mcp')));
    advance(300);
    const rollouts = await createClusterReadings(client).rollouts(namespace);
    expect(rollouts.find((one) => one.name === 'noa-mcp')).toMatchObject({
      current: { change: 'v2.0.0: feature X' },
      previous: { change: 'v1.9.0: session export' },
      ready: 3,
    });
    const plan = await planFor(request('rollback', 'deployment', 'noa-mcp'), 'incident-a/step-2');
    faults.set('kubernetes', { kind: 'lost-answer', times: 9 });
    await expect(cluster.rollBackDeployment(plan)).rejects.toMatchObject({ type: 'Unavailable' });
    faults.clearAll();
    const outcome = await cluster.rollBackDeployment(plan);
    expect(['done', 'already-done']).toContain(outcome.result);
    expect(await cluster.rollBackDeployment(plan)).toMatchObject({ result: 'already-done' });
    expect(effects().filter((kind) => kind.includes('roll'))).toHaveLength(1);
    await expect(cluster.awaitRollout({ plan, pollSeconds: 5 })).rejects.toMatchObject({
      type: 'NotYet',
      message: expect.stringMatching(/pods replaced|not seen|stopping|ready/),
    });
    advance(600);
    expect(await cluster.awaitRollout({ plan, pollSeconds: 5 })).toMatchObject({ complete: true });
    expect(kubernetes.cluster.deployment('noa-mcp')?.current.image).toContain('v1.9.0');
  });

  it('scales up and back', async () => {
    const plan = await planFor(request('scale', 'deployment', 'noa-mcp', { replicas: 6 }));
    expect(await cluster.scaleDeployment(plan)).toMatchObject({ result: 'done', observed: { replicas: 6 } });
    advance(300);
    expect(await cluster.awaitRollout({ plan, pollSeconds: 5 })).toMatchObject({ complete: true });
    const back = await planFor(
      request('scale', 'deployment', 'noa-mcp', { replicas: 3, scaledTo: 6, revert: 1 }),
      'incident-a/revert',
    );
    expect(await cluster.scaleDeployment(back)).toMatchObject({ result: 'done', observed: { replicas: 3 } });
  });

  it('deletes the database pod and sees it come back (R3.1.4)', async () => {
    const plan = await planFor(request('delete-pod', 'pod', 'noa-postgres-0'));
    expect(await cluster.deletePod(plan)).toMatchObject({ result: 'done' });
    advance(300);
    expect(await cluster.awaitRollout({ plan, pollSeconds: 5 })).toMatchObject({ complete: true });
    expect(await cluster.deletePod(plan)).toMatchObject({ result: 'already-done' });
    expect(effects().filter((kind) => kind === 'delete-pod')).toHaveLength(1);
  });

  it('reads nodes, pods, usage, ConfigMaps and warnings', async () => {
    const readings = createClusterReadings(client);
    expect((await readings.nodes()).map((node) => node.ready)).toEqual([true, true, true]);
    expect((await readings.pods(namespace)).length).toBeGreaterThan(4);
    expect((await readings.usage(namespace)).pods[0]).toMatchObject({
      name: expect.any(String),
      memoryMiB: expect.any(Number),
    });
    const [configMap] = await readings.configChanges(namespace);
    expect(configMap?.changedAt).toMatch(/Z$/);
    expect(await readings.warnings(namespace)).toBeInstanceOf(Array);
    const logs = await readings.logs({
      namespace,
      selector: 'app=noa-mcp',
      container: 'noa-mcp',
      tailLines: 100,
      sinceAt: null,
      limitBytesPerPod: 10_000,
    });
    expect(logs.missing).toEqual([]);
  });

  it('opens a breaker and fails over on every pod through the pod proxy (R3.2.3, R3.5.2)', async () => {
    const service = {
      name: 'api',
      namespace,
      application: { deployment: 'noa-mcp', selector: 'app=noa-mcp', container: 'noa-mcp' },
      providers: [{ name: 'claude', fallback: 'openai' }],
      adminApi: {
        port: 8001,
        breakerPath: '/api/v1/admin/circuit-breaker/{provider}/{state}',
        failoverPath: '/api/v1/admin/providers/failover',
        providersPath: '/api/v1/providers',
      },
    } as unknown as ServicePolicy;
    const providers = createProviderActivities(createAdminClient(createPodGateway(client)));
    const requests = [
      request('open-breaker', 'provider', 'claude'),
      request('provider-failover', 'provider', 'claude'),
    ];
    const previews = await providers.previewProviderRemedies({
      incidentId: 'incident-a',
      keyPrefix: 'incident-a/s1',
      requests,
      at: '2026-03-03T09:00:00.000Z',
      service,
    });
    const [breaker, failover] = previews.map((preview) => (preview.kind === 'plan' ? preview.plan : null));
    if (!breaker || !failover) throw new Error(JSON.stringify(previews));
    expect(await providers.openCircuitBreaker({ plan: breaker, service })).toMatchObject({ result: 'done' });
    expect(await providers.failOverProvider({ plan: failover, service })).toMatchObject({ result: 'done' });
    expect(await providers.openCircuitBreaker({ plan: breaker, service })).toMatchObject({ result: 'already-done' });
    expect(kubernetes.adminActions).toHaveLength(6);
  });
});
