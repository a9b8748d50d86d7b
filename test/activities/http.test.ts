import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createHttpClient, retryAfterOf } from '../../src/activities/http.ts';
import { redactSecrets } from '../../src/activities/redaction.ts';
import { type Handler, openWire, type Wire } from './wire.ts';

let wire: Wire | null = null;
afterEach(() => wire?.close());

async function ask(handler: Handler, timeoutMilliseconds = 2000): Promise<unknown> {
  wire = await openWire(handler);
  const http = createHttpClient({
    name: 'Example',
    baseUrl: wire.url,
    headers: { authorization: 'Bearer hunter2-hunter2' },
    secrets: ['hunter2-hunter2'],
    timeoutMilliseconds,
  });
  return http.json({ path: '/thing' }, z.object({ ok: z.boolean() })).catch((error: unknown) => error);
}

describe('the shared HTTP client', () => {
  it('answers the fields asked for', async () => {
    expect(await ask(() => ({ body: { ok: true, more: 1 } }))).toEqual({ ok: true });
  });

  it.each([
    [
      { status: 429, headers: { 'retry-after': '12' } },
      { type: 'RateLimited', nextRetryDelay: 12_000, nonRetryable: false },
    ],
    [{ status: 429 }, { type: 'RateLimited', nextRetryDelay: 30_000 }],
    [
      {
        status: 429,
        headers: { date: 'Wed, 23 Oct 2024 14:30:00 GMT', 'retry-after': 'Wed, 23 Oct 2024 14:30:45 GMT' },
      },
      { type: 'RateLimited', nextRetryDelay: 45_000 },
    ],
    [
      { status: 503, headers: { 'retry-after': '3' } },
      { type: 'RateLimited', nextRetryDelay: 3000 },
    ],
    [{ status: 503 }, { type: 'Unavailable', nonRetryable: false }],
    [
      { status: 500, body: { error: { message: 'boom' } } },
      { type: 'Unavailable', message: 'Example answered 500: boom' },
    ],
    [{ status: 401 }, { type: 'Unauthorised', nonRetryable: true }],
    [{ status: 404 }, { type: 'NotFound' }],
    [{ status: 409 }, { type: 'Conflict' }],
    [
      { status: 422, body: { message: 'no such field' } },
      { type: 'Invalid', message: 'Example answered 422: no such field' },
    ],
    [{ status: 302, headers: { location: 'http://elsewhere.example/' } }, { type: 'Invalid' }],
    [
      { body: '<html>log in</html>' },
      { type: 'Unavailable', message: expect.stringContaining('HTML instead of JSON') },
    ],
    [{ body: '' }, { type: 'Unavailable', message: expect.stringContaining('nothing') }],
    [{ body: '{"ok": tr' }, { type: 'Unavailable', message: expect.stringContaining('not JSON') }],
    [{ body: { ok: 'yes' } }, { type: 'Unavailable', message: expect.stringContaining('shape') }],
  ])('maps %j', async (answer, expected) => {
    expect(await ask(() => answer)).toMatchObject(expected);
  });

  it('asks once: retries are not its business', async () => {
    await ask(() => ({ status: 500 }));
    expect(wire?.requests).toHaveLength(1);
  });

  it('gives up at the deadline, on silence and on a cut', async () => {
    expect(await ask(() => 'silence', 120)).toMatchObject({
      type: 'Unavailable',
      message: 'Example did not answer within 0.12 s.',
    });
    await wire?.close();
    expect(await ask(() => 'cut')).toMatchObject({
      type: 'Unavailable',
      message: expect.stringContaining('could not be reached'),
    });
  });

  it('repeats no secret that the other side echoes', async () => {
    const failed = await ask((request) => ({
      status: 400,
      body: { message: `bad header ${request.headers.authorization}` },
    }));
    expect(JSON.stringify(failed)).not.toContain('hunter2');
  });

  it('bounds what a Retry-After can ask for', () => {
    expect(retryAfterOf(new Headers({ 'retry-after': '999999' }))).toBe(600);
    expect(retryAfterOf(new Headers({ 'retry-after': 'soon' }))).toBeNull();
  });
});

describe('redaction', () => {
  it.each([
    ['connect postgres://noa:s3cr3t-pw@db:5432/noa', 's3cr3t-pw'],
    ['Authorization: Bearer abc.def.ghi123', 'abc.def.ghi123'],
    ['key AKIAIOSFODNN7EXAMPLE used', 'AKIAIOSFODNN7EXAMPLE'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sflKxwRJSMeKKF2QT4', 'sflKxwRJSMeKKF2QT4'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
    ['mail from jane.doe@customer.example about it', 'jane.doe'],
    ['{"password":"p4ss w0rd","user":"x"}', 'p4ss w0rd'],
    ['DB_PASSWORD=topsecret host=x', 'topsecret'],
    ['Authorization: ApiKey cGxhbnRlZDpzZWNyZXQ=', 'cGxhbnRlZDpzZWNyZXQ'],
    ['Authorization: Token token=y_NbAkKc66ryYTWUXYEu', 'y_NbAkKc66ryYTWUXYEu'],
    ["headers: { authorization: 'OAuth 89a229ce1a8d', accept: '*/*' }", '89a229ce1a8d'],
    ['set-cookie: session=8f2c0d; HttpOnly', '8f2c0d'],
    ['redis://:cachepw99@cache:6379 refused', 'cachepw99'],
    ['token glsa_0123456789abcdefghijklmn was used', 'glsa_0123456789'],
    ['invalid x-api-key: sk-ant-api03-abcdefghijklmnop', 'abcdefghijklmnop'],
  ])('takes the secret out of %s', (text, secret) => {
    expect(redactSecrets(text)).not.toContain(secret);
  });

  it('leaves ordinary words alone', () => {
    const text = 'FATAL: sorry, too many clients already (max_tokens: 4096) at 10.0.0.1:5432';
    expect(redactSecrets(text)).toBe(text);
  });
});
