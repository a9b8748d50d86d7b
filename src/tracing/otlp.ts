import { context, DiagLogLevel, diag, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
} from '@opentelemetry/sdk-trace-base';
import type { WorkflowTurn } from '../domain/trace-context.ts';
import { watchOutgoing } from './outgoing.ts';
import type { Tracing } from './spans.ts';
import { INCIDENT_ATTRIBUTE } from './spans.ts';

const DEADLINE_MS = 5_000;
const SEND_EVERY_MS = 1_000;
const SPANS_WAITING = 4_096;
const WARN_EVERY_MS = 60_000;

/** Spans by OTLP over HTTP. When the collector is away they are dropped: an incident never waits for its trace. */
export function traceByOtlp(options: {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly process: string;
  readonly warn: (words: string) => void;
}): Tracing {
  const url = new URL('v1/traces', options.endpoint.endsWith('/') ? options.endpoint : `${options.endpoint}/`);
  const logger = rarely(options.warn);
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
  const ids = new GivenIds();
  const exporter = new OTLPTraceExporter({
    url: url.href,
    headers: { ...options.headers },
    timeoutMillis: DEADLINE_MS,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `incident-runbook-${options.process}` }),
    idGenerator: ids,
    spanProcessors: [
      new BatchSpanProcessor(exporter, {
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: DEADLINE_MS,
        maxQueueSize: SPANS_WAITING,
      }),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const unwatch = watchOutgoing(url.host);
  return {
    turn({ traceId, parentSpanId, spanId, sampled, heard }: WorkflowTurn, incidentId: string) {
      const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
      const around = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentSpanId, traceFlags, isRemote: true });
      ids.next = spanId;
      const attributes = { [INCIDENT_ATTRIBUTE]: incidentId };
      // A turn takes no time of the workflow's: handlers record, and the main loop acts.
      provider
        .getTracer('workflow')
        .startSpan(`workflow ${heard}`, { kind: SpanKind.INTERNAL, attributes }, around)
        .end();
      ids.next = null;
    },
    async stop() {
      unwatch();
      await provider.shutdown().catch((error: unknown) => logger.error(error));
    },
  };
}

/** Random ids, but for a span that a workflow has named already. */
class GivenIds implements IdGenerator {
  next: string | null = null;
  readonly #random = new RandomIdGenerator();
  readonly generateTraceId = () => this.#random.generateTraceId();
  readonly generateSpanId = () => this.next ?? this.#random.generateSpanId();
}

function rarely(warn: (words: string) => void) {
  let lastAtMs = -WARN_EVERY_MS;
  const error = (...words: readonly unknown[]): void => {
    if (performance.now() - lastAtMs < WARN_EVERY_MS) return;
    lastAtMs = performance.now();
    warn(`Traces do not arrive and are dropped: ${words.map(String).join(' ').slice(0, 300)}`);
  };
  return { error, warn: error, info() {}, debug() {}, verbose() {} };
}
