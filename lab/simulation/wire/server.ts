import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { brokenRule, type RequestRule } from '../vendor-rules/rule.ts';
import type { WireHandler, WireRequest, WireResponse } from './exchange.ts';
import type { FaultName, WireFault, WireFaults } from './faults.ts';
import { CONNECTION_FAULTS, DELIVERY_FAULTS } from './faults.ts';
import type { WireLedger } from './ledger.ts';
import { Routes } from './routes.ts';

/** Faults that are ordinary answers, which each system may word as its real one does. */
type AnsweredFault = 'rate-limited' | 'error-500' | 'error-503' | 'unauthorised' | 'malformed';

export interface WireServerOptions {
  readonly system: string;
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly faultAnswers?: Partial<Record<AnsweredFault, (fault: WireFault, request: WireRequest) => WireResponse>>;
  /** What the vendor documents about requests; those of who is let in are held to it before a handler sees them. */
  readonly rules?: VendorRules;
  /** What an unknown path is told; JSON `{"error": "not found"}` when left out. */
  readonly notFound?: WireHandler;
}

export interface VendorRules {
  readonly all: readonly RequestRule[];
  /** Whether the request's credentials are good; what it says is nobody's business before. */
  readonly admits: (request: WireRequest) => boolean;
  /** The vendor's answer to a request that breaks the rule. */
  readonly refuse: (rule: RequestRule, request: WireRequest) => WireResponse;
}

export interface WireServer {
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  /** Ends at once: open connections are cut. */
  close(): Promise<void>;
  route(method: string, pattern: string, handler: WireHandler): void;
  /** Takes over upgraded connections (WebSocket); connection faults have been applied already. */
  onUpgrade(handler: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): void;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const HOST = '127.0.0.1';

/** Answered with that status and body when a handler throws it. */
export class WireError extends Error {
  readonly response: WireResponse;

  constructor(response: WireResponse) {
    super(`answered ${response.status}`);
    this.response = response;
  }
}

export function createWireServer(options: WireServerOptions): WireServer {
  const { system, clock, faults, log } = options;
  const routes = new Routes<WireHandler>();
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    log.during(() => serve(incoming, outgoing)).catch(() => incoming.socket.destroy());
  });
  // A simulated system must not hang up on an idle client by itself: that would be a fault nobody asked for.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    cutConnection(socket, '-', '-');
  });

  function record(method: string, path: string, status: number | null, fault: FaultName | null, note = ''): void {
    log.record({ system, atMs: clock(), method, path, status, fault, note });
  }

  function cutConnection(socket: Socket, method: string, path: string): boolean {
    const fault = faults.take(system, (one) => CONNECTION_FAULTS.has(one.kind));
    if (fault === null) return false;
    record(method, path, null, fault.kind);
    if (fault.kind === 'refused') socket.resetAndDestroy();
    else socket.destroy();
    return true;
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const method = incoming.method ?? 'GET';
    const url = new URL(incoming.url ?? '/', `http://${HOST}`);
    // A connection that was kept open from before the fault is cut as well.
    if (cutConnection(incoming.socket, method, url.pathname)) return;
    const request = await readRequest(incoming, url, clock());
    if (request === null) {
      record(method, url.pathname, 413, null);
      return send(outgoing, { status: 413, body: { error: 'request body too large' } });
    }
    log.hear({ system, method, url: incoming.url ?? '/', headers: incoming.headers, body: request.rawBody });
    const slow = faults.take(system, (fault) => fault.kind === 'slow');
    if (slow?.kind === 'slow') await log.sleep(slow.seconds);
    const fault = faults.take(
      system,
      ({ kind }) => kind !== 'slow' && !DELIVERY_FAULTS.has(kind) && !CONNECTION_FAULTS.has(kind),
    );
    if (fault === null) {
      const response = await handle(request);
      record(method, request.path, response.status, slow?.kind ?? null, response.note);
      return send(outgoing, response, method === 'HEAD');
    }
    await answerWithFault(fault, request, incoming, outgoing);
  }

  async function answerWithFault(
    fault: WireFault,
    request: WireRequest,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const note = (status: number | null, text = '') => record(request.method, request.path, status, fault.kind, text);
    switch (fault.kind) {
      case 'timeout':
        return note(null);
      case 'half-open':
        note(200);
        outgoing.writeHead(200, { 'content-type': 'application/json' });
        outgoing.write('{');
        return;
      case 'reset-mid-body': {
        const response = await handle(request);
        const body = bodyBytes(response.body);
        note(response.status, response.note);
        outgoing.writeHead(response.status, { ...headersOf(response), 'content-length': String(body.length + 1) });
        // The reset must come after the first half has left, or the client never sees that a body had begun.
        outgoing.write(body.subarray(0, Math.ceil(body.length / 2)), () => incoming.socket.resetAndDestroy());
        return;
      }
      case 'lost-answer': {
        const response = await handle(request);
        note(null, response.note ?? `handled with ${response.status}`);
        incoming.socket.destroy();
        return;
      }
      default: {
        const response = answeredFault(fault, request);
        note(response.status);
        return send(outgoing, response);
      }
    }
  }

  function answeredFault(fault: WireFault, request: WireRequest): WireResponse {
    const own = options.faultAnswers?.[fault.kind as AnsweredFault];
    const answer = own?.(fault, request) ?? defaultAnswer(fault);
    if (fault.kind !== 'rate-limited') return answer;
    return { ...answer, headers: { 'retry-after': String(fault.retryAfterSeconds), ...answer.headers } };
  }

  async function handle(request: WireRequest): Promise<WireResponse> {
    const match = routes.match(request.method, request.path);
    try {
      switch (match.found) {
        case 'handler':
          return refusedByRule(request) ?? (await match.handler({ ...request, params: match.params }));
        case 'other-methods':
          return {
            status: 405,
            headers: { allow: match.allowed.join(', ') },
            body: { error: `${request.method} is not allowed on ${request.path}` },
          };
        case 'nothing':
          return (await options.notFound?.(request)) ?? { status: 404, body: { error: 'not found' } };
      }
    } catch (error) {
      if (error instanceof WireError) return error.response;
      return { status: 500, body: { error: error instanceof Error ? error.message : String(error) } };
    }
  }

  function refusedByRule(request: WireRequest): WireResponse | null {
    const { rules } = options;
    if (rules === undefined || !rules.admits(request)) return null;
    const broken = brokenRule(rules.all, request);
    return broken === null ? null : rules.refuse(broken, request);
  }

  return {
    async listen(port = 0) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, HOST, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const bound = (server.address() as AddressInfo).port;
      return { url: `http://${HOST}:${bound}`, port: bound };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
    route(method, pattern, handler) {
      routes.add(method, pattern, handler);
    },
    onUpgrade(handler) {
      server.on('upgrade', (request, socket, head) => {
        if (cutConnection(request.socket, request.method ?? 'GET', request.url ?? '/')) return;
        const [method, address] = [request.method ?? 'GET', request.url ?? '/'];
        log.hear({ system, method, url: address, headers: request.headers, body: Buffer.alloc(0) });
        record(method, address, 101, null, 'upgrade');
        handler(request, socket, head);
      });
    },
  };
}

