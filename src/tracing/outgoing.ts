import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Span } from '@opentelemetry/api';
import { markFailed, openSpan, traceUnderWay } from './spans.ts';

// Node tells of every request that leaves this process, by fetch or by http, whatever client made it: nothing has to be
// wrapped, and no client knows of traces. Only host, method and status are recorded; paths and queries hold names,
// search words and, with some vendors, credentials.

interface FetchRequest {
  readonly origin: string;
  readonly method: string;
}
interface FetchMessage {
  readonly request: FetchRequest;
  readonly response?: { readonly statusCode: number };
  readonly error?: unknown;
}
interface HttpMessage {
  readonly request: ClientRequest;
  readonly response?: IncomingMessage;
  readonly error?: unknown;
}

/** A span for each request within a span of ours, but those to the collector. Call what it returns to stop. */
export function watchOutgoing(collectorHost: string): () => void {
  const spans = new WeakMap<object, Span>();
  const begin = (request: object, host: string, method: string): void => {
    if (host === collectorHost || traceUnderWay() === null) return;
    const attributes = { 'server.address': host, 'http.request.method': method };
    spans.set(request, openSpan({ name: `${method} ${host}`, kind: 'client', attributes }).span);
  };
  const end = (request: object, status: number | undefined, error: unknown): void => {
    const span = spans.get(request);
    if (span === undefined) return;
    spans.delete(request);
    if (status !== undefined) span.setAttribute('http.response.status_code', status);
    if (error !== undefined) markFailed(span, error);
    span.end();
  };
  const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : 'unknown');
  const on: readonly (readonly [string, (message: unknown) => void])[] = [
    fetched('create', ({ request }) => begin(request, hostOf(String(request.origin)), request.method)),
    fetched('headers', ({ request, response }) => end(request, response?.statusCode, undefined)),
    fetched('error', ({ request, error }) => end(request, undefined, error)),
    asked('start', ({ request }) => begin(request, String(request.getHeader('host') ?? request.host), request.method)),
    [
      'http.client.response.finish',
      (message) => end((message as HttpMessage).request, (message as HttpMessage).response?.statusCode, undefined),
    ],
    asked('error', ({ request, error }) => end(request, undefined, error)),
  ];
  for (const [name, listen] of on) subscribe(name, listen);
  return () => {
    for (const [name, listen] of on) unsubscribe(name, listen);
  };
}

function fetched(what: 'create' | 'headers' | 'error', listen: (message: FetchMessage) => void) {
  return [`undici:request:${what}`, (message: unknown) => listen(message as FetchMessage)] as const;
}

function asked(what: 'start' | 'error', listen: (message: HttpMessage) => void) {
  return [`http.client.request.${what}`, (message: unknown) => listen(message as HttpMessage)] as const;
}
