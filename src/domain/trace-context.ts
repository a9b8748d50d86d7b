/** One step of a trace as W3C writes it in `traceparent`: which trace, which step, and whether it is recorded. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** What the workflow did with one word that came in; for the trace only, never for a decision. */
export interface WorkflowTurn extends TraceContext {
  readonly parentSpanId: string;
  /** What came in: the workflow's start, or the name of an update or signal. */
  readonly heard: string;
}

/** Where workflows tell of their turns. */
export type TraceSink = {
  turn(turn: WorkflowTurn): void;
};

/** Under this name messages to workflows and activities carry `{ traceparent }`, as Temporal's own interceptors do. */
export const TRACE_HEADER = '_tracer-data';

/** Null for anything that is no context: it came with a message, and a trace is never worth a failure. */
export function readTraceparent(carried: unknown): TraceContext | null {
  if (typeof carried !== 'object' || carried === null || !('traceparent' in carried)) return null;
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(String(carried.traceparent));
  if (parts === null) return null;
  const [, traceId = '', spanId = '', flags = ''] = parts;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function writeTraceparent({ traceId, spanId, sampled }: TraceContext): { readonly traceparent: string } {
  return { traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` };
}

/**
 * A span's id from what it is about: the same whenever the workflow is replayed, and taken from no random numbers, of
 * which a workflow has its own sequence (FNV-1a, twice).
 */
export function spanIdOf(text: string): string {
  const hash = (seed: number): string => {
    let value = seed;
    for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
    return value.toString(16).padStart(8, '0');
  };
  const id = hash(0x811c9dc5) + hash(0x2f0b4c47);
  return /^0+$/.test(id) ? '0000000000000001' : id;
}
