import type { Cause, ProviderCause } from './layout.ts';
import { draw, hexadecimal } from './random.ts';

/** What a line needs to know of the request it tells about. */
export interface LineContext {
  readonly seed: number;
  readonly pod: string;
  readonly atMs: number;
  readonly count: number;
  readonly endpoint: { readonly path: string; readonly method: string };
  readonly host: { readonly database: string; readonly cache: string };
  /** What failing code says of itself. */
  readonly codeMessage: string | null;
}

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
  readonly stack?: string;
}

/** A request that ended well, as a Node service writes it with pino. */
export function infoLine(context: LineContext): string {
  const took = Math.round(20 + 700 * draw(context.seed, `took/${context.pod}`, context.count));
  return record(context, 'info', 'request completed', { responseTime: took, res: { statusCode: 200 } });
}

export function noiseLine(context: LineContext): string {
  const messages = [
    '(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated. Please use a userland alternative instead.',
    'ERROR: telemetry exporter dropped 1 span: queue is full',
    'Error: read ECONNRESET at TLSWrap.onStreamRead (node:internal/stream_base_commons:217:20) while closing an idle keep-alive socket',
    'ERROR: failed to parse Accept-Language header of a crawler',
  ];
  const message =
    messages[Math.floor(draw(context.seed, `noise/${context.pod}`, context.count) * messages.length)] ?? '';
  return record(context, 'error', message, {});
}

/** A request that failed for a reason inside the service. */
export function failureLine(cause: Cause, context: LineContext): string {
  const error = errorOf(cause, context);
  return record(context, 'error', error.message, { err: error, res: { statusCode: error.status ?? 500 } });
}

/** A call to an AI provider that failed, with the body that the provider really sends. */
export function providerFailureLine(provider: string, cause: ProviderCause, context: LineContext): string {
  const error = provider === 'claude' ? anthropicError(cause, context) : openAiError(cause, context);
  return record(context, 'error', error.message, {
    provider,
    err: error,
    res: { statusCode: cause === 'timeout' ? 504 : 502 },
  });
}

