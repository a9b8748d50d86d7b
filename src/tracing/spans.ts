import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { TraceContext, WorkflowTurn } from '../domain/trace-context.ts';

// Spans of what this process does. Without a provider (tracing/otlp.ts) each of these is next to nothing: no span is
// recorded, no id made, no header written.

const tracer = () => trace.getTracer('incident-runbook');
const INCIDENT = createContextKey('incident id');

export interface SpanOptions {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  /** Names, ids and numbers only: never a text of an incident, an address with a query, or anything secret. */
  readonly attributes?: Attributes;
  /** Whose the span is; null when it is about no incident, absent when it is about that of the span around it. */
  readonly incidentId?: string | null;
  /** Absent: the span around it. */
  readonly parent?: TraceContext | null;
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** Does the work in a span of its own. A failure's kind is recorded, never its words. */
export async function inSpan<T>(request: SpanOptions, work: () => Promise<T>): Promise<T> {
  const { span, around } = openSpan(request);
  try {
    return await context.with(around, work);
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/**
 * A statement of the product's own database, by OpenTelemetry's conventions; never its text. Only within something that
 * is traced: what the processes ask by themselves, all the time, would be a trace each.
 */
export async function inDatabaseSpan<T>(operation: string, work: () => Promise<T>): Promise<T> {
  if (trace.getActiveSpan() === undefined) return work();
  const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation };
  // It is nobody's parent: what is stored within it belongs to whatever stores it.
  const { span } = openSpan({ name: operation, kind: 'client', attributes });
  try {
    return await work();
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** For what does not end where it began; whoever opens it ends it. */
export function openSpan(request: SpanOptions): { readonly span: Span; readonly around: Context } {
  const base = contextUnder(request.parent);
  const incidentId = request.incidentId === undefined ? base.getValue(INCIDENT) : request.incidentId;
  const known = typeof incidentId === 'string' ? incidentId : null;
  const attributes = { ...request.attributes, ...(known === null ? {} : { [INCIDENT_ATTRIBUTE]: known }) };
  const span = tracer().startSpan(request.name, { kind: KINDS[request.kind], attributes }, base);
  return { span, around: trace.setSpan(base.setValue(INCIDENT, known), span) };
}

export const INCIDENT_ATTRIBUTE = 'incident.id';

/** The span that is under way is about this incident. */
export function aboutIncident(incidentId: string | null): void {
  if (incidentId !== null) trace.getActiveSpan()?.setAttribute(INCIDENT_ATTRIBUTE, incidentId);
}

/** A failure that only says "not yet" is none. */
export function markFailed(span: Span, error: unknown): void {
  const { type, name, category } = (error ?? {}) as { type?: unknown; name?: unknown; category?: unknown };
  const kind = [type, name].find((word): word is string => typeof word === 'string' && /^\w{1,60}$/.test(word));
  span.setAttribute('error.type', kind ?? 'unknown');
  if (category !== 'BENIGN') span.setStatus({ code: SpanStatusCode.ERROR });
}

/** What a message has to carry so that its receiver goes on with this trace; null when nothing is traced. */
export function traceUnderWay(): TraceContext | null {
  const found = trace.getActiveSpan()?.spanContext();
  if (found === undefined || !trace.isSpanContextValid(found)) return null;
  const { traceId, spanId, traceFlags } = found;
  return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
}

/** Fields of a log line, by which it is found from the trace; none when nothing is traced. */
export function traceFields(): { readonly trace_id?: string; readonly span_id?: string } {
  const found = traceUnderWay();
  return found === null ? {} : { trace_id: found.traceId, span_id: found.spanId };
}

function contextUnder(parent: TraceContext | null | undefined): Context {
  if (parent === undefined) return context.active();
  if (parent === null) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}

/** Traces of one process. */
export interface Tracing {
  /** Records what a workflow did, with the ids that it chose. */
  turn(turn: WorkflowTurn, incidentId: string): void;
  /** Sends what is left, within a few seconds. */
  stop(): Promise<void>;
}
