import { createServer, type Server } from 'node:http';
import type { Worker } from '@temporalio/worker';
import type { Registry } from 'prom-client';
import type { WorkerEnv } from '../config/env.ts';

/**
 * `/livez`, `/readyz` and `/metrics` for whoever supervises the process; only when WORKER_HEALTH_PORT is set. Ready
 * means that it takes tasks; an outage of somebody's API is no reason to take a worker away.
 */
export async function serveHealth(
  env: Pick<WorkerEnv, 'WORKER_HEALTH_PORT' | 'WORKER_HEALTH_HOST'>,
  worker: Pick<Worker, 'getState'>,
  registry: Registry,
): Promise<Server | null> {
  if (env.WORKER_HEALTH_PORT === undefined) return null;
  const server = createServer(async (request, response) => {
    if (request.url === '/metrics') {
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(await registry.metrics());
      return;
    }
    const ready = worker.getState() === 'RUNNING';
    response.writeHead(request.url === '/livez' || ready ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ state: worker.getState() }));
  });
  await new Promise<void>((resolve) => server.listen(env.WORKER_HEALTH_PORT, env.WORKER_HEALTH_HOST, resolve));
  return server;
}
