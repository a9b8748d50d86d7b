import type { ApplicationFailure } from '@temporalio/common';
import type { ZodType } from 'zod';
import { type FailureType, failure, met } from './failures.ts';
import { redactSecrets } from './redaction.ts';

/** How to reach one system. `headers` carry its credentials; `secrets` are blanked out of every message. */
export interface HttpSystem {
  /** The system's name as people know it; every failure's message begins with it. */
  readonly name: string;
  readonly baseUrl: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly timeoutMilliseconds: number;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Appended to the base URL; already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  /** Redirects to elsewhere are refused unless asked for: a credential must not travel to another host. */
  readonly followRedirects?: boolean;
  readonly timeoutMilliseconds?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** With the body as it came, for what is not text. */
export interface WholeAnswer extends HttpAnswer {
  readonly bytes: Buffer;
}

export interface HttpClient {
  /** One attempt, any status answered. Throws `Unavailable` when no whole answer came within the deadline. */
  send(request: HttpRequest): Promise<WholeAnswer>;
  /** One attempt that must answer 2xx with JSON of that shape; everything else is a failure of the closed list. */
  json<T>(request: HttpRequest, shape: ZodType<T>): Promise<T>;
}

/**
 * The small client all fetch-based systems share. It never retries: retries belong to Temporal, and a second layer
 * would multiply them. It throws failures of failures.ts: 429, and a 503 or 403 that names a wait, are `RateLimited`,
 * 5xx and network trouble `Unavailable`, 401/403 `Unauthorised`, 404 `NotFound`, 409/412 `Conflict`, other 4xx `Invalid`.
 */
export function createHttpClient(system: HttpSystem): HttpClient {
  const send = (request: HttpRequest): Promise<WholeAnswer> => sendOnce(system, request);
  return {
    send,
    async json(request, shape) {
      const answer = await send(request);
      if (answer.status < 200 || answer.status > 299) throw failureOfAnswer(system.name, answer, system.secrets);
      return parseJson(system.name, answer, shape);
    },
  };
}

/** The failure that an answer outside 2xx means. */
export function failureOfAnswer(name: string, answer: HttpAnswer, secrets: readonly string[] = []): ApplicationFailure {
  const retryAfterSeconds = retryAfterOf(answer.headers);
  const type = failureTypeOf(answer.status, retryAfterSeconds !== null);
  const said = redactSecrets(excerptOf(answer), secrets);
  const wait = type === 'RateLimited' ? (retryAfterSeconds ?? RATE_LIMITED_FALLBACK_SECONDS) : retryAfterSeconds;
  const failed = failure(type, `${name} answered ${answer.status}${said === '' ? '' : `: ${said}`}`, {
    ...(wait === null ? {} : { retryAfterSeconds: wait }),
  });
  return met(failed, { status: answer.status, error: null });
}

/**
 * Seconds to wait that the answer asks for: Retry-After as seconds or as an HTTP date (measured against the answer's
 * own Date, so that no clock of ours is involved), or a rate limit's reset in seconds; null when it asks for none.
 */
export function retryAfterOf(headers: Headers): number | null {
  const asked = headers.get('retry-after') ?? headers.get('ratelimit-reset') ?? usedUpUntil(headers);
  if (asked === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(asked)) return clampWait(Number(asked));
  const until = Date.parse(asked);
  const now = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(until)) return null;
  return Number.isNaN(now) ? RATE_LIMITED_FALLBACK_SECONDS : clampWait((until - now) / 1000);
}

/** An allowance that is used up names the second (of the epoch) in which it begins anew; others name it too, unasked. */
function usedUpUntil(headers: Headers): string | null {
  const left = headers.get('x-ratelimit-remaining') ?? headers.get('x-rate-limit-remaining');
  const reset = headers.get('x-ratelimit-reset') ?? headers.get('x-rate-limit-reset');
  return left === '0' && reset !== null && /^\d{1,12}$/.test(reset)
    ? new Date(Number(reset) * 1000).toUTCString()
    : null;
}

