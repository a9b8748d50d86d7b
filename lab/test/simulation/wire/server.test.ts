import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WireFault } from '../../../simulation/wire/faults.ts';
import { FAULT_NAMES, WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';
import type { WireServer } from '../../../simulation/wire/server.ts';
import { createWireServer } from '../../../simulation/wire/server.ts';

const WORLD_MS = Date.parse('2024-10-23T14:30:00Z');

let faults: WireFaults;
let log: WireLedger;
let server: WireServer;
let url: string;
let handled: number;

beforeEach(async () => {
  faults = new WireFaults();
  log = new WireLedger();
  handled = 0;
  server = createWireServer({ system: 'thing', clock: () => WORLD_MS, faults, log });
  server.route('GET', '/items/:id', (request) => ({
    status: 200,
    body: { id: request.params.id, q: request.query.get('q') },
  }));
  server.route('POST', '/items', (request) => {
    handled += 1;
    return { status: 201, body: { got: request.json(), raw: request.rawBody.toString() }, note: 'created' };
  });
  server.route('POST', '/form', (request) => ({ status: 200, body: Object.fromEntries(request.form()) }));
  server.route('GET', '/files/*', (request) => ({ status: 200, body: String(request.params['*']) }));
  server.route('GET', '/broken', () => {
    throw new Error('no such luck');
  });
  url = (await server.listen()).url;
});

afterEach(() => server.close());

function post(body: string): Promise<Response> {
  return fetch(`${url}/items`, { method: 'POST', body, signal: AbortSignal.timeout(2000) });
}

describe('the wire server', () => {
  it('routes by method, parameter and trailing wildcard', async () => {
    expect(await (await fetch(`${url}/items/a%20b?q=1`)).json()).toEqual({ id: 'a b', q: '1' });
    expect(await (await fetch(`${url}/files/x/y.txt`)).text()).toBe('x/y.txt');
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    expect(await (await fetch(`${url}/nowhere`)).json()).toEqual({ error: 'not found' });
    expect((await fetch(`${url}/items/1`, { method: 'DELETE' })).status).toBe(405);
  });

  it('keeps the raw body and reads JSON and forms', async () => {
    const answer = await (await post('{"a": 1}')).json();
    expect(answer).toEqual({ got: { a: 1 }, raw: '{"a": 1}' });
    expect((await post('{')).status).toBe(400);
    const form = await fetch(`${url}/form`, { method: 'POST', body: new URLSearchParams({ query: 'a+b c' }) });
    expect(await form.json()).toEqual({ query: 'a+b c' });
  });

  it('answers 500 when a handler throws, and stays up', async () => {
    const answer = await fetch(`${url}/broken`);
    expect([answer.status, await answer.json()]).toEqual([500, { error: 'no such luck' }]);
    expect((await fetch(`${url}/items/1`)).status).toBe(200);
  });

  it('writes every request into the ledger in world time', async () => {
    await post('{}');
    await fetch(`${url}/nowhere`);
    expect(log.entries('thing')).toEqual([
      { system: 'thing', atMs: WORLD_MS, method: 'POST', path: '/items', status: 201, fault: null, note: 'created' },
      { system: 'thing', atMs: WORLD_MS, method: 'GET', path: '/nowhere', status: 404, fault: null, note: '' },
    ]);
    expect(log.entries('other')).toEqual([]);
  });

  it('closes at once although a request is hanging', async () => {
    faults.set('thing', { kind: 'timeout' });
    const hanging = fetch(`${url}/items/1`).then(
      () => 'answered',
      () => 'cut',
    );
    while (log.size === 0) await new Promise((resolve) => setImmediate(resolve));
    await server.close();
    expect(await hanging).toBe('cut');
  });
});

describe('faults over a real socket', () => {
  it.each(['down', 'refused'] as const)('%s cuts new and kept connections before the handler runs', async (kind) => {
    await post('{}');
    faults.set('thing', { kind });
    await expect(post('{}')).rejects.toThrow('fetch failed');
    await expect(post('{}')).rejects.toThrow('fetch failed');
    expect(handled).toBe(1);
    expect(log.entries().filter((entry) => entry.fault === kind && entry.status === null).length).toBeGreaterThan(0);
    faults.clear('thing', kind);
    expect((await post('{}')).status).toBe(201);
  });

  it('timeout never answers and never handles', async () => {
    faults.set('thing', { kind: 'timeout' });
    const signal = AbortSignal.timeout(150);
    await expect(fetch(`${url}/items`, { method: 'POST', body: '{}', signal })).rejects.toThrow(/timeout|abort/);
    expect(handled).toBe(0);
  });

  it('half-open sends headers and never ends', async () => {
    faults.set('thing', { kind: 'half-open' });
    const answer = await fetch(`${url}/items/1`, { signal: AbortSignal.timeout(200) });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow(/timeout|abort/);
  });

  it('reset-mid-body gives a status and then breaks the body', async () => {
    faults.set('thing', { kind: 'reset-mid-body' });
    const answer = await post('{}');
    expect(answer.status).toBe(201);
    await expect(answer.text()).rejects.toThrow();
    expect(handled).toBe(1);
  });

  it('rate-limited answers 429 with Retry-After', async () => {
    faults.set('thing', { kind: 'rate-limited', retryAfterSeconds: 7 });
    const answer = await post('{}');
    expect([answer.status, answer.headers.get('retry-after'), handled]).toEqual([429, '7', 0]);
  });

  it.each([
    ['error-500', 500],
    ['error-503', 503],
    ['unauthorised', 401],
  ] as const)('%s answers %i without handling', async (kind, status) => {
    faults.set('thing', { kind });
    expect([(await post('{}')).status, handled]).toEqual([status, 0]);
  });

  it('malformed answers 200 with a body that is no JSON', async () => {
    faults.set('thing', { kind: 'malformed' });
    const answer = await post('{}');
    expect(answer.status).toBe(200);
    await expect(answer.json()).rejects.toThrow(SyntaxError);
  });

  it('slow delays the answer and still handles', async () => {
    faults.set('thing', { kind: 'slow', seconds: 0.2 });
    const before = performance.now();
    expect((await post('{}')).status).toBe(201);
    expect(performance.now() - before).toBeGreaterThan(190);
    expect(log.entries().at(-1)?.fault).toBe('slow');
  });

  it('lost-answer does the work and then cuts the connection', async () => {
    faults.set('thing', { kind: 'lost-answer', times: 1 });
    await expect(post('{}')).rejects.toThrow('fetch failed');
    expect(handled).toBe(1);
    expect(log.entries().at(-1)).toMatchObject({ fault: 'lost-answer', status: null, note: 'created' });
    expect((await post('{}')).status).toBe(201);
  });

  it('delivery faults do not touch requests', async () => {
    faults.set('thing', { kind: 'duplicate-delivery' });
    faults.set('thing', { kind: 'reordered-delivery' });
    faults.set('thing', { kind: 'late-delivery', lateSeconds: 60 });
    expect((await post('{}')).status).toBe(201);
    expect(faults.active('thing').map((fault) => fault.kind)).toHaveLength(3);
  });

  it('times limits a fault to the next requests, and only of its system', async () => {
    faults.set('thing', { kind: 'error-503', times: 2 });
    faults.set('other', { kind: 'error-500' });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await post('{}')).status);
    expect(statuses).toEqual([503, 503, 201]);
    expect(faults.active('thing')).toEqual([]);
    expect(faults.active('other')).toHaveLength(1);
  });

  it('lets a system word its own refusal, and keeps Retry-After', async () => {
    const own = createWireServer({
      system: 'own',
      clock: () => WORLD_MS,
      faults,
      log,
      faultAnswers: { 'rate-limited': () => ({ status: 429, body: { ok: false, error: 'ratelimited' } }) },
    });
    const { url: ownUrl } = await own.listen();
    faults.set('own', { kind: 'rate-limited', retryAfterSeconds: 3 });
    const answer = await fetch(ownUrl);
    expect([answer.headers.get('retry-after'), await answer.json()]).toEqual([
      '3',
      { ok: false, error: 'ratelimited' },
    ]);
    await own.close();
  });
});

describe('WireFaults', () => {
  it('replaces a fault of the same kind and clears by kind or by system', () => {
    const first: WireFault = { kind: 'slow', seconds: 1 };
    faults.set('a', first);
    faults.set('a', { kind: 'slow', seconds: 2 });
    faults.set('a', { kind: 'down' });
    expect(faults.active('a')).toEqual([{ kind: 'slow', seconds: 2 }, { kind: 'down' }]);
    faults.clear('a', first);
    expect(faults.has('a', 'slow')).toBe(false);
    faults.clear('a');
    expect(faults.active('a')).toEqual([]);
  });

  it('names every published fault once', () => {
    expect(new Set(FAULT_NAMES).size).toBe(15);
  });
});
