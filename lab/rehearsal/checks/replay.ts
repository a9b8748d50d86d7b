import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { DrillRun } from '../play-drill.ts';
import type { Check } from './evidence.ts';

let quiet = false;

/** What the engine itself says while it replays is no part of a report. */
async function worker(): Promise<typeof import('@temporalio/worker').Worker> {
  const { DefaultLogger, Runtime, Worker } = await import('@temporalio/worker');
  if (!quiet)
    Runtime.install({
      logger: new DefaultLogger('ERROR', () => undefined),
      telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } },
    });
  quiet = true;
  return Worker;
}

/** A replay shows nothing to anybody; the sink is only there so that it is known. */
const SINKS = { projection: { project: { fn: () => undefined, callDuringReplay: false } } };

let replaying: Promise<unknown> = Promise.resolve();

/** One at a time: the engine's runtime ends with its last replay, under the feet of one that begins meanwhile. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const next = replaying.then(work, work);
  replaying = next.catch(() => undefined);
  return next;
}

interface Recorded {
  readonly workflowId: string;
  readonly json: string;
}

/** Runs every workflow's history again with the code that made it; a step that would go otherwise fails. */
export async function replayCheck({ incidents, followUps, environment }: DrillRun, bundlePath: string): Promise<Check> {
  const histories: Recorded[] = [];
  for (const { workflowId } of [...incidents, ...followUps])
    histories.push({ workflowId, json: historyToJSON(await environment.virtualTime.history(workflowId)) });
  const broken = histories.length === 0 ? [] : await inTurn(() => replayAll(histories, bundlePath));
  const actual = broken.length === 0 ? 'replays' : broken.join('; ');
  return { check: 'the history replays', expected: 'replays', actual, passed: broken.length === 0 };
}

/** One replayer for all of them. The engine's threads end with its last replay; begun for none, they would keep this process alive for ever. */
async function replayAll(histories: readonly Recorded[], bundlePath: string): Promise<readonly string[]> {
  const Worker = await worker();
  const broken: string[] = [];
  const replays = Worker.runReplayHistories(
    { workflowBundle: { codePath: bundlePath }, sinks: SINKS },
    histories.map(({ workflowId, json }) => ({ workflowId, history: JSON.parse(json) })),
  );
  for await (const { workflowId, error } of replays)
    if (error !== undefined) broken.push(`${workflowId}: ${error.message}`);
  return broken;
}
