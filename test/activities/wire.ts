import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface WireAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** `silence` never answers: the half-open connection. `cut` closes the socket without an answer. */
export type Handler = (
  request: WireRequest,
) => WireAnswer | 'silence' | 'cut' | Promise<WireAnswer | 'silence' | 'cut'>;

export interface Wire {
  readonly url: string;
  readonly requests: WireRequest[];
  close(): Promise<void>;
}

/** A plain HTTP server that answers what the test tells it to. */
export async function openWire(handle: Handler): Promise<Wire> {
  const requests: WireRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    void readRequest(incoming).then(async (request) => {
      requests.push(request);
      respond(outgoing, await handle(request));
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

async function readRequest(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const url = new URL(incoming.url ?? '/', 'http://fake');
  return {
    method: incoming.method ?? 'GET',
    url,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function respond(outgoing: ServerResponse, answer: WireAnswer | 'silence' | 'cut'): void {
  if (answer === 'silence') return;
  if (answer === 'cut') {
    outgoing.destroy();
    return;
  }
  const text =
    typeof answer.body === 'string' ? answer.body : answer.body === undefined ? '' : JSON.stringify(answer.body);
  outgoing.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
  outgoing.end(text);
}
