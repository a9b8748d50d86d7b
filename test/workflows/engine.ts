import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { resolveTemporalBinary } from '../../lab/embedded/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../lab/embedded/temporal-server.ts';
import { workflowBundle } from '../../lab/embedded/workflow-bundle.ts';

const root = resolve(import.meta.dirname, '../..');

/** A real Temporal server with virtual time, and the production bundle of the workflows. One for each test file. */
export interface Engine {
  readonly client: Client;
  readonly address: string;
  readonly bundle: string;
  worker(
    taskQueue: string,
    activities: object,
    options?: { readonly maxCachedWorkflows?: number },
  ): Promise<RunningWorker>;
  /** Lets `seconds` of virtual time pass for one workflow, with everything that becomes due on the way. */
  pass(workflowId: string, seconds: number): Promise<void>;
  stop(): Promise<void>;
}

export interface RunningWorker {
  stop(): Promise<void>;
}

export async function startEngine(options: { readonly dynamicConfig?: readonly string[] } = {}): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  const { path: binary } = await resolveTemporalBinary({ cacheDir: join(root, '.cache'), log: () => {} });
  const server: TemporalServer = await startTemporalServer({
    binary,
    uiPort: null,
    namespaces: ['default'],
    retentionDays: 90,
    searchAttributes: { Severity: 'Keyword', Phase: 'Keyword', Service: 'Keyword', Commander: 'Keyword' },
    virtualTime: true,
    logFile: join(folder, 'temporal.log'),
    ...(options.dynamicConfig === undefined ? {} : { dynamicConfig: options.dynamicConfig }),
  });
  const connection = await Connection.connect({ address: server.address });
  const native = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection });
  const bundle = await workflowBundle({
    entry: join(root, 'src/workflows/index.ts'),
    cacheDir: join(root, '.cache'),
    log: () => {},
  });
  const running = new Set<RunningWorker>();
  let count = 0;
  return {
    client,
    address: server.address,
    bundle,
    async worker(taskQueue, activities, { maxCachedWorkflows } = {}) {
      const worker = await Worker.create({
        connection: native,
        taskQueue,
        workflowBundle: { codePath: bundle },
        activities,
        sinks: { projection: { project: { fn: () => {}, callDuringReplay: false } } },
        stickyQueueScheduleToStartTimeout: '1s',
        ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
      });
      const ended = worker.run();
      const handle: RunningWorker = {
        async stop() {
          running.delete(handle);
          worker.shutdown();
          await ended;
        },
      };
      running.add(handle);
      return handle;
    },
    async pass(workflowId, seconds) {
      count += 1;
      await settle(connection, workflowId);
      await fastForward(connection, workflowId, `ff-${count}`, seconds);
      await settle(connection, workflowId);
    },
    async stop() {
      for (const worker of [...running]) await worker.stop();
      await native.close();
      await connection.close();
      await server.stop();
    },
  };
}

interface YoungApi {
  updateWorkflowExecutionOptions(request: object): Promise<unknown>;
  pollWorkflowExecutionTimeSkipping(request: object): Promise<{ toJSON(): { fastForwardPollingResult?: string } }>;
}

/** The server API for virtual time is younger than the client's types. */
function youngApi(connection: Connection): YoungApi {
  return connection.workflowService as unknown as YoungApi;
}

async function fastForward(connection: Connection, workflowId: string, id: string, seconds: number): Promise<void> {
  const workflowExecution = { workflowId };
  await youngApi(connection).updateWorkflowExecutionOptions({
    namespace: 'default',
    workflowExecution,
    workflowExecutionOptions: {
      timeSkippingConfig: {
        enabled: true,
        maxSessionSkipCount: 100_000,
        fastForwardConfig: { id, duration: { seconds } },
      },
    },
    updateMask: { paths: ['time_skipping_config'] },
  });
  for (let polls = 0; polls < 3; polls += 1) {
    const answer = await youngApi(connection).pollWorkflowExecutionTimeSkipping({
      namespace: 'default',
      workflowExecution,
      fastForwardId: id,
    });
    if (!answer.toJSON().fastForwardPollingResult?.endsWith('POLL_TIMEOUT')) return;
  }
  throw new Error(`${workflowId} did not get through ${seconds} virtual seconds: something stays in flight.`);
}

/** Until nothing is in flight: no workflow task pending, every activity waiting for a later attempt. */
async function settle(connection: Connection, workflowId: string): Promise<void> {
  for (let look = 0, quiet = 0; look < 1000 && quiet < 3; look += 1) {
    const answer = await connection.workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId },
    });
    const nowSeconds = Number(
      (answer as unknown as { workflowExtendedInfo?: { timeSkippingInfo?: { currentTime?: { seconds?: unknown } } } })
        .workflowExtendedInfo?.timeSkippingInfo?.currentTime?.seconds ?? 0,
    );
    const busy =
      answer.pendingWorkflowTask != null ||
      (answer.pendingActivities ?? []).some(
        (activity) => Number(activity.nextAttemptScheduleTime?.seconds ?? 0) <= nowSeconds,
      );
    quiet = busy ? 0 : quiet + 1;
    await new Promise((wake) => setTimeout(wake, 5));
  }
}
