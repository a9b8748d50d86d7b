import { setTimeout as pause } from 'node:timers/promises';
import type { TimelineEvent } from '../../domain/timeline.ts';
import { learningNames } from '../../views/timeline-line.ts';
import { clipColumns, wrapColumns } from '../columns.ts';
import { CliFailure, Stopped } from '../failure.ts';
import { at, readPage, readTimeline, resolveIncident } from '../incidents.ts';
import { incidentScreen, type ScreenInput, timelineLine } from '../screen.ts';
import type { Session } from '../session.ts';
import { serverEvents } from '../sse.ts';
import { nowOf, readScreen, show } from './incidents.ts';

export interface WatchOptions {
  readonly since?: string;
}

/**
 * Follows one incident until it is closed: a screen on a terminal, otherwise a line (or, with --json, an object) for
 * each event. A connection that breaks is taken up again behind the last event that came.
 */
export async function watch(session: Session, reference: string | null, { since }: WatchOptions): Promise<void> {
  if (since !== undefined && !/^\d{1,9}$/.test(since))
    throw new CliFailure(
      'usage',
      `--since "${since}" is no sequence number.`,
      'Give the number of the last event that you have.',
    );
  const id = await resolveIncident(session.gateway, reference);
  const { incident } = await readPage(session.gateway, id);
  // Nothing more comes of a closed one.
  if (incident.status === 'closed')
    return session.io.terminal() === null || session.json
      ? pastLines(session, id, Number(since ?? 0))
      : show(session, id);
  if (session.json || session.io.terminal() === null) return watchLines(session, id, Number(since ?? 0));
  return watchScreen(session, id);
}

async function pastLines(session: Session, id: string, since: number): Promise<void> {
  const { events } = await readTimeline(session.gateway, id, since);
  const print = linePrinter(session);
  for (const event of events) print(event);
}

async function watchLines(session: Session, id: string, since: number): Promise<void> {
  await follow(session, id, since, {
    event: linePrinter(session),
    trouble: (words) => words === '' || session.io.err(words),
  });
}

function linePrinter({ io, json }: Session): (event: TimelineEvent) => void {
  let today: string | null = null;
  const names = learningNames();
  return (event) => {
    names.learn(event);
    today ??= event.at;
    if (json) io.out(JSON.stringify(event));
    else if (event.kind !== 'step-finished') io.out(timelineLine(event, today, io.colours, names));
  };
}

interface Watcher {
  event(event: TimelineEvent): void;
  /** The connection is away, or back (empty words). */
  trouble(words: string): unknown;
}

const RECONNECT_MS = 2_000;
const RECONNECT_MAX_MS = 30_000;
/** The gateway writes at least a heartbeat every 15 s; a connection that is silent for longer is dead. */
const SILENCE_MS = 45_000;

async function follow(session: Session, id: string, since: number, watcher: Watcher): Promise<void> {
  const { io } = session;
  let seq = since;
  let retryMs = RECONNECT_MS;
  let failures = 0;
  for (;;) {
    if (io.signal.aborted) throw new Stopped();
    try {
      for await (const { name, data, retryMs: asked } of eventsOf(session, id, seq)) {
        if (asked !== null) retryMs = asked;
        if (failures > 0) watcher.trouble('');
        failures = 0;
        if (name !== 'timeline') continue;
        const event = JSON.parse(data) as TimelineEvent;
        if (event.seq <= seq) continue;
        seq = event.seq;
        watcher.event(event);
        if (event.kind === 'closed') return;
      }
    } catch (error) {
      if (io.signal.aborted) throw new Stopped();
      if (error instanceof CliFailure && error.exit !== 'unavailable' && error.exit !== 'timeout') throw error;
    }
    failures += 1;
    const waitMs = Math.min(retryMs * 2 ** Math.min(failures - 1, 5), RECONNECT_MAX_MS);
    watcher.trouble(
      `The connection to ${session.gateway.url} broke off; coming back behind event ${seq} in ${Math.ceil(waitMs / 1000)} s.`,
    );
    await pause(waitMs, undefined, { signal: io.signal }).catch(() => {
      throw new Stopped();
    });
  }
}

async function* eventsOf({ gateway, io }: Session, id: string, seq: number) {
  const silence = new AbortController();
  const signal = AbortSignal.any([silence.signal, io.signal]);
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, out) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      out.enqueue(chunk);
    },
  });
  try {
    const body = await gateway.stream(at(id, '/events'), seq, signal);
    yield* serverEvents(body.pipeThrough(heard));
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** Without wrapping: a character that the terminal takes for wider than we do must not push the head off the screen. */
const SCREEN_ON = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const SCREEN_OFF = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const TICK_MS = 1_000;

async function watchScreen(session: Session, id: string): Promise<void> {
  const { io } = session;
  let input: ScreenInput = await readScreen(session, id, 100);
  let trouble = '';
  let reading: Promise<void> | null = null;
  let again = false;
  const draw = (): void => {
    const now = nowOf(session, { incident: input.incident, facts: input.facts });
    const rows = fitted(
      incidentScreen({ ...input, now }, io),
      trouble === '' ? 'Ctrl-C ends watching' : trouble,
      session,
    );
    // Cleared before it is written: behind a full row the cursor still stands on its last character.
    const lines = rows.map((row, index) => `${index === rows.length - 1 ? CLEAR_BELOW : CLEAR_LINE}${row}`);
    io.draw(`${HOME}${lines.join('\n')}`);
  };
  // One reading at a time; what comes meanwhile makes one more.
  const refresh = (): void => {
    again = true;
    reading ??= (async () => {
      while (again) {
        again = false;
        input = await readScreen(session, id, 100, input.events);
        draw();
      }
    })()
      .catch((error: Error) => {
        trouble = error.message;
      })
      .finally(() => {
        reading = null;
      });
  };
  io.draw(SCREEN_ON);
  const stopResize = io.onResize(draw);
  const tick = setInterval(draw, TICK_MS);
  try {
    draw();
    await follow(session, id, input.events.at(-1)?.seq ?? 0, {
      event: refresh,
      trouble(words) {
        trouble = words;
        draw();
      },
    });
    await reading;
  } finally {
    clearInterval(tick);
    stopResize();
    io.draw(SCREEN_OFF);
  }
  for (const row of incidentScreen({ ...input, recentLines: 3 }, io)) io.out(row);
}

/** A preview of an action, broken on a narrow terminal, is whole in so many lines; what is longer is in `incident show`. */
const HEAD_LINES = 5;
const HEAD_INDENT = 10;

/**
 * As many rows and columns as the terminal has now: the head first, broken where it is too long because it says what to
 * type; of the recent lines the newest, each cut to one.
 */
function fitted(rows: readonly string[], footer: string, { io }: Session): readonly string[] {
  const { columns, rows: height } = io.terminal() ?? { columns: 80, rows: 24 };
  const room = Math.max(1, height - 1);
  const gap = rows.lastIndexOf('');
  const [whole, recent] = gap === -1 ? [rows, []] : [rows.slice(0, gap + 1), rows.slice(gap + 1)];
  const indent = Math.min(HEAD_INDENT, Math.floor(columns / 4));
  const head = whole.flatMap((row) => wrapColumns(row, columns, indent, HEAD_LINES));
  const left = room - head.length;
  const shown = left > 0 ? [...head, ...recent.slice(-left)] : head.slice(0, room);
  return [...shown.map((row) => clipColumns(row, columns)), io.colours.dim(clipColumns(footer, columns))];
}
