import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** `drop` acts and then closes the socket: the answer is lost. `hang` acts and never answers. */
export type WireAnswer = {
  readonly status: number;
  readonly json: unknown;
  readonly headers?: Record<string, string>;
  readonly lose?: 'drop' | 'hang';
};

export interface Wire {
  readonly url: string;
  readonly requests: WireRequest[];
  close(): Promise<void>;
}

/** A small server that speaks one system's wire for a test, over a real socket. */
export async function serve(answer: (request: WireRequest) => WireAnswer): Promise<Wire> {
  const requests: WireRequest[] = [];
  const server = createServer((incoming, response) => {
    void readBody(incoming).then((body) => {
      const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body };
      requests.push(request);
      reply(response, answer(request));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function reply(response: ServerResponse, answer: WireAnswer): void {
  if (answer.lose === 'hang') return;
  if (answer.lose === 'drop') {
    response.socket?.destroy();
    return;
  }
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(JSON.stringify(answer.json));
}

async function readBody(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  if (text === '') return {};
  if (incoming.headers['content-type']?.startsWith('application/json'))
    return JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries([...new URLSearchParams(text)].map(([key, value]) => [key, jsonOr(value)]));
}

function jsonOr(value: string): unknown {
  if (!/^[[{]/u.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