/** What the PostgreSQL server writes; null when that trouble leaves no trace there. */
export function databaseLine(cause: Cause, context: LineContext): string | null {
  const stamp = new Date(context.atMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
  const pid = 900 + Math.floor(draw(context.seed, 'backend', context.count) * 9000);
  if (cause === 'too-many-clients') return `${stamp} [${pid}] FATAL:  sorry, too many clients already`;
  if (cause === 'corrupt-page')
    return context.count % 2 === 0
      ? `${stamp} [${pid}] WARNING:  page verification failed, calculated checksum ${20_000 + damagedBlock(context)} but expected 27411`
      : `${stamp} [${pid}] ERROR:  invalid page in block ${damagedBlock(context)} of relation ${DAMAGED_RELATION}`;
  return null;
}

const DAMAGED_RELATION = 'base/16384/24601';

function damagedBlock(context: LineContext): number {
  return 3000 + Math.floor(draw(context.seed, 'damaged-block', context.count % 7) * 900);
}

/** What a PostgreSQL that cannot start writes each time it is tried: a lock file left behind, or WAL that cannot be read. */
export function failedStartLine(context: LineContext, isLockLeft: boolean): string {
  const stamp = new Date(context.atMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
  if (isLockLeft) return `${stamp} [1] FATAL:  lock file "postmaster.pid" already exists`;
  const lines = [
    '[27] PANIC:  could not locate a valid checkpoint record',
    '[1] LOG:  startup process (PID 27) was terminated by signal 6: Aborted',
    '[1] LOG:  aborting startup due to startup process failure',
  ];
  return `${stamp} ${lines[context.count % lines.length] ?? ''}`;
}

export function checkpointLine(context: LineContext): string {
  const stamp = new Date(context.atMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
  const buffers = 200 + Math.floor(draw(context.seed, 'checkpoint', context.count) * 900);
  return `${stamp} [27] LOG:  checkpoint complete: wrote ${buffers} buffers (${(buffers / 163.84).toFixed(1)}%); 0 WAL file(s) added, 0 removed, 1 recycled`;
}

export function slowStatementLine(context: LineContext, seconds: number, statement: string): string {
  const stamp = new Date(context.atMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
  const pid = 900 + Math.floor(draw(context.seed, 'backend', context.count) * 9000);
  return `${stamp} [${pid}] LOG:  duration: ${(seconds * 1000).toFixed(3)} ms  execute <unnamed>: ${statement}`;
}

function errorOf(cause: Cause, context: LineContext): LoggedError {
  const { database, cache } = context.host;
  switch (cause) {
    case 'pool-wait':
      return {
        type: 'Error',
        message: 'timeout exceeded when trying to connect',
        status: 503,
        stack:
          'Error: timeout exceeded when trying to connect\n    at /app/node_modules/pg-pool/index.js:45:11\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
      };
    case 'too-many-clients':
      return {
        type: 'DatabaseError',
        message: 'sorry, too many clients already',
        code: '53300',
        stack:
          'error: sorry, too many clients already\n    at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:285:98)',
      };
    case 'database-refused':
      return { type: 'Error', message: `connect ECONNREFUSED ${database}:5432`, code: 'ECONNREFUSED' };
    case 'database-unreachable':
      return { type: 'Error', message: `connect ETIMEDOUT ${database}:5432`, code: 'ETIMEDOUT' };
    case 'reconnect':
      return {
        type: 'Error',
        message: 'Connection terminated unexpectedly',
        stack:
          'Error: Connection terminated unexpectedly\n    at Connection.<anonymous> (/app/node_modules/pg/lib/client.js:132:73)',
      };
    case 'cache-refused':
      return { type: 'Error', message: `connect ECONNREFUSED ${cache}:6379`, code: 'ECONNREFUSED' };
    case 'corrupt-page':
      return {
        type: 'DatabaseError',
        message: `invalid page in block ${damagedBlock(context)} of relation ${DAMAGED_RELATION}`,
        code: 'XX001',
        stack:
          'error: invalid page in block of relation\n    at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:285:98)',
      };
    case 'overload':
      // What @fastify/under-pressure answers.
      return { type: 'FastifyError', message: 'Service Unavailable', code: 'FST_UNDER_PRESSURE', status: 503 };
    case 'name-resolution':
      return { type: 'Error', message: 'getaddrinfo EAI_AGAIN noa-postgres', code: 'EAI_AGAIN' };
    case 'rate-limited':
      return {
        type: 'FastifyError',
        message: 'Rate limit exceeded, retry in 1 minute',
        code: 'FST_ERR_RATE_LIMIT',
        status: 429,
      };
    case 'unauthorised':
      return { type: 'JsonWebTokenError', message: 'invalid signature', status: 401 };
    case 'ordinary':
      return { type: 'Error', message: 'socket hang up', code: 'ECONNRESET' };
    case 'code':
      return codeError(context);
  }
}

function codeError(context: LineContext): LoggedError {
  const message = context.codeMessage ?? "Cannot read properties of undefined (reading 'id')";
  return {
    type: 'TypeError',
    message,
    stack: `TypeError: ${message}\n    at handler (/app/dist/routes${context.endpoint.path.replace('/api/v1', '')}.js:41:27)`,
  };
}

function anthropicError(cause: ProviderCause, context: LineContext): LoggedError {
  const request = `req_${hexadecimal(context.seed, `request/${context.pod}`, context.count, 20)}`;
  const body = (status: number, type: string, message: string): LoggedError => ({
    type: 'APIError',
    status,
    message: `${status} ${JSON.stringify({ type: 'error', error: { type, message }, request_id: request })}`,
  });
  switch (cause) {
    case 'server-error':
      return body(529, 'overloaded_error', 'Overloaded');
    case 'rate-limited':
      return body(429, 'rate_limit_error', "This request would exceed your organization's rate limit.");
    case 'key':
      return body(401, 'authentication_error', 'invalid x-api-key');
    case 'timeout':
      return { type: 'APIConnectionTimeoutError', message: 'Request timed out.' };
    case 'refused':
      return { type: 'APIConnectionError', message: 'Connection error.', code: 'ECONNREFUSED' };
    case 'breaker-open':
      return { type: 'BrokenCircuitError', message: 'Breaker is open for provider claude' };
  }
}

function openAiError(cause: ProviderCause, context: LineContext): LoggedError {
  const request = `req_${hexadecimal(context.seed, `request/${context.pod}`, context.count, 32)}`;
  switch (cause) {
    case 'server-error':
      return {
        type: 'InternalServerError',
        status: 500,
        message: `500 The server had an error while processing your request. Sorry about that! (request ID ${request})`,
      };
    case 'rate-limited':
      return {
        type: 'RateLimitError',
        status: 429,
        message: '429 Rate limit reached for requests',
        code: 'rate_limit_exceeded',
      };
    case 'key':
      return {
        type: 'AuthenticationError',
        status: 401,
        message: '401 Incorrect API key provided.',
        code: 'invalid_api_key',
      };
    case 'timeout':
      return { type: 'APIConnectionTimeoutError', message: 'Request timed out.' };
    case 'refused':
      return { type: 'APIConnectionError', message: 'Connection error.', code: 'ECONNREFUSED' };
    case 'breaker-open':
      return { type: 'BrokenCircuitError', message: 'Breaker is open for provider openai' };
  }
}

/** One line as pino writes it with level names and ISO times; errors carry the word that the runbook greps for. */
function record(
  context: LineContext,
  level: 'info' | 'error',
  message: string,
  more: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({
    level: level === 'error' ? 'ERROR' : 'INFO',
    time: new Date(context.atMs).toISOString(),
    pid: 1,
    hostname: context.pod,
    reqId: `req-${hexadecimal(context.seed, `id/${context.pod}`, context.count, 8)}`,
    req: { method: context.endpoint.method, url: context.endpoint.path },
    ...more,
    msg: message,
  });
}
