import type { Tracing } from './spans.ts';

export interface TracingOptions {
  readonly process: 'gateway' | 'worker';
  /** OTEL_EXPORTER_OTLP_ENDPOINT; absent: nothing is traced, and nothing of a tracer is loaded. */
  readonly endpoint: string | undefined;
  /** OTEL_EXPORTER_OTLP_HEADERS: `name=value`, commas between them, values percent-encoded. */
  readonly headers: string | undefined;
  /** Told when traces do not arrive; at most once a minute. */
  readonly warn: (words: string) => void;
}

const OFF: Tracing = { turn: () => {}, stop: async () => {} };

/** To be called before anything that is traced. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { endpoint, headers, process, warn } = options;
  if (endpoint === undefined) return OFF;
  const { traceByOtlp } = await import('./otlp.ts');
  return traceByOtlp({ endpoint, headers: headersOf(headers ?? ''), process, warn });
}

function headersOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      return name === undefined || value === undefined ? [] : [[name, decoded(value)]];
    }),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
