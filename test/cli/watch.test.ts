import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clipColumns, columnsOf } from '../../src/cli/columns.ts';
import { serverEvents } from '../../src/cli/sse.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { event } from '../views/facts.ts';
import { type FakeGateway, incident, startFakeGateway } from './fake-gateway.ts';
import { run } from './run.ts';

const R9 = 'incident-20241023-1430';
let gateway: FakeGateway;

beforeEach(async () => {
  gateway = await startFakeGateway();
  const r9 = incident(R9);
  r9.events = numbered([
    event('14:33', { kind: 'acknowledged' }, 'jane'),
    event('14:40', { kind: 'noted', text: 'looking' }, 'jane'),
    event('15:05', { kind: 'step-finished', step: 's', outcome: null }),
    event('15:30', { kind: 'closed', as: 'resolved', into: null, because: 'reviewed' }),
  ]);
  gateway.incidents.push(r9);
});
afterEach(() => gateway.close());

function numbered(events: readonly TimelineEvent[]): readonly TimelineEvent[] {
  return events.map((one, index) => ({ ...one, seq: index + 1 }));
}

describe('watch in a pipe', () => {
  it('prints a line for each event and ends when the incident is closed', async () => {
    const { code, out } = await run(gateway, ['watch', '1430']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      '14:33 UTC  jane acknowledged',
      '14:40 UTC  jane noted: looking',
      '15:30 UTC  Closed as resolved: reviewed',
    ]);
  });

  it('comes back behind the last event after each broken connection, missing none and repeating none', async () => {
    gateway.eventsPerConnection = 1;
    const { code, out, err } = await run(gateway, ['watch', '1430', '--json']);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => (JSON.parse(line) as TimelineEvent).seq)).toEqual([1, 2, 3, 4]);
    expect(gateway.resumedFrom).toEqual(['0', '1', '2', '3']);
    expect(err).toContain('broke off; coming back behind event 1');
  });

  it('begins where it is told to, and reads a closed incident without waiting', async () => {
    expect((await run(gateway, ['watch', '1430', '--since', '2'])).out).toBe('15:30 UTC  Closed as resolved: reviewed');
    gateway.incidents[0] = { ...incident(R9, {}, 'closed'), events: gateway.incidents[0]?.events ?? [] };
    expect((await run(gateway, ['watch', R9, '--since', '4'])).code).toBe(0);
    expect(gateway.resumedFrom).toEqual(['2']);
  });

  it('ends at once, with 130, when it is interrupted while it waits', async () => {
    const controller = new AbortController();
    const r9 = gateway.incidents[0];
    if (r9 !== undefined) r9.events = r9.events.slice(0, 1);
    const out: string[] = [];
    const seen = (text: string): void => {
      out.push(text);
      controller.abort();
    };
    const { code } = await run(gateway, ['watch', '1430'], { signal: controller.signal, out: seen });
    expect([code, out.length]).toEqual([130, 1]);
  });
});

describe('watch on a terminal', () => {
  it('draws within the terminal, again when it is resized, and gives the terminal back', async () => {
    let size = { columns: 60, rows: 12 };
    let redraw = (): void => {};
    const drawn: string[] = [];
    const r9 = gateway.incidents[0];
    const rest = r9?.events ?? [];
    if (r9 !== undefined) r9.events = [];
    const watching = run(gateway, ['watch', '1430'], {
      terminal: () => size,
      onResize: (again) => {
        redraw = again;
        return () => {};
      },
      draw: (text) => {
        drawn.push(text);
        if (drawn.length === 2) {
          size = { columns: 40, rows: 8 };
          redraw();
          if (r9 !== undefined) r9.events = rest;
        }
      },
    });
    // The stream was asked for events before there were any: breaking it makes the watcher come back for them.
    while (gateway.resumedFrom.length === 0) await new Promise((done) => setImmediate(done));
    expect((await watching).code).toBe(0);
    expect(drawn[0]).toContain('\x1b[?1049h');
    expect(drawn.at(-1)).toContain('\x1b[?1049l');
    const small = drawn[2]?.split('\n') ?? [];
    expect(small.length).toBeLessThanOrEqual(8);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the screen is made of escape sequences.
    for (const row of small) expect(row.replace(/\x1b\[[0-9;]*[A-Za-z]/g, '').length).toBeLessThanOrEqual(40);
  });

  it('cuts between characters that are seen', () => {
    expect(clipColumns('abc', 3)).toBe('abc');
    expect(clipColumns('\x1b[31mabcdef\x1b[0m', 3)).toBe('\x1b[31mab…\x1b[0m');
    expect(clipColumns('abcdef', 3)).toBe('ab…');
  });

  it('counts what terminals show: wide characters take two columns, marks none, families of emoji one place', () => {
    expect(columnsOf('日本')).toBe(4);
    expect(columnsOf('🔥')).toBe(2);
    expect(columnsOf('👩‍👩‍👧')).toBe(2);
    expect(columnsOf('e\u0301')).toBe(1);
    expect(columnsOf('\x1b[31mab\x1b[0m')).toBe(2);
    for (const columns of [4, 5, 6, 7, 20])
      expect(columnsOf(clipColumns('日本語の🔥タイトル is long', columns))).toBeLessThanOrEqual(columns);
  });
});

describe('server-sent events', () => {
  it('are read however the bytes are cut, also inside a character', async () => {
    const bytes = new TextEncoder().encode(
      'retry: 5\n\n: beat\n\nid: 7\r\nevent: timeline\r\ndata: "ü\r\ndata: b"\r\n\r\nid: 8\ndata: lost',
    );
    const body = new ReadableStream<Uint8Array>({
      start(out) {
        for (const byte of bytes) out.enqueue(Uint8Array.of(byte));
        out.close();
      },
    });
    const read = [];
    for await (const one of serverEvents(body)) read.push(one);
    expect(read[0]?.retryMs).toBe(5);
    expect(read.at(-1)).toEqual({ id: '7', name: 'timeline', data: '"ü\nb"', retryMs: null });
  });
});
