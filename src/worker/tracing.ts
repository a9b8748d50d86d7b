import type { Context } from '@temporalio/activity';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, InjectedSinks } from '@temporalio/worker';
import { readTraceparent, TRACE_HEADER, type TraceContext, type TraceSink } from '../domain/trace-context.ts';
import type { Tracing } from '../tracing/spans.ts';
import { inSpan } from '../tracing/spans.ts';

/** An attempt of an activity is a span of the trace that its workflow was told of; without one nothing is recorded. */
export function tracedActivity({ info }: Context): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      const parent = traceOf(input.headers[TRACE_HEADER]);
      if (parent === null) return next(input);
      const attributes = { 'temporal.activity.type': info.activityType, 'temporal.activity.attempt': info.attempt };
      const incidentId = info.workflowExecution?.workflowId ?? null;
      return inSpan({ name: `activity ${info.activityType}`, kind: 'internal', attributes, incidentId, parent }, () =>
        next(input),
      );
    },
  };
}

export function traceSinks(tracing: Tracing): InjectedSinks<{ traces: TraceSink }> {
  return {
    traces: { turn: { fn: ({ workflowId }, turn) => tracing.turn(turn, workflowId), callDuringReplay: false } },
  };
}

function traceOf(payload: Parameters<typeof defaultPayloadConverter.fromPayload>[0] | undefined): TraceContext | null {
  if (payload === undefined) return null;
  try {
    return readTraceparent(defaultPayloadConverter.fromPayload(payload));
  } catch {
    return null;
  }
}
