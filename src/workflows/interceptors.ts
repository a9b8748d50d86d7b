import {
  type ContinueAsNewInput,
  defaultPayloadConverter,
  type Headers,
  proxySinks,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';
import { readTraceparent, spanIdOf, TRACE_HEADER, type TraceSink, writeTraceparent } from '../domain/trace-context.ts';
import { neverTwoEmptyTurns } from './empty-turns.ts';

/**
 * Hands the trace of the word that came in last (the start, an update, a signal) on to the activities that follow, and
 * tells a sink of it. It only passes calls through, at once and in order: no await, no random number, no clock, no
 * package of a tracer, so a history replays the same with traces and without (test/replay/traced.test.ts). Without a
 * header it does nothing (docs/decisions/0051). What keeps turns from being empty is in a file of its own.
 */
export const interceptors = (): WorkflowInterceptors => {
  const { traces } = proxySinks<{ traces: TraceSink }>();
  let current: Headers = {};
  let turns = 0;

  const hear = (headers: Headers, heard: string): void => {
    const from = contextIn(headers);
    if (from === null) return;
    turns += 1;
    const turn = { ...from, heard, parentSpanId: from.spanId, spanId: spanIdOf(`${workflowInfo().runId}/${turns}`) };
    current = { [TRACE_HEADER]: defaultPayloadConverter.toPayload(writeTraceparent(turn)) };
    traces.turn(turn);
  };
  const carrying = <T extends { readonly headers: Headers }>(input: T): T => ({
    ...input,
    headers: { ...input.headers, ...current },
  });

  return {
    internals: [neverTwoEmptyTurns()],
    inbound: [
      {
        execute(input, next) {
          hear(input.headers, `start ${workflowInfo().workflowType}`);
          return next(input);
        },
        handleUpdate(input, next) {
          hear(input.headers, `update ${input.name}`);
          return next(input);
        },
        handleSignal(input, next) {
          hear(input.headers, `signal ${input.signalName}`);
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(carrying(input)),
        continueAsNew: (input: ContinueAsNewInput, next) => next(carrying(input)),
      },
    ],
  };
};

function contextIn(headers: Headers) {
  const payload = headers[TRACE_HEADER];
  if (payload === undefined) return null;
  try {
    return readTraceparent(defaultPayloadConverter.fromPayload(payload));
  } catch {
    return null;
  }
}
