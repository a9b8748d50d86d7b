import { loadClientConnectConfig } from '@temporalio/envconfig';
import {
  type ActivityInterceptorsFactory,
  type InjectedSinks,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import type { ProjectionSink } from './activities/projection.ts';
import { taskQueueOf } from './client/task-queue.ts';
import { type Clock, clockFromEnv } from './config/clock.ts';
import { EnvironmentError, type WorkerEnv, workerEnv } from './config/env.ts';
import { peopleOfPolicyFile } from './config/people.ts';
import { loadPolicy } from './config/policy.ts';
import { openStore, type Store } from './store/store.ts';
import { inDatabaseSpan } from './tracing/spans.ts';
import { startTracing } from './tracing/tracing.ts';
import { workflowsToRun } from './worker/bundle.ts';
import { followUpStarter } from './worker/follow-up-workflows.ts';
import { serveHealth } from './worker/health.ts';
import { KeepBeating } from './worker/heartbeats.ts';
import { IdleDeadlines } from './worker/idle-deadlines.ts';
import { workerLog } from './worker/log.ts';
import { workerMetrics } from './worker/metrics.ts';
import { SerializeActivities } from './worker/serialize-activities.ts';
import { StampAnswers } from './worker/stamping.ts';
import { startStatusMails } from './worker/status-mails.ts';
import { StretchedWaits } from './worker/stretched-waits.ts';
import { systemPorts } from './worker/system-ports.ts';
import { tracedActivity, traceSinks } from './worker/tracing.ts';
import { wireActivities } from './worker/wiring.ts';
import { TASK_QUEUE } from './workflows/incident/api.ts';

/** Where a rehearsal gives turns and says what its production is about; empty everywhere else. */
const TURNS_URL = process.env.INCIDENT_TURNS_URL ?? '';

/** The process that runs incidents: workflows and activities on one task queue. Wiring only. */
async function main(): Promise<void> {
  const env = workerEnv();
  const log = workerLog(env.LOG_LEVEL);
  const metrics = workerMetrics();
  const tracing = await startTracing({
    process: 'worker',
    endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    headers: env.OTEL_EXPORTER_OTLP_HEADERS,
    warn: log.warn,
  });
  Runtime.install({
    logger: log.forTemporal,
    telemetryOptions: {
      logging: { forward: {}, filter: 'ERROR' },
      ...(env.WORKER_SDK_METRICS_ADDRESS === undefined
        ? {}
        : { metrics: { prometheus: { bindAddress: env.WORKER_SDK_METRICS_ADDRESS } } }),
    },
  });
  const clock = clockFromEnv();
  const people = peopleOfPolicyFile(env.INCIDENT_POLICY, loadPolicy, (words) => log.warn(words));
  const { communication } = await loadPolicy(env.INCIDENT_POLICY);
  const letters = { from: communication.mailFrom, pageUrl: communication.statusPageUrl };
  const store = await openStore({ url: env.DATABASE_URL, around: inDatabaseSpan });
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  const space = namespace ?? 'default';
  const ports = await systemPorts(env);
  const taskQueue = taskQueueOf(env.TEMPORAL_TASK_QUEUE);
  const worker = await Worker.create({
    connection,
    namespace: space,
    taskQueue,
    workflowBundle: await workflowsToRun(),
    activities: wireActivities({
      env,
      store,
      people,
      clock,
      ports,
      actionItems: followUpStarter(connectionOptions ?? {}, space, taskQueue),
      ...(TURNS_URL === '' ? {} : { deadlines: new IdleDeadlines(TURNS_URL) }),
    }),
    interceptors: { activity: activityInterceptors(clock, metrics, env.INCIDENT_SPEED) },
    sinks: { ...projectionSinks(store, log.warn), ...traceSinks(tracing) },
    ...SETTINGS,
    ...versioned(env),
  });
  const mail = ports.one('mail');
  const statusMails = mail === null ? null : startStatusMails({ store, mail, clock, ...letters, warn: log.warn });
  const health = await serveHealth(env, worker, metrics.registry);
  process.once('SIGTERM', () => worker.shutdown());
  process.once('SIGINT', () => worker.shutdown());
  log.info('worker ready');
  try {
    await worker.run();
  } finally {
    await statusMails?.stop();
    health?.close();
    await connection.close();
    await store.close();
    await tracing.stop();
  }
}

/** Outermost first. Turns are taken only where a rehearsal says that it gives them. */
function activityInterceptors(
  clock: Clock,
  metrics: ReturnType<typeof workerMetrics>,
  speed: number,
): ActivityInterceptorsFactory[] {
  return [
    () => ({ inbound: new StampAnswers(clock) }),
    () => ({ inbound: new KeepBeating() }),
    (context) => ({ inbound: tracedActivity(context) }),
    (context) => ({ inbound: metrics.counting(context.info.activityType) }),
    ...(speed < 1 ? [() => ({ inbound: new StretchedWaits(speed) })] : []),
    ...(TURNS_URL === '' ? [] : [() => ({ inbound: new SerializeActivities(TURNS_URL) })]),
  ];
}

/** Measured: the defaults cost ten seconds after a crash and gigabytes at ten thousand open incidents. */
const SETTINGS = {
  stickyQueueScheduleToStartTimeout: '1s',
  maxCachedWorkflows: 500,
  shutdownGraceTime: '15s',
  shutdownForceTime: '25s',
} as const;

/**
 * With WORKER_BUILD_ID this process belongs to a version of the deployment, and open incidents move on to newer code at
 * their next step (ADR 0017); without it (one machine) the replay gate alone guards them.
 */
function versioned(env: WorkerEnv): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (env.WORKER_BUILD_ID === undefined) return {};
  const version = { deploymentName: TASK_QUEUE, buildId: env.WORKER_BUILD_ID };
  return { workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' } };
}

/** What is lost here is not lost: readers fill gaps from the workflow, and the authoritative copy follows. */
function projectionSinks(store: Store, warn: (words: string) => void): InjectedSinks<{ projection: ProjectionSink }> {
  const fn = (_info: WorkflowInfo, ...[incidentId, events, facts]: Parameters<ProjectionSink['project']>): void => {
    store.projection
      .append(incidentId, events, facts)
      .catch((error: Error) => warn(`projection of ${incidentId}: ${error.message}`));
  };
  return { projection: { project: { fn, callDuringReplay: false } } };
}

main().catch((error: unknown) => {
  const words = error instanceof EnvironmentError || error instanceof Error ? error.message : String(error);
  process.stderr.write(`The worker could not start: ${words}\n`);
  process.exit(1);
});
