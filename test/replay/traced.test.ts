import { resolve } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../lab/embedded/workflow-bundle.ts';
import { TRACE_HEADER } from '../../src/domain/trace-context.ts';
import { readHistory, readIndex } from './kept-histories.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const KEPT = resolve(import.meta.dirname, 'histories');

let codePath: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  codePath = await workflowBundle({
    entry: resolve(ROOT, 'src/workflows/index.ts'),
    cacheDir: resolve(ROOT, '.cache'),
  });
});

type Attributes = Record<string, unknown> & { header?: unknown; acceptedRequest?: { input?: { header?: unknown } } };
interface History {
  readonly events: Record<string, Attributes>[];
}

const HEARD = ['workflowExecutionStartedEventAttributes', 'workflowExecutionSignaledEventAttributes'] as const;

const ACTIVITY = 'activityTaskScheduledEventAttributes';

/** As the same play would have been recorded with traces on: each word that came in carries one, each activity too. How many words that were. */
function traced(history: History, traceparent: string): number {
  const header = {
    fields: {
      [TRACE_HEADER]: {
        metadata: { encoding: Buffer.from('json/plain').toString('base64') },
        data: Buffer.from(JSON.stringify({ traceparent })).toString('base64'),
      },
    },
  };
  let heard = 0;
  for (const event of history.events) {
    for (const name of [...HEARD, ACTIVITY]) {
      if (event[name] === undefined) continue;
      event[name].header = header;
      if (name !== ACTIVITY) heard += 1;
    }
    const input = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (input === undefined) continue;
    input.header = header;
    heard += 1;
  }
  return heard;
}

/** What does not replay, and the turns that the workflows told of meanwhile, as if they were new. */
async function replay(traceparent: string) {
  const problems: string[] = [];
  let heard = 0;
  const histories = Object.keys(readIndex(KEPT)).map((workflowId) => {
    const history = readHistory(resolve(KEPT, workflowId)) as History;
    heard += traced(history, traceparent);
    return { workflowId, history: historyFromJSON(history) };
  });
  let replayed = 0;
  const turns: { heard: string; traceId: string; spanId: string }[] = [];
  const fn = (_info: unknown, turn: (typeof turns)[number]): void => void turns.push(turn);
  const sinks = {
    traces: { turn: { fn, callDuringReplay: true } },
    projection: { project: { fn: () => {}, callDuringReplay: false } },
  };
  const options = { workflowBundle: { codePath }, sinks };
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    replayed += 1;
    if (error !== undefined) problems.push(`${workflowId}: ${error.message}`);
  }
  return { problems, replayed, heard, turns };
}

// The kept histories were recorded without traces, and the gate replays them with the same bundle; here is the other way.
describe('a history with traces', () => {
  it('replays as the one without does, telling of the same turns each time', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const [first, again] = [
      await replay(`00-${trace}-b7ad6b7169203331-01`),
      await replay(`00-${trace}-b7ad6b7169203331-01`),
    ];
    expect(first.problems).toEqual([]);
    expect(first.replayed).toBe(Object.keys(readIndex(KEPT)).length);
    expect(first.turns.length).toBe(first.heard);
    expect(first.heard).toBeGreaterThan(40);
    expect(new Set(first.turns.map(({ traceId }) => traceId))).toEqual(new Set([trace]));
    expect(first.turns.every(({ spanId }) => /^[0-9a-f]{16}$/.test(spanId))).toBe(true);
    expect(again.turns.map(({ heard }) => heard).sort()).toEqual(first.turns.map(({ heard }) => heard).sort());
  }, 120_000);

  it('replays, without any turn, when what was carried is no trace', async () => {
    for (const junk of ['', '00-0-0-00', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 'x'.repeat(5_000)]) {
      const { problems, turns } = await replay(junk);
      expect([problems, turns]).toEqual([[], []]);
    }
  }, 240_000);
});
