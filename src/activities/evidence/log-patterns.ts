import type { LogKind, LogPattern } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';

export interface ReadLine {
  readonly at: Instant | null;
  readonly line: string;
}

/**
 * Groups the troubled lines of a log by what they say (R2.6, R3.2.1, R5.1): most frequent first, 20 patterns at most.
 * Lines that report nothing wrong are left out.
 */
export function logPatterns(lines: readonly ReadLine[]): readonly LogPattern[] {
  const groups = new Map<string, LogPattern>();
  for (const { at, line } of lines) {
    const kind = classifyLine(line);
    if (kind === null) continue;
    const pattern = normaliseLine(line);
    const key = `${kind} ${pattern}`;
    const known = groups.get(key);
    const failed = tellsOfFailedRequest(line) ? 1 : 0;
    groups.set(
      key,
      known === undefined
        ? {
            kind,
            pattern,
            count: 1,
            firstAt: at,
            example: wordsOfLine(line).slice(0, EXAMPLE_CHARACTERS),
            failedRequests: failed,
          }
        : again(known, at, failed),
    );
  }
  return [...groups.values()].sort((a, b) => b.count - a.count).slice(0, PATTERNS_LIMIT);
}

/** The kind of trouble a line tells of; null when it tells of none. The most specific cause named wins. */
export function classifyLine(line: string): LogKind | null {
  const level = levelOf(line);
  if (level === 'calm') return null;
  const words = wordsOfLine(line);
  const known = KINDS.find(({ signs }) => signs.test(words));
  if (known !== undefined) return known.kind;
  if (FATAL.test(words)) return 'fatal';
  if (EXCEPTION.test(words)) return 'exception';
  return level === 'troubled' ? 'other' : null;
}

/** The line with timestamps, ids, addresses and numbers as placeholders, so that equal troubles become equal texts. */
export function normaliseLine(line: string): string {
  const normal = PLACEHOLDERS.reduce(
    (text, [pattern, placeholder]) => text.replace(pattern, placeholder),
    wordsOfLine(line),
  );
  return normal.replace(/\s+/g, ' ').trim().slice(0, PATTERN_CHARACTERS);
}

const PATTERNS_LIMIT = 20;
const PATTERN_CHARACTERS = 200;
const EXAMPLE_CHARACTERS = 300;

/**
 * In this order: a full pool also times out, and a provider's rate limit is also a provider's error. The messages are
 * those of PostgreSQL and its drivers, Node, Redis and its clients, and the providers' SDKs.
 */
const KINDS: readonly { readonly kind: LogKind; readonly signs: RegExp }[] = [
  {
    kind: 'cache',
    signs:
      /redis|\bioredis\b|:6379\b|OOM command not allowed|MISCONF |READONLY You can't write|CLUSTERDOWN|MaxRetriesPerRequest|max number of clients reached|\bMOVED \d|\bNOAUTH\b|\bmemcached?\b/i,
  },
  {
    kind: 'out-of-memory',
    signs:
      /heap out of memory|Reached heap limit|OOM[- ]?Killed|Out of memory: Kill|\bENOMEM\b|Cannot allocate memory|MemoryError|OutOfMemoryError|ERROR:\s+out of memory/i,
  },
  {
    // Pages that PostgreSQL cannot trust (its errcodes XX001, XX002, and what it writes with them).
    kind: 'data-corruption',
    signs:
      /invalid page in block|page verification failed|could not read block|missing chunk number|unexpected zero page|unexpected chunk number|\bXX00[12]\b|data_corrupted|index_corrupted|checksum (?:mismatch|failure)/i,
  },
  {
    // getaddrinfo's words in Node, libc, libpq and Go.
    kind: 'name-resolution',
    signs:
      /getaddrinfo|EAI_AGAIN|\bENOTFOUND\b|name resolution|Name or service not known|could not translate host name|no such host|SERVFAIL/i,
  },
  {
    kind: 'rate-limit',
    signs: /rate[_ -]?limit|too many requests|\b429\b|insufficient_quota|exceeded your current quota|quota exceeded/i,
  },
  {
    kind: 'database-connection',
    signs: new RegExp(
      [
        'too many clients already',
        'remaining connection slots are reserved',
        'too many connections for (?:role|database)',
        'timeout exceeded when trying to connect',
        'Connection terminated',
        'terminating connection due to',
        'the database system is (?:starting up|shutting down|in recovery mode|not yet accepting)',
        'server closed the connection unexpectedly',
        'Timeout acquiring a connection',
        'Timed out fetching a new connection',
        'connection pool',
        'pool (?:is )?(?:probably )?(?:full|exhausted)',
        'could not connect to server',
        'Connection refused.*Is the server running',
        'password authentication failed for user',
        'no pg_hba\\.conf entry',
        'Client has encountered a connection error',
        ':5432\\b',
        '\\b(?:53300|57P0[1-3]|08006|08001|08003)\\b',
        'SequelizeConnection',
        '\\bP(?:1001|1002|2024)\\b',
      ].join('|'),
      'i',
    ),
  },
  {
    kind: 'provider',
    signs:
      /anthropic|openai|overloaded_error|\bOverloaded\b|\b529\b|invalid x-api-key|Incorrect API key|authentication_error|APIConnection(?:Timeout)?Error|InternalServerError: 5|The server had an error (?:while )?processing your request|engine is currently overloaded|\bapi_error\b|(?:AI|LLM|model) provider|provider [\w-]+ (?:failed|error|unavailable)/i,
  },
  {
    // jsonwebtoken, jose and fastify-jwt, and what OAuth (RFC 6750) answers.
    kind: 'authentication',
    signs:
      /JsonWebTokenError|TokenExpiredError|NotBeforeError|jwt (?:expired|malformed|must be provided|signature|audience|issuer)|invalid signature|ERR_JW[STK]|ERR_JWKS|FST_JWT_|invalid_token|No Authorization was found|signing key/i,
  },
  {
    // Servers that shed load: @fastify/under-pressure, toobusy-js, and a process out of file descriptors.
    kind: 'overload',
    signs:
      /FST_UNDER_PRESSURE|under[- ]pressure|toobusy|server (?:is )?too busy|\bEMFILE\b|too many open files|load shedding/i,
  },
  {
    kind: 'timeout',
    signs:
      /time[d]?[ -]?out|ETIMEDOUT|ESOCKETTIMEDOUT|deadline exceeded|UND_ERR_(?:HEADERS|BODY|CONNECT)_TIMEOUT|statement timeout|lock timeout|\b504\b|operation was aborted/i,
  },
];

