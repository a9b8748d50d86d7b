import { describe, expect, it } from 'vitest';
import { classifyLine, logPatterns, normaliseLine } from '../../../src/activities/evidence/log-patterns.ts';

describe('classifying log lines by the messages the real systems write (R2.6)', () => {
  it.each([
    ['FATAL:  sorry, too many clients already', 'database-connection'],
    [
      'FATAL:  remaining connection slots are reserved for non-replication superuser connections',
      'database-connection',
    ],
    ['ERROR Error: timeout exceeded when trying to connect', 'database-connection'],
    ['Error: Connection terminated unexpectedly', 'database-connection'],
    ['Error: connect ECONNREFUSED 10.0.0.7:5432', 'database-connection'],
    ['FATAL:  terminating connection due to administrator command', 'database-connection'],
    ['FATAL:  the database system is in recovery mode', 'database-connection'],
    [
      '{"level":50,"time":1,"msg":"query failed","err":{"type":"Error","message":"sorry, too many clients already","code":"53300"}}',
      'database-connection',
    ],
    ['ERROR:  canceling statement due to statement timeout', 'timeout'],
    ['ERROR request failed: ETIMEDOUT', 'timeout'],
    ['ERROR upstream answered 504 Gateway Timeout', 'timeout'],
    ['ERROR anthropic: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 'provider'],
    ['ERROR APIConnectionTimeoutError: Request timed out.', 'provider'],
    ['ERROR The server had an error while processing your request. Sorry about that!', 'provider'],
    [
      'ERROR 429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit"}}',
      'rate-limit',
    ],
    ['ERROR RateLimitError: 429 You exceeded your current quota, please check your plan', 'rate-limit'],
    ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', 'out-of-memory'],
    ['ReplyError: MISCONF Redis is configured to save RDB snapshots', 'cache'],
    ["ReplyError: OOM command not allowed when used memory > 'maxmemory'.", 'cache'],
    ['Error: connect ECONNREFUSED 127.0.0.1:6379', 'cache'],
    ['FATAL could not read configuration', 'fatal'],
    ["TypeError: Cannot read properties of undefined (reading 'id')", 'exception'],
    ['java.lang.IllegalStateException: no', 'exception'],
    ['ERROR something nobody foresaw', 'other'],
    ['{"level":30,"msg":"request completed","timeout":5000}', null],
    ['INFO timeout is set to 30s', null],
    ['GET /health 200', null],
    ['LOG:  checkpoint complete: wrote 44 buffers', null],
  ])('%s is %s', (line, kind) => {
    expect(classifyLine(line)).toBe(kind);
  });
});

describe('grouping', () => {
  it('makes equal troubles equal, and keeps codes that tell them apart', () => {
    expect(
      normaliseLine('2024-10-23T14:30:01.123Z ERROR request 8f14e45f-ceea-467f-a0e6-0123456789ab took 5012ms'),
    ).toBe('<time> ERROR request <uuid> took <n>ms');
    expect(normaliseLine('ERROR status 500 after 3 tries from 10.1.2.3:4242')).toBe(
      'ERROR status 500 after <n> tries from <address>',
    );
    expect(normaliseLine('ERROR x'.padEnd(999, 'y'))).toHaveLength(200);
  });

  it('counts, keeps the first instant and an example, most frequent first, twenty at most', () => {
    const at = (second: number) => `2024-10-23T14:30:${String(second).padStart(2, '0')}.000Z`;
    const lines = [
      { at: at(9), line: 'ERROR query 17 failed: too many clients already' },
      { at: at(3), line: 'ERROR query 4 failed: too many clients already' },
      { at: at(1), line: 'INFO fine' },
      { at: null, line: 'ERROR other thing' },
    ];
    expect(logPatterns(lines)).toEqual([
      {
        kind: 'database-connection',
        pattern: 'ERROR query <n> failed: too many clients already',
        count: 2,
        firstAt: at(3),
        example: 'ERROR query 17 failed: too many clients already',
        failedRequests: 0,
      },
      {
        kind: 'other',
        pattern: 'ERROR other thing',
        count: 1,
        firstAt: null,
        example: 'ERROR other thing',
        failedRequests: 0,
      },
    ]);
    const letters = Array.from({ length: 30 }, (_, index) => ({ at: null, line: `ERROR ${'x'.repeat(index + 1)}` }));
    expect(logPatterns(letters)).toHaveLength(20);
  });

  it('tells lines of failed requests from loud ones: pino, access logs, and what says nothing of a request', () => {
    const line = (text: string) => logPatterns([{ at: null, line: text }])[0]?.failedRequests;
    expect(line('{"level":"ERROR","res":{"statusCode":500},"err":{"type":"TypeError"},"msg":"x is undefined"}')).toBe(
      1,
    );
    expect(line('{"level":"ERROR","res":{"statusCode":404},"msg":"no such flow"}')).toBe(0);
    expect(line('ERROR 10.0.0.7 "GET /api HTTP/1.1" 503 12')).toBe(1);
    expect(line('ERROR: telemetry exporter dropped 1 span: queue is full')).toBe(0);
  });
});