/** Parses an answer's JSON; HTML, nothing at all, and unexpected shapes are said to be just that. */
export function parseJson<T>(name: string, answer: Pick<HttpAnswer, 'headers' | 'text'>, shape: ZodType<T>): T {
  const text = answer.text.trim();
  if (text === '') throw failure('Unavailable', `${name} answered with nothing where JSON was expected.`);
  if (text.startsWith('<')) {
    throw failure('Unavailable', `${name} answered with HTML instead of JSON: is a proxy or a login page in between?`);
  }
  const parsed = shape.safeParse(jsonOf(name, text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'the answer' : issue.path.join('.');
  throw failure('Unavailable', `${name} answered in a shape we do not know: ${where}: ${issue?.message ?? 'unknown'}.`);
}

/** Waits longer than this would outlive the step that waits. */
const LONGEST_WAIT_SECONDS = 600;
const RATE_LIMITED_FALLBACK_SECONDS = 30;
const EXCERPT_CHARACTERS = 300;
const LARGEST_ANSWER_BYTES = 16 * 1024 * 1024;

function failureTypeOf(status: number, namesAWait: boolean): FailureType {
  if (status === 429 || ((status === 503 || status === 403) && namesAWait)) return 'RateLimited';
  if (status >= 500 || status === 408 || status === 425) return 'Unavailable';
  if (status === 401 || status === 403) return 'Unauthorised';
  if (status === 404 || status === 410) return 'NotFound';
  if (status === 409 || status === 412) return 'Conflict';
  return 'Invalid';
}

function clampWait(seconds: number): number {
  return Math.min(Math.max(Math.ceil(seconds), 1), LONGEST_WAIT_SECONDS);
}

async function sendOnce(system: HttpSystem, request: HttpRequest): Promise<WholeAnswer> {
  const milliseconds = request.timeoutMilliseconds ?? system.timeoutMilliseconds;
  try {
    const answer = await fetch(urlOf(system, request), {
      method: request.method ?? 'GET',
      headers: { accept: 'application/json', ...bodyHeaders(request), ...system.headers, ...request.headers },
      body: bodyOf(request),
      redirect: request.followRedirects === true ? 'follow' : 'manual',
      signal: AbortSignal.timeout(milliseconds),
    });
    const bytes = await readBounded(answer);
    return { status: answer.status, headers: answer.headers, text: bytes.toString('utf8'), bytes };
  } catch (error) {
    const failed = failure(
      'Unavailable',
      `${system.name} ${redactSecrets(troubleOf(error, milliseconds), system.secrets)}`,
    );
    throw met(failed, { status: null, error });
  }
}

function urlOf(system: HttpSystem, request: HttpRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) query.set(name, String(value));
  const suffix = query.size === 0 ? '' : `${request.path.includes('?') ? '&' : '?'}${query}`;
  return `${system.baseUrl.replace(/\/+$/, '')}${request.path}${suffix}`;
}

function bodyHeaders(request: HttpRequest): Record<string, string> {
  if (request.json !== undefined) return { 'content-type': 'application/json' };
  return request.form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
}

function bodyOf(request: HttpRequest): string | null {
  if (request.json !== undefined) return JSON.stringify(request.json);
  return request.form === undefined ? null : new URLSearchParams({ ...request.form }).toString();
}

async function readBounded(answer: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > LARGEST_ANSWER_BYTES) throw new Error(`answered with more than ${LARGEST_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a person understands of a failed attempt: the deadline, or the deepest cause with its code. */
export function troubleOf(error: unknown, milliseconds: number): string {
  if (!(error instanceof Error)) return `could not be reached: ${String(error)}`;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return `did not answer within ${milliseconds / 1000} s.`;
  }
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
  const words = cause.message === '' ? cause.name : cause.message;
  return `could not be reached: ${code === null || words.includes(code) ? words : `${code} ${words}`}`;
}

function jsonOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failure('Unavailable', `${name} answered with something that is not JSON (cut short?).`);
  }
}

function excerptOf(answer: HttpAnswer): string {
  const elsewhere = answer.headers.get('location');
  if (answer.status >= 300 && answer.status < 400 && elsewhere !== null) return redirectWords(elsewhere);
  const text = answer.text.trim();
  if (text.startsWith('<')) return 'a page of HTML';
  return (messageOf(text) ?? text).replace(/\s+/g, ' ').slice(0, EXCERPT_CHARACTERS);
}

/** Only the host: the rest of an address may hold what is nobody's business. */
function redirectWords(location: string): string {
  const host = URL.canParse(location) ? new URL(location).host : 'another path';
  return `it sends us to ${host}, where we do not follow. Is its address right, and are we let in?`;
}

/** Sentences in a list, or by the field they are about. */
function listed(errors: unknown): string | null {
  if (typeof errors !== 'object' || errors === null) return null;
  const sentences = Object.entries(errors).flatMap(([field, said]) =>
    typeof said === 'string' && said !== '' ? [Array.isArray(errors) ? said : `${field}: ${said}`] : [],
  );
  return sentences.length === 0 ? null : sentences.slice(0, 3).join('; ');
}

/** Most systems put a sentence for people under one of these names. */
function messageOf(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null) return null;
    const fields = body as Record<string, unknown>;
    const nested =
      typeof fields.error === 'object' && fields.error !== null ? (fields.error as Record<string, unknown>) : null;
    for (const said of [nested?.message, fields.message, fields.description, fields.error, fields.detail]) {
      if (typeof said === 'string' && said !== '') return said;
    }
    return listed(fields.errorMessages) ?? listed(fields.errors) ?? listed(nested?.errors);
  } catch {
    return null;
  }
}
