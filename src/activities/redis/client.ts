import { createClient } from 'redis';
import { type FailureType, failure, met } from '../failures.ts';
import { redactSecrets } from '../redaction.ts';

export interface RedisOptions {
  /** `redis://` or `rediss://`, with user and password where the server asks for them. */
  readonly url: string;
  /** For connecting, for each answer, and for giving up altogether. */
  readonly timeoutMilliseconds: number;
}

export interface CacheAnswer {
  readonly answers: boolean;
  readonly milliseconds: number | null;
  readonly error: string | null;
}

/** What tells stale connections from a cache that is too small (R3.3.3): a restart helps against the first only. */
export interface CacheStatistics {
  /** Share of lookups answered since the server started, 0 to 1; null before the first one. */
  readonly hitRatio: number | null;
  /** Keys thrown out because the memory was full, since the server started. */
  readonly evictedKeys: number;
  readonly connectedClients: number;
  /** Clients that have said nothing for ten minutes; null when this user may not list them. */
  readonly idleClients: number | null;
  readonly clientLimit: number | null;
  readonly rejectedConnections: number;
  readonly usedMemoryMiB: number;
  /** Null when the server has no limit of its own. */
  readonly memoryLimitMiB: number | null;
  readonly uptimeSeconds: number;
}

export interface RedisClient {
  /** `PING` (R2.5). Never rejects: a cache that does not answer is the finding. */
  answers(): Promise<CacheAnswer>;
  /** `INFO` and `CLIENT LIST`; rejects with the reason when the server does not tell. */
  statistics(): Promise<CacheStatistics>;
}

/** Read-only questions, each on a connection of its own that never reconnects: one attempt, cut off at the deadline. */
export function createRedisClient(options: RedisOptions): RedisClient {
  return {
    answers: () => probeAnswer(options),
    statistics: () => probe(options, readStatistics),
  };
}

/** A connection this long without a command is taken for one that nobody uses any more. */
const IDLE_SECONDS = 600;
const CLIENTS_LIMIT = 10_000;
const BYTES_A_MIB = 1024 * 1024;

type Connection = ReturnType<typeof connectionTo>;

async function probeAnswer(options: RedisOptions): Promise<CacheAnswer> {
  const begunMs = performance.now();
  try {
    await probe(options, async (client) => {
      const answer = await client.sendCommand(['PING']);
      if (String(answer) !== 'PONG') throw new Error(`answered ${String(answer).slice(0, 40)} instead of PONG`);
    });
    return { answers: true, milliseconds: Math.round(performance.now() - begunMs), error: null };
  } catch (error) {
    return { answers: false, milliseconds: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/** One connection of its own, cut off at the deadline. Throws the failures of failures.ts. */
export async function probe<T>(options: RedisOptions, ask: (client: Connection) => Promise<T>): Promise<T> {
  const client = connectionTo(options);
  // Without a listener a connection that dies would end the process; what it says is in the rejected call as well.
  client.on('error', () => undefined);
  try {
    return await withinDeadline(client, options.timeoutMilliseconds, async () => {
      await client.connect();
      return ask(client);
    });
  } catch (error) {
    const failed = failure(typeOf(error), `Redis: ${redactSecrets(wordsOf(error), passwordOf(options.url))}`);
    throw met(failed, { status: null, error });
  } finally {
    if (client.isOpen) client.destroy();
  }
}

function connectionTo({ url, timeoutMilliseconds }: RedisOptions) {
  return createClient({
    url,
    disableOfflineQueue: true,
    // Both are commands that a server before 7.2, or a user with few rights, answers with an error.
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { connectTimeout: timeoutMilliseconds, reconnectStrategy: false },
  });
}

/** A half-open socket answers nothing, not even to its closing, so it is destroyed. */
function withinDeadline<T>(client: Connection, milliseconds: number, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`no answer within ${milliseconds / 1000} s`));
      if (client.isOpen) client.destroy();
    }, milliseconds);
    run()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

async function readStatistics(client: Connection): Promise<CacheStatistics> {
  const info = fieldsOf(await client.sendCommand(['INFO']));
  const required = (name: string): number => {
    const value = Number(info.get(name));
    if (info.has(name) && Number.isFinite(value)) return value;
    throw new Error(`INFO does not tell ${name}`);
  };
  const optional = (name: string): number | null => (info.has(name) ? required(name) : null);
  const [hits, misses] = [required('keyspace_hits'), required('keyspace_misses')];
  const memoryLimitBytes = optional('maxmemory') ?? 0;
  return {
    hitRatio: hits + misses === 0 ? null : hits / (hits + misses),
    evictedKeys: required('evicted_keys'),
    connectedClients: required('connected_clients'),
    idleClients: await countIdle(client),
    clientLimit: optional('maxclients'),
    rejectedConnections: required('rejected_connections'),
    usedMemoryMiB: mebibytes(required('used_memory')),
    memoryLimitMiB: memoryLimitBytes === 0 ? null : mebibytes(memoryLimitBytes),
    uptimeSeconds: required('uptime_in_seconds'),
  };
}

/** A user without `+client|list` still learns everything else. */
async function countIdle(client: Connection): Promise<number | null> {
  try {
    const lines = String(await client.sendCommand(['CLIENT', 'LIST', 'TYPE', 'normal'])).split('\n', CLIENTS_LIMIT);
    return lines.filter((line) => Number(/ idle=(\d+)/.exec(line)?.[1] ?? 0) >= IDLE_SECONDS).length;
  } catch (error) {
    if (/^NOPERM/.test(wordsOf(error))) return null;
    throw error;
  }
}

function fieldsOf(answer: unknown): ReadonlyMap<string, string> {
  const pairs = String(answer)
    .split(/\r?\n/)
    .filter((line) => line.includes(':') && !line.startsWith('#'))
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]);
  return new Map(pairs);
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / BYTES_A_MIB) * 10) / 10;
}

function typeOf(error: unknown): FailureType {
  return /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(wordsOf(error)) ? 'Unauthorised' : 'Unavailable';
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map((one) => wordsOf(one)).join('; ');
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message === '' ? error.name : error.message}${cause}`;
}

function passwordOf(url: string): readonly string[] {
  if (!URL.canParse(url)) return [];
  const { password } = new URL(url);
  return [password, decodeURIComponent(password)];
}
