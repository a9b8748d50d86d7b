import { join, resolve } from 'node:path';
import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from '../../test/workflows/engine.ts';
import { beginIncident } from '../../test/workflows/story.ts';
import { workflowBundle } from '../embedded/workflow-bundle.ts';
import { print, quantile } from './figures.ts';

// npx tsx lab/bench/engine.ts [rounds]: what an incident (R9 S1, all six phases) costs beside a bare workflow with the
// same number of activities and timers, played in turn on one server in virtual time, through the same pauses.

const ROOT = resolve(import.meta.dirname, '../..');
/** History events of R9 from the alert to the end of the review; the server suggests a new run at about 4,000. */
const EVENT_BUDGET = 320;
const BARE_QUEUE = 'bench-bare';

interface Cost {
  readonly seconds: number;
  readonly events: number;
  readonly kilobytes: number;
  readonly activities: number;
  readonly timers: number;
  readonly workflowTasks: number;
}

async function main(rounds: number): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const policy = await loadPolicy(join(ROOT, 'policy/noa.yaml'));
  const engine = await startEngine();
  const bare = await bareWorker(engine);
  const incidents: Cost[] = [];
  const bares: Cost[] = [];
  try {
    await incident(engine, policy); // compiles and connects what the first one has to
    for (let round = 0; round < rounds; round += 1) {
      const { cost, passes } = await incident(engine, policy);
      incidents.push(cost);
      bares.push(await bareOf(engine, cost, passes, round));
    }
  } finally {
    await bare.stop();
    await engine.stop();
  }
  report(incidents, bares);
}

function report(incidents: readonly Cost[], bares: readonly Cost[]): void {
  const median = (costs: readonly Cost[], of: keyof Cost) =>
    quantile(
      costs.map((cost) => cost[of]),
      0.5,
    );
  print([['', 'incident', 'bare', 'ratio']]);
  for (const of of ['seconds', 'events', 'kilobytes', 'workflowTasks', 'activities', 'timers'] as const) {
    const [one, other] = [median(incidents, of), median(bares, of)];
    print([[of, one, other, one / other]]);
  }
  const events = median(incidents, 'events');
  process.stdout.write(
    `\n${events} history events of a budget of ${EVENT_BUDGET}: ${events <= EVENT_BUDGET ? 'within' : 'OVER'}\n`,
  );
  if (events > EVENT_BUDGET) process.exitCode = 1;
}

/** R9 S1: acknowledged, the rollback approved, resolved, reviewed, closed. `passes` are the pauses it was given. */
async function incident(engine: Engine, policy: Policy): Promise<{ readonly cost: Cost; readonly passes: number }> {
  const story = await beginIncident(engine, policy);
  const { incidentId } = await story.state();
  const startedMs = performance.now();
  let passes = 0;
  const pass = (seconds: number) => {
    passes += 1;
    return story.pass(seconds);
  };
  await pass(120);
  await story.decide('alice', 'acknowledge', {});
  await pass(45);
  const rollback = (await story.questions()).find(({ name }) => name === 'rollback');
  await story.decide('alice', 'approve', { approvalId: rollback?.approvalId ?? '', option: null });
  await pass(policy.verification.holdMinutes * 60 + 60);
  await story.approveEverything('alice');
  await pass(120);
  await story.approveEverything('alice');
  await pass(72 * 3600);
  const { closedAs } = await story.result();
  if (closedAs !== 'resolved') throw new Error(`The incident ended as ${closedAs}; adapt the play.`);
  return { cost: await costOf(engine.client, incidentId, performance.now() - startedMs), passes };
}

async function bareOf(engine: Engine, like: Cost, passes: number, round: number): Promise<Cost> {
  const workflowId = `bare-${round}`;
  const counts = { activities: like.activities, timers: like.timers, timerSeconds: 60 };
  const startedMs = performance.now();
  const handle = await engine.client.workflow.start('bare', { workflowId, taskQueue: BARE_QUEUE, args: [counts] });
  for (let done = 0; done < passes; done += 1)
    await engine.pass(workflowId, Math.ceil(((like.timers + 1) * 60) / passes));
  await handle.result();
  return costOf(engine.client, workflowId, performance.now() - startedMs);
}

async function costOf(client: Client, workflowId: string, milliseconds: number): Promise<Cost> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const events = history.events ?? [];
  const count = (has: (event: (typeof events)[number]) => unknown) =>
    events.filter((event) => has(event) != null).length;
  const description = await client.workflow.getHandle(workflowId).describe();
  return {
    seconds: milliseconds / 1000,
    events: events.length,
    kilobytes: (description.historySize ?? 0) / 1000,
    activities: count((event) => event.activityTaskScheduledEventAttributes),
    timers: count((event) => event.timerStartedEventAttributes),
    workflowTasks: count((event) => event.workflowTaskCompletedEventAttributes),
  };
}

async function bareWorker(engine: Engine): Promise<{ stop(): Promise<void> }> {
  const entry = join(import.meta.dirname, 'bare-workflow.ts');
  const codePath = await workflowBundle({ entry, cacheDir: join(ROOT, '.cache'), sources: [import.meta.dirname] });
  const connection = await NativeConnection.connect({ address: engine.address });
  const activities = { nothing: async () => null };
  const worker = await Worker.create({ connection, taskQueue: BARE_QUEUE, workflowBundle: { codePath }, activities });
  const ended = worker.run();
  return {
    async stop() {
      worker.shutdown();
      await ended;
      await connection.close();
    },
  };
}

await main(Number(process.argv[2] ?? 5));
