import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly failed: boolean;
}

interface Otlp {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}
interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly status?: { readonly code?: number };
}

/** Takes traces as a collector does: OTLP over HTTP, in JSON. */
export async function startCollector() {
  const spans: SeenSpan[] = [];
  const bodies: string[] = [];
  const asked: { readonly path: string; readonly headers: Readonly<Record<string, unknown>> }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      asked.push({ path: request.url ?? '', headers: request.headers });
      bodies.push(text);
      spans.push(...spansOf(JSON.parse(text) as Otlp));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    asked,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** From this span to the first of its trace. */
export function wayBack(spans: readonly SeenSpan[], from: SeenSpan): readonly SeenSpan[] {
  const way = [from];
  for (let at = from; at.parentSpanId !== ''; ) {
    const parent = spans.find(({ spanId, traceId }) => spanId === at.parentSpanId && traceId === at.traceId);
    if (parent === undefined || way.length > 50) break;
    way.push(parent);
    at = parent;
  }
  return way;
}

function spansOf({ resourceSpans }: Otlp): readonly SeenSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = attributesOf(resource.attributes)['service.name'] ?? '';
    return scopeSpans.flatMap((scope) =>
      scope.spans.map(({ name, traceId, spanId, parentSpanId = '', attributes, status }) => ({
        service,
        name,
        traceId,
        spanId,
        parentSpanId,
        attributes: attributesOf(attributes),
        failed: status?.code === 2,
      })),
    );
  });
}

function attributesOf(attributes: readonly Attribute[]): Readonly<Record<string, string>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}
