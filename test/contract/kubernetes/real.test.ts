import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { NO_CLUSTER_BECAUSE } from '../../kubernetes/cluster/binaries.ts';
import { startRealCluster } from '../../kubernetes/cluster/cluster.ts';
import { kubernetesContract } from './contract.ts';
import { logLines, seedCluster } from './seed-cluster.ts';

if (NO_CLUSTER_BECAUSE !== null) {
  describe.skip(`the Kubernetes API, real: ${NO_CLUSTER_BECAUSE}`, () => {
    it('is not there', () => undefined);
  });
} else {
  kubernetesContract('real (v1.34.4 with kwok v0.7.0)', async () => {
    const cluster = await startRealCluster({ users: [{ name: 'nobody', groups: ['strangers'] }] });
    const folder = mkdtempSync(join(tmpdir(), 'pod-logs-'));
    const logFile = join(folder, 'pod.log');
    writeFileSync(
      logFile,
      logLines
        .map(
          (line, i) =>
            `${new Date(1_772_528_340_000 + i * 1000).toISOString().replace('Z', '000000Z')} stdout F ${line}\n`,
        )
        .join(''),
    );
    await seedCluster(cluster, logFile);
    return {
      url: cluster.url,
      token: cluster.adminToken,
      caFile: cluster.caFile,
      strangerToken: cluster.tokens.nobody ?? '',
      live: () => new Promise((done) => setTimeout(done, 200)),
      async editConfigMap() {
        await cluster.kubectl([
          'patch',
          'configmap',
          'noa-mcp-config',
          '-n',
          'noa-server',
          '--type=merge',
          '-p',
          '{"data":{"rate-limit":"none"}}',
        ]);
      },
      at: () => new Date().toISOString(),
      cannotShow: {
        'exit code':
          'kwok answers a program that failed with an internal error that ends in “exit status N”, not with an ExitCode cause',
        metrics: 'a bare API server has no metrics.k8s.io; it is an aggregated server of its own',
      },
      async close() {
        await cluster.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
}
