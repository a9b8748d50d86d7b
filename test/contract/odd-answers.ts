import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

/** An answer that APIs really give now and then, and the failure of the closed list that it means. */
interface OddAnswer {
  readonly name: string;
  readonly type: string;
  readonly nextRetryDelay?: number;
  /** Only the client's own deadline ends it. */
  readonly silent?: true;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Error texts repeat what was sent, credentials and all: as careless proxies do. */
function said(request: IncomingMessage): string {
  const { authorization = '', ...others } = request.headers;
  const credential = authorization.split(' ').at(-1);
  return JSON.stringify({ message: `you sent ${credential} and ${JSON.stringify(others)} to ${request.url ?? ''}` });
}

function status(code: number, headers: Record<string, string> = {}) {
  return (request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(said(request));
  };
}

const ODD_ANSWERS: readonly OddAnswer[] = [
  { name: '400', type: 'Invalid', answer: status(400) },
  { name: '401', type: 'Unauthorised', answer: status(401) },
  { name: '403', type: 'Unauthorised', answer: status(403) },
  { name: '404', type: 'NotFound', answer: status(404) },
  { name: '409', type: 'Conflict', answer: status(409) },
  { name: '410', type: 'NotFound', answer: status(410) },
  { name: '422', type: 'Invalid', answer: status(422) },
  { name: '429 with a time', type: 'RateLimited', nextRetryDelay: 7000, answer: status(429, { 'retry-after': '7' }) },
  { name: '429 without a time', type: 'RateLimited', nextRetryDelay: 30_000, answer: status(429) },
  { name: '500', type: 'Unavailable', answer: status(500) },
  {
    name: '503 with a time',
    type: 'RateLimited',
    nextRetryDelay: 5000,
    answer: status(503, { 'retry-after': '5' }),
  },
  {
    name: 'HTML instead of JSON',
    type: 'Unavailable',
    answer: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html><title>Sign in</title></html>');
    },
  },
  { name: 'an empty 200', type: 'Unavailable', answer: (_request, response) => void response.end() },
  {
    name: 'another shape',
    type: 'Unavailable',
    answer: (_request, response) => void response.end('"hello"'),
  },
  {
    name: 'JSON cut short',
    type: 'Unavailable',
    answer: (_request, response) => void response.end('{"a":[{"b":'),
  },
  {
    name: 'a redirect to elsewhere',
    type: 'Invalid',
    answer: status(302, { location: 'http://127.0.0.1:9/elsewhere' }),
  },
  {
    name: 'a connection that is cut',
    type: 'Unavailable',
    answer: (request) => void request.socket.destroy(),
  },
  {
    name: 'half an answer, then silence',
    type: 'Unavailable',
    silent: true,
    answer: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"half":');
    },
  },
  { name: 'silence', type: 'Unavailable', silent: true, answer: () => undefined },
];

export interface OddAnswerOptions {
  /** Calls the client whose base address is `url` with that deadline: short only where nothing else ends the wait. */
  readonly call: (url: string, timeoutMilliseconds: number) => Promise<unknown>;
  /** What must be in no failure, however the other side repeats it. */
  readonly secrets: readonly string[];
  /** How this vendor differs: by the name of the answer, the failure it means there. */
  readonly except?: Readonly<Record<string, string>>;
}

/** One failure vocabulary for every client, one attempt each, and no secret in any failure. */
export function holdsAgainstOddAnswers(what: string, options: OddAnswerOptions): void {
  describe(`${what}: answers that are none`, () => {
    const stops: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const stop of stops.splice(0)) await stop();
    });

    it.each(ODD_ANSWERS.map((odd) => [odd.name, odd] as const))('%s', async (name, odd) => {
      let requests = 0;
      const sockets = new Set<Socket>();
      const server = createServer((request, response) => {
        requests += 1;
        request.resume();
        request.on('end', () => odd.answer(request, response));
      });
      server.on('connection', (socket) => sockets.add(socket));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
      stops.push(async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      });
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const failure = await options.call(url, odd.silent === true ? 250 : 5_000).then(
        (value) => expect.unreachable(`it answered ${JSON.stringify(value)}`),
        (error: unknown) => error as Error & { type?: string; nextRetryDelay?: number; details?: unknown },
      );
      expect(failure.type).toBe(options.except?.[name] ?? odd.type);
      if (odd.nextRetryDelay !== undefined && options.except?.[name] === undefined)
        expect(failure.nextRetryDelay).toBe(odd.nextRetryDelay);
      expect(requests).toBe(1);
      const told = `${failure.message} ${JSON.stringify(failure.details ?? null)} ${String(failure.cause ?? '')}`;
      for (const secret of options.secrets) expect(told).not.toContain(secret);
    });
  });
}
