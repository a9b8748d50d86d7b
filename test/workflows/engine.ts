import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { resolveTemporalBinary } from '../../lab/embedded/temporal-binary.ts';
import { registerNamespace, startTemporalServer, type TemporalServer } from '../../lab/embedded/temporal-server.ts';
import { workflowBundle } from '../../lab/embedded/workflow-bundle.ts';

const root = resolve(import.meta.dirname, '../..');
const SEARCH_ATTRIBUTES = { Severity: 'Keyword', Phase: 'Keyword', Service: 'Keyword', Commander: 'Keyword' } as const;

/** A namespace of a real Temporal server with virtual time, and the production bundle of the workflows. One for each test file. */
export interface Engine {
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
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

/** On the server of the whole run; one that is configured otherwise is started for this file alone. */
export async function startEngine(options: { readonly dynamicConfig?: readonly string[] } = {}): Promise<Engine> {
  const own = options.dynamicConfig === undefined ? null : await startOwnServer(options.dynamicConfig);
  const address = own?.address ?? inject('temporalAddress');
  const namespace = `engine-${randomUUID()}`;
  await registerNamespace(address, namespace, SEARCH_ATTRIBUTES);
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });
  const bundle = await workflowBundle({
    entry: join(root, 'src/workflows/index.ts'),
    cacheDir: join(root, '.cache'),
    log: () => {},
  });
  const running = new Set<RunningWorker>();
  let count = 0;
  return {
    client,
    address,
    namespace,
    bundle,
    async worker(taskQueue, activities, { maxCachedWorkflows } = {}) {
      const worker = await Worker.create({
        connection: native,
        namespace,
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
      await settle(client, workflowId);
      await fastForward(client, workflowId, `ff-${count}`, seconds);
      await settle(client, workflowId);
    },
    async stop() {
      for (const worker of [...running]) await worker.stop();
      await native.close();
      await connection.close();
      await own?.stop();
    },
  };
}

async function startOwnServer(dynamicConfig: readonly string[]): Promise<TemporalServer> {
  const { path: binary } = await resolveTemporalBinary({ cacheDir: join(root, '.cache'), log: () => {} });
  return startTemporalServer({
    binary,
    uiPort: null,
    namespaces: [],
    retentionDays: 90,
    searchAttributes: SEARCH_ATTRIBUTES,
    virtualTime: true,
    logFile: join(mkdtempSync(join(tmpdir(), 'engine-')), 'temporal.log'),
    dynamicConfig,
  });
}

interface YoungApi {
  updateWorkflowExecutionOptions(request: object): Promise<unknown>;
  pollWorkflowExecutionTimeSkipping(request: object): Promise<{ toJSON(): { fastForwardPollingResult?: string } }>;
}

/** The server API for virtual time is younger than the client's types. */
function youngApi({ workflowService }: Client): YoungApi {
  return workflowService as unknown as YoungApi;
}

async function fastForward(client: Client, workflowId: string, id: string, seconds: number): Promise<void> {
  const workflowExecution = { workflowId };
  await youngApi(client).updateWorkflowExecutionOptions({
    namespace: client.options.namespace,
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
    const answer = await youngApi(client).pollWorkflowExecutionTimeSkipping({
      namespace: client.options.namespace,
      workflowExecution,
      fastForwardId: id,
    });
    if (!answer.toJSON().fastForwardPollingResult?.endsWith('POLL_TIMEOUT')) return;
  }
  throw new Error(`${workflowId} did not get through ${seconds} virtual seconds: something stays in flight.`);
}

/** Until nothing is in flight: no workflow task pending, every activity waiting for a later attempt. */
async function settle(client: Client, workflowId: string): Promise<void> {
  for (let look = 0, quiet = 0; look < 1000 && quiet < 3; look += 1) {
    const answer = await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
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
