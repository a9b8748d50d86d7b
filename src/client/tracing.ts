import type { Headers, WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { TRACE_HEADER, writeTraceparent } from '../domain/trace-context.ts';
import { inSpan, traceUnderWay } from '../tracing/spans.ts';

/** What is said to workflows carries the trace in which it was said. Without one, nothing is added. */
export const tracedClient: WorkflowClientInterceptor = {
  start: (input, next) => said(`start ${input.workflowType}`, input.options.workflowId, () => next(carrying(input))),
  startWithDetails: (input, next) =>
    said(`start ${input.workflowType}`, input.options.workflowId, () => next(carrying(input))),
  signal: (input, next) =>
    said(`signal ${input.signalName}`, input.workflowExecution.workflowId, () => next(carrying(input))),
  signalWithStart: (input, next) =>
    said(`signal ${input.signalName}`, input.options.workflowId, () => next(carrying(input))),
  startUpdate: (input, next) =>
    said(`update ${input.updateName}`, input.workflowExecution.workflowId, () => next(carrying(input))),
  startUpdateWithStart: (input, next) =>
    said(`update ${input.updateName}`, input.workflowStartOptions.workflowId, () =>
      next({
        ...input,
        workflowStartHeaders: withTrace(input.workflowStartHeaders),
        updateHeaders: withTrace(input.updateHeaders),
      }),
    ),
};

function said<T>(what: string, workflowId: string, work: () => Promise<T>): Promise<T> {
  if (traceUnderWay() === null) return work();
  return inSpan({ name: `temporal ${what}`, kind: 'client', incidentId: workflowId }, work);
}

function carrying<T extends { readonly headers: Headers }>(input: T): T {
  return { ...input, headers: withTrace(input.headers) };
}

function withTrace(headers: Headers): Headers {
  const trace = traceUnderWay();
  if (trace === null) return headers;
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(writeTraceparent(trace)) };
}