function defaultAnswer(fault: WireFault): WireResponse {
  switch (fault.kind) {
    case 'rate-limited':
      return { status: 429, body: { error: 'too many requests' } };
    case 'error-503':
      return { status: 503, body: { error: 'service unavailable' } };
    case 'unauthorised':
      return { status: 401, body: { error: 'unauthorized' } };
    case 'malformed':
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"status":"succ' };
    default:
      return { status: 500, body: { error: 'internal server error' } };
  }
}

async function readRequest(incoming: IncomingMessage, url: URL, atMs: number): Promise<WireRequest | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  const rawBody = Buffer.concat(chunks);
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    params: {},
    query: url.searchParams,
    headers: incoming.headers,
    rawBody,
    atMs,
    json() {
      try {
        return JSON.parse(rawBody.toString('utf8')) as unknown;
      } catch {
        throw new WireError({ status: 400, body: { error: 'the request body is not valid JSON' } });
      }
    },
    form: () => new URLSearchParams(rawBody.toString('utf8')),
  };
}

async function send(outgoing: ServerResponse, response: WireResponse, headOnly = false): Promise<void> {
  const { body } = response;
  if (isStream(body)) {
    outgoing.writeHead(response.status, headersOf(response));
    for await (const chunk of body) outgoing.write(chunk);
    outgoing.end();
    return;
  }
  const bytes = bodyBytes(body);
  outgoing.writeHead(response.status, { ...headersOf(response), 'content-length': String(bytes.length) });
  outgoing.end(headOnly ? undefined : bytes);
}

function headersOf({ body, headers }: WireResponse): Record<string, string> {
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  const typed: Record<string, string> =
    body === undefined || body instanceof Uint8Array || isStream(body) ? {} : { 'content-type': type };
  return { ...typed, ...headers };
}

function bodyBytes(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function isStream(body: unknown): body is AsyncIterable<string | Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}
