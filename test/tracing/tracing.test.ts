import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../lab/embedded/ports.ts';
import { readTraceparent, spanIdOf, writeTraceparent } from '../../src/domain/trace-context.ts';
import type { Tracing } from '../../src/tracing/spans.ts';
import { inSpan, traceFields, traceUnderWay } from '../../src/tracing/spans.ts';
import { startTracing } from '../../src/tracing/tracing.ts';
import { startCollector } from './collector.ts';

let collector: Awaited<ReturnType<typeof startCollector>>;
let vendor: { readonly url: string; close(): void; readonly heard: Record<string, unknown>[] };
let tracing: Tracing;
const warnings: string[] = [];
beforeAll(async () => {
  collector = await startCollector();
  const heard: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers);
    response.writeHead(request.url?.includes('bad') === true ? 500 : 200).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vendor = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard, close: () => server.close() };
});
afterEach(() => tracing?.stop());
afterAll(async () => {
  vendor.close();
  await collector.stop();
});

const start = (endpoint: string | undefined) =>
  startTracing({ process: 'worker', endpoint, headers: 'x-team=a%20b,broken', warn: (words) => warnings.push(words) });

describe('traces', () => {
  // Each process has one tracer for good, so what is off comes first.
  it('are off without an endpoint: no span, no id, no field', async () => {
    tracing = await start(undefined);
    const seen = await inSpan({ name: 'x', kind: 'internal' }, async () => [traceUnderWay(), traceFields()]);
    expect(seen).toEqual([null, {}]);
  });

  it('tell of requests that leave, by fetch and by http: host, method and status, nothing else of them', async () => {
    tracing = await start(collector.url);
    const closed = await freePort();
    const failed = Object.assign(new Error('words of the vendor'), { type: 'Unavailable' });
    const waits = Object.assign(new Error('not before 15:00'), { type: 'NotYet', category: 'BENIGN' });
    await inSpan({ name: 'outer', kind: 'internal', incidentId: 'incident-20241023-1430' }, async () => {
      await fetch(`${vendor.url}/bot-token-1234/search?q=words`);
      await new Promise((resolve) => httpRequest(`${vendor.url}/bad/token-1234`, resolve).end());
      await fetch(`http://127.0.0.1:${closed}/`).catch(() => {});
      for (const error of [failed, waits])
        await inSpan({ name: 'inner', kind: 'internal' }, () => Promise.reject(error)).catch(() => {});
    });
    await fetch(`${vendor.url}/outside`);
    await tracing.stop();
    const host = new URL(vendor.url).host;
    const told = collector.spans.map(({ name, failed: bad, attributes }) => [
      name,
      bad,
      attributes['error.type'] ?? null,
    ]);
    expect(told.sort()).toEqual(
      [
        ['outer', false, null],
        [`GET ${host}`, false, null],
        [`GET ${host}`, false, null],
        [`GET 127.0.0.1:${closed}`, true, 'Error'],
        ['inner', true, 'Unavailable'],
        ['inner', false, 'NotYet'],
      ].sort(),
    );
    const statuses = collector.spans.map(({ attributes }) => attributes['http.response.status_code']);
    expect(statuses.filter((one) => one !== undefined).sort()).toEqual(['200', '500']);
    for (const span of collector.spans) expect(span.attributes['incident.id']).toBe('incident-20241023-1430');
    for (const word of ['token-1234', 'q=words', 'words of the vendor', 'not before'])
      expect(collector.bodies.join(), word).not.toContain(word);
    expect(collector.asked[0]?.headers).toMatchObject({ 'x-team': 'a b' });
    // Vendors are not told of our traces.
    expect(vendor.heard.some((headers) => 'traceparent' in headers)).toBe(false);
  }, 20_000);
});

describe('what a message carries', () => {
  it('is a trace, or nothing', () => {
    const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };
    expect(readTraceparent(writeTraceparent(trace))).toEqual(trace);
    expect(readTraceparent(writeTraceparent({ ...trace, sampled: false }))?.sampled).toBe(false);
    for (const junk of [
      null,
      3,
      'x',
      {},
      { traceparent: 'x' },
      { traceparent: `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01` },
    ])
      expect(readTraceparent(junk)).toBeNull();
  });

  it('names spans alike for alike words, and otherwise for others', () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => spanIdOf(`7f1c0a52-run/${index}`));
    expect(new Set(ids).size).toBe(2_000);
    expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
    expect(spanIdOf('7f1c0a52-run/0')).toBe(ids[0]);
  });
});
