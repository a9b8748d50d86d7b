import { setTimeout as pause } from 'node:timers/promises';
import { cleanLine } from '../views/escape.ts';
import { CliFailure, type ExitName, Stopped } from './failure.ts';
import type { Io } from './io.ts';

export interface GatewayRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly json?: unknown;
  /** True when sending it twice is the same as once: reads, and writes that carry an id of our own. */
  readonly repeatable?: boolean;
}

/** The gateway's HTTP API with our token. Every failure is a CliFailure with its exit code. */
export interface Gateway {
  readonly url: string;
  json<T>(request: GatewayRequest): Promise<T>;
  text(request: GatewayRequest): Promise<string>;
  /** The same, asked once and not for long: for what nobody should wait for. */
  impatient(): Gateway;
  /** Server-sent events as they come; the body is the caller's to read. */
  stream(path: string, lastEventId: number | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

export interface GatewayOptions {
  readonly url: string;
  readonly token: string | null;
  readonly io: Io;
  readonly timeoutMs?: number;
  readonly pausesMs?: readonly number[];
}

/** The gateway itself waits up to 10 s for a worker before it answers "pending". */
const TIMEOUT_MS = 15_000;
/** After a network error or a 503 the same request, with the same id, is sent again after these pauses. */
const PAUSES_MS: readonly number[] = [300, 1_000, 2_000];
const IMPATIENT_MS = 4_000;
const WORDS_LIMIT = 2_000;

export function createGateway(options: GatewayOptions): Gateway {
  const base = options.url.replace(/\/+$/, '');
  const send = (request: GatewayRequest): Promise<Response> => sendPatiently(base, request, options);
  return {
    url: base,
    async json<T>(request: GatewayRequest) {
      const answer = await send(request);
      try {
        return (await answer.json()) as T;
      } catch {
        throw new CliFailure(
          'failed',
          `${base}${request.path} did not answer JSON.`,
          `Check that ${base} is the incident gateway (INCIDENT_URL).`,
        );
      }
    },
    impatient: () => createGateway({ ...options, pausesMs: [], timeoutMs: IMPATIENT_MS }),
    text: async (request) => (await send(request)).text(),
    async stream(path, lastEventId, signal) {
      const headers = {
        ...headersOf(options),
        accept: 'text/event-stream',
        ...(lastEventId === null ? {} : { 'last-event-id': String(lastEventId) }),
      };
      const answer = await fetch(`${base}${path}`, { headers, signal });
      if (!answer.ok || answer.body === null) throw await failureOf(answer, base);
      return answer.body;
    },
  };
}

async function sendPatiently(base: string, request: GatewayRequest, options: GatewayOptions): Promise<Response> {
  const { io } = options;
  const pauses = (request.repeatable ?? (request.method ?? 'GET') === 'GET') ? (options.pausesMs ?? PAUSES_MS) : [];
  for (let attempt = 0; ; attempt++) {
    const pauseMs = pauses[attempt];
    try {
      const answer = await sendOnce(base, request, options);
      if (answer.ok) return answer;
      const failure = await failureOf(answer, base);
      // A pending decision is durable already; asking again would only make the person wait.
      if (failure.exit !== 'unavailable' || pauseMs === undefined) throw failure;
    } catch (error) {
      if (io.signal.aborted) throw new Stopped();
      if (error instanceof CliFailure && error.exit !== 'unavailable') throw error;
      if (pauseMs === undefined) throw error instanceof CliFailure ? error : unreachable(base, error, attempt + 1);
    }
    await pause(pauseMs, undefined, { signal: io.signal }).catch(() => {
      throw new Stopped();
    });
  }
}

function sendOnce(base: string, request: GatewayRequest, options: GatewayOptions): Promise<Response> {
  const signal = AbortSignal.any([AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS), options.io.signal]);
  const { method = 'GET', path, json } = request;
  const headers = headersOf(options);
  if (json === undefined) return fetch(`${base}${path}`, { method, headers, signal });
  return fetch(`${base}${path}`, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(json),
    signal,
  });
}

function headersOf({ token }: GatewayOptions): Record<string, string> {
  return { 'x-incident-via': 'cli', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
}

async function failureOf(answer: Response, base: string): Promise<CliFailure> {
  const { words, pending } = await wordsOf(answer);
  if (pending) {
    return new CliFailure(
      'timeout',
      words,
      'It is stored and takes effect as soon as a worker runs; `incident timeline` shows whether it was taken.',
    );
  }
  return new CliFailure(exitOf(answer.status), words, adviceOf(answer.status, base));
}

async function wordsOf(answer: Response): Promise<{ readonly words: string; readonly pending: boolean }> {
  const text = await answer.text().catch(() => '');
  try {
    const read: unknown = JSON.parse(text);
    const { error, accepted } = (read ?? {}) as Record<string, unknown>;
    if (typeof error === 'string') return { words: cleanLine(error, WORDS_LIMIT), pending: accepted === 'pending' };
  } catch {
    // A proxy in front of the gateway answers HTML; the status says enough.
  }
  return { words: `The gateway answered ${answer.status} ${answer.statusText}.`, pending: false };
}

function exitOf(status: number): ExitName {
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'notFound';
  if (status === 409) return 'conflict';
  if (status === 408 || status === 504) return 'timeout';
  if (status === 502 || status === 503 || status === 429) return 'unavailable';
  return status === 400 || status === 413 || status === 415 || status === 422 ? 'usage' : 'failed';
}

function adviceOf(status: number, base: string): string | null {
  if (status === 401) return 'Put your API token into INCIDENT_TOKEN (or its path into INCIDENT_TOKEN_FILE).';
  if (status === 502 || status === 503)
    return `\`incident doctor\` says which part is away; \`incident paper\` prints the steps to go on by hand. Asked: ${base}`;
  return null;
}

function unreachable(base: string, error: unknown, attempts: number): CliFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return new CliFailure(
      'timeout',
      `The gateway at ${base} did not answer in time (tried ${attempts} times).`,
      'Run `incident doctor`, or try again.',
    );
  }
  const code = (cause as NodeJS.ErrnoException).code;
  const why =
    code === 'ECONNREFUSED'
      ? 'nothing listens there'
      : code === 'ENOTFOUND'
        ? 'its name is not known'
        : messageOf(cause);
  return new CliFailure(
    'unavailable',
    `No gateway answers at ${base}: ${why} (tried ${attempts} times).`,
    'Start the product with `npm start`, or set INCIDENT_URL to the gateway of your team; `incident doctor` checks every part.',
  );
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return error instanceof Error ? error.message || error.name : String(error);
}
