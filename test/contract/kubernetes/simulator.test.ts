import { createKubernetes } from '../../../lab/simulation/systems/kubernetes/kubernetes.ts';
import { DEFAULT_CLUSTER } from '../../../lab/simulation/systems/kubernetes/settings.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { StillWorld } from '../../../lab/test/simulation/systems/still-world.ts';
import { kubernetesContract } from './contract.ts';
import { logLines } from './seed-cluster.ts';

const START_MS = Date.parse('2026-03-03T09:00:00Z');

kubernetesContract('simulated', async () => {
  const world = new StillWorld(START_MS);
  const kubernetes = createKubernetes({
    clock: () => world.nowMs,
    faults: new WireFaults(),
    log: new WireLedger(),
    settings: DEFAULT_CLUSTER,
    seed: 7,
    startMs: START_MS,
    token: 'cluster-token',
    strangers: { 'token-of-nobody': 'nobody' },
  });
  kubernetes.connect({ world, providers: ['claude', 'openai'] });
  for (const pod of kubernetes.cluster.deployment('noa-mcp')?.pods ?? [])
    world.lines.push(...logLines.map((line, i) => ({ atMs: START_MS - 60_000 + i * 1000, line, pod: pod.name })));
  const { url } = await kubernetes.listen();
  return {
    url,
    token: 'cluster-token',
    strangerToken: 'token-of-nobody',
    async live() {
      world.nowMs += 5_000;
      kubernetes.cluster.advanceTo(world.nowMs);
    },
    async editConfigMap() {
      kubernetes.cluster.changeConfigMap('noa-mcp-config', world.nowMs);
    },
    at: () => new Date(world.nowMs).toISOString(),
    cannotShow: {},
    close: () => kubernetes.close(),
  };
});