const FATAL = /\bFATAL\b|\bPANIC\b|panic:|uncaughtException|Uncaught |Segmentation fault|"level":60/;
const EXCEPTION =
  /Exception|Traceback \(most recent|unhandledRejection|Unhandled|\b(?:Type|Reference|Range|Syntax|Assertion|Eval|URI)?Error: /;

const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|\s?UTC|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b(?:req|request|trace|msg|run|usr|user|org|ses|session)_[A-Za-z0-9]{6,}\b/g, '<id>'],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g, '<address>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b/gi, '<hex>'],
  // Status and error codes stay: they are what tells two troubles apart.
  [
    /(?<!(?:status|code|HTTP\/\d(?:\.\d)?)\W{0,4})(?<![\w.])(?!(?:429|500|502|503|504|529)\b)\d+(?:\.\d+)?(?=(?:ms|s|m|MB|MiB|KB|GB|%)?\b)/gi,
    '<n>',
  ],
];

const PINO_WARN_LEVEL = 40;

/** `troubled` and `calm` are what the line says of itself; a line without a level is judged by its words alone. */
function levelOf(line: string): 'troubled' | 'calm' | 'unsaid' {
  const json = jsonOf(line);
  const level = json === null ? undefined : (json.level ?? json.severity);
  if (typeof level === 'number') return level >= PINO_WARN_LEVEL ? 'troubled' : 'calm';
  const said = typeof level === 'string' ? level : line.slice(0, LEVEL_WITHIN_CHARACTERS);
  if (/\b(?:ERROR|ERR|FATAL|PANIC|CRITICAL|WARN|WARNING)\b/i.test(said)) return 'troubled';
  return /\b(?:INFO|DEBUG|TRACE|LOG:|NOTICE|STATEMENT:|DETAIL:|HINT:)/.test(said) ||
    /^(?:info|debug|trace)$/i.test(said)
    ? 'calm'
    : 'unsaid';
}

/** A level stands near the beginning; the word "error" later in the text is no level. */
const LEVEL_WITHIN_CHARACTERS = 80;

/** What the line says, without its envelope: of a JSON line the message and the error, of others the line itself. */
function wordsOfLine(line: string): string {
  const json = jsonOf(line);
  if (json === null) return line.trim();
  const error =
    typeof json.err === 'object' && json.err !== null
      ? (json.err as Record<string, unknown>)
      : typeof json.error === 'object' && json.error !== null
        ? (json.error as Record<string, unknown>)
        : {};
  const parts = [
    levelName(json.level),
    json.msg ?? json.message,
    typeof json.error === 'string' ? json.error : undefined,
    error.type,
    error.code,
    error.message,
  ];
  return parts
    .filter((part): part is string | number => typeof part === 'string' || typeof part === 'number')
    .join(' ');
}

function levelName(level: unknown): unknown {
  if (typeof level !== 'number') return typeof level === 'string' ? level.toUpperCase() : undefined;
  return level >= 60 ? 'FATAL' : level >= 50 ? 'ERROR' : level >= PINO_WARN_LEVEL ? 'WARN' : undefined;
}

function jsonOf(line: string): Readonly<Record<string, unknown>> | null {
  const text = line.trim();
  if (!text.startsWith('{')) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** pino and its kind write the answer beside the error; access logs carry the status after the request line. */
function tellsOfFailedRequest(line: string): boolean {
  const json = jsonOf(line);
  if (json === null) return /"\s5\d\d\s|\bstatus(?:Code)?[=:]\s?5\d\d\b/.test(line);
  const answer = typeof json.res === 'object' && json.res !== null ? (json.res as Record<string, unknown>) : json;
  const status = Number(answer.statusCode ?? answer.status ?? json.status);
  return status >= 500 && status < 600;
}

function again(known: LogPattern, at: Instant | null, failed: number): LogPattern {
  const firstAt = known.firstAt === null || (at !== null && at < known.firstAt) ? (at ?? known.firstAt) : known.firstAt;
  return { ...known, count: known.count + 1, firstAt, failedRequests: (known.failedRequests ?? 0) + failed };
}
