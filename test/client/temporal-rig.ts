import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import { freePort } from '../../lab/embedded/ports.ts';
import { resolveTemporalBinary } from '../../lab/embedded/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../lab/embedded/temporal-server.ts';
import { createIncidentClient, type IncidentClient } from '../../src/client/incident-client.ts';
import { TASK_QUEUE } from '../../src/workflows/incident/api.ts';

export interface TemporalRig {
  readonly address: string;
  client(answerWithinMs?: number): IncidentClient;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
  stop(): Promise<void>;
}

const SEARCH_ATTRIBUTES = { Severity: 'Keyword', Phase: 'Keyword', Service: 'Keyword', Commander: 'Keyword' } as const;

/** A real development server on a file, and a worker with a small workflow that speaks the incident's messages. */
export async function temporalRig(): Promise<TemporalRig> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const folder = await mkdtemp(join(tmpdir(), 'incident-temporal-'));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const cacheDir = fileURLToPath(new URL('../../.cache', import.meta.url));
  const { path: binary } = await resolveTemporalBinary({ cacheDir });
  const clients: IncidentClient[] = [];
  let server: TemporalServer | null = null;
  let bundle: WorkflowBundle | null = null;
  let worker: { worker: Worker; running: Promise<void>; connection: NativeConnection } | null = null;
  const rig: TemporalRig = {
    address,
    client(answerWithinMs) {
      const client = createIncidentClient({ connection: { address }, namespace: 'default', answerWithinMs });
      clients.push(client);
      return client;
    },
    async startServer() {
      server = await startTemporalServer({
        binary,
        port,
        uiPort: null,
        dbFile: join(folder, 'temporal.db'),
        namespaces: ['default'],
        retentionDays: 90,
        searchAttributes: SEARCH_ATTRIBUTES,
        virtualTime: false,
        logFile: join(folder, 'temporal.log'),
      });
    },
    async stopServer() {
      await server?.stop();
      server = null;
    },
    async startWorker() {
      bundle ??= await bundleWorkflowCode({
        workflowsPath: fileURLToPath(new URL('./incident-workflow.ts', import.meta.url)),
        logger: new DefaultLogger('ERROR'),
      });
      const connection = await NativeConnection.connect({ address });
      const made = await Worker.create({
        connection,
        taskQueue: TASK_QUEUE,
        workflowBundle: bundle,
        stickyQueueScheduleToStartTimeout: '1s',
      });
      worker = { worker: made, running: made.run(), connection };
    },
    async stopWorker() {
      worker?.worker.shutdown();
      await worker?.running;
      await worker?.connection.close();
      worker = null;
    },
    async stop() {
      await rig.stopWorker();
      for (const client of clients) await client.close();
      await rig.stopServer();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await rig.startServer();
  return rig;
}
