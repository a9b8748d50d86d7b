import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createKubernetesClient } from '../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../src/activities/kubernetes/connection.ts';
import type { RealCluster } from '../kubernetes/cluster/cluster.ts';

/** On a pod's template: the release that the pod runs fails this share of its requests. */
export const FAILS_ANNOTATION = 'stand-in/fails';

const NAMESPACE = 'noa-server';
const TICK_MS = 250;
const REQUESTS_A_TICK = 40;
const USERS = 10;
const ERROR_LINE =
  "TypeError: Cannot read properties of undefined (reading 'plan') at PlanService.priceOf (/app/dist/plans.js:41:17)";

/**
 * The one thing that is not real in the chain: noa-mcp itself. It has no code of its own about incidents; what it serves
 * follows from the pods that the real API server says are ready, and Prometheus scrapes what it says about that.
 */
export async function startStandIn(cluster: RealCluster, logFile: string) {
  const client = createKubernetesClient(
    connectToKubernetes({
      apiUrl: cluster.url,
      caFile: cluster.caFile,
      token: cluster.adminToken,
      timeoutMilliseconds: 5_000,
    }),
  );
  const counts = new Map<string, number>();
  let served = 0;
  const count = (labels: string, by: number) => counts.set(labels, (counts.get(labels) ?? 0) + by);
  const tick = async (): Promise<void> => {
    const pods = (await client.pods(NAMESPACE, 'app=noa-mcp')).filter(
      (pod) =>
        !pod.metadata.deletionTimestamp &&
        pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
    for (const pod of pods) {
      const share = Number(pod.metadata.annotations[FAILS_ANNOTATION] ?? 0);
      const requests = REQUESTS_A_TICK / pods.length;
      for (let user = 0; user < USERS; user += 1) {
        const labels = (status: string) =>
          `service="api",endpoint="/api/v1/chat/completions",method="POST",pod="${pod.metadata.name}",user_id="u${user}",status="${status}"`;
        count(labels('200'), (requests * (1 - share)) / USERS);
        count(labels('500'), (requests * share) / USERS);
      }
      served += requests;
      if (share > 0)
        appendFileSync(logFile, `${new Date().toISOString().replace('Z', '000000Z')} stderr F ERROR ${ERROR_LINE}\n`);
    }
  };
  const ticking = setInterval(() => void tick().catch(() => undefined), TICK_MS);
  const server = createServer((request, answer) => {
    if (request.url !== '/metrics') {
      answer.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok","providers":[]}');
      return;
    }
    const lines = [...counts].map(([labels, value]) => `http_requests_total{${labels}} ${value}`);
    const buckets = ['0.25', '1', '+Inf'].map(
      (le) => `http_request_duration_seconds_bucket{endpoint="/api/v1/chat/completions",le="${le}"} ${served}`,
    );
    answer.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
    answer.end(`# TYPE http_requests_total counter\n${lines.join('\n')}\n${buckets.join('\n')}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop(): Promise<void> {
      clearInterval(ticking);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
