import { connect, type Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerEvent, serverEvents } from '../../src/cli/sse.ts';
import { haveOf, keysOf } from '../../src/console/live/rendering.ts';
import { type Console, mountConsole } from '../../src/console/mount.ts';
import { commonRegions, type IncidentPage, personalRegions } from '../../src/console/pages/incident.ts';
import { type Me, stateOf } from '../../src/console/reading.ts';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import { event, FACTS } from '../views/facts.ts';
import {
  CONSOLE,
  ID,
  INCIDENT,
  NOW,
  OPENED,
  type PretendGateway,
  pretendGateway,
  QUESTION,
} from './pretend-gateway.ts';

let behind: PretendGateway;
let app: FastifyInstance;
let webConsole: Console;
let address: string;
let nowMs: number;
let now: string;
const readers: { stop(): void }[] = [];

beforeEach(async () => {
  behind = pretendGateway();
  nowMs = 1_000;
  now = NOW;
  app = Fastify({ forceCloseConnections: true });
  webConsole = mountConsole(app, {
    ...CONSOLE,
    clock: () => now,
    nowMs: () => nowMs,
    live: behind.live,
  });
  address = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.stop();
  await app.close();
});

interface Reader {
  readonly status: number;
  readonly events: readonly ServerEvent[];
  /** The incident's time, as it was told with each piece. */
  readonly clocks: readonly string[];
  readonly ended: () => boolean;
  /** Everything that it was sent, as one text. */
  readonly text: () => string;
  stop(): void;
}

const cookieOf = (token: string) => webConsole.sessions.open({ token }).split(';')[0] ?? '';

async function open(cookie: string, query = '', headers: Record<string, string> = {}): Promise<Reader> {
  const controller = new AbortController();
  const answer = await fetch(`${address}/incidents/${ID}/events${query}`, {
    headers: { cookie, ...headers },
    signal: controller.signal,
  });
  const events: ServerEvent[] = [];
  const clocks: string[] = [];
  let ended = false;
  if (answer.ok && answer.body !== null)
    void (async (body) => {
      for await (const one of serverEvents(body)) {
        if (one.name === 'clock') clocks.push(JSON.parse(one.data).now);
        else if (one.name !== 'message') events.push(one);
      }
      ended = true;
    })(answer.body).catch(() => {});
  const reader = {
    status: answer.status,
    events,
    clocks,
    ended: () => ended,
    text: () => events.map(({ data }) => data).join('\n'),
    stop: () => controller.abort(),
  };
  readers.push(reader);
  return reader;
}

/** What a page that was loaded now would begin with. */
function haveNow(me: Me, notes: readonly string[], facts: Partial<IncidentFacts> = {}): string {
  const events = [...OPENED, ...notes.map((text) => event('14:49', { kind: 'noted', text }, 'bob'))];
  const timeline = { events: events.map((one, index) => ({ ...one, seq: index + 1 })), complete: true };
  const input: IncidentPage = {
    reading: { incident: INCIDENT, facts: { ...FACTS, ...facts }, notes: [] },
    timeline,
    state: stateOf(ID, timeline.events),
    me,
    people: [],
    now: NOW,
    historyUrl: null,
    allEvents: false,
    mails: null,
  };
  return haveOf(keysOf({ ...commonRegions(input), ...personalRegions(input) }));
}

const jane = () => behind.people.get('of-jane') as Me;

describe('an open page', () => {
  it('shows each person the buttons of their own rights, rendered once for all who have the same', async () => {
    behind.show([], { openQuestions: [QUESTION] });
    behind.people.set('of-june', { id: 'june', name: 'June', roles: ['approver', 'commander'] });
    const [hers, his, another] = await Promise.all(['of-jane', 'of-vic', 'of-june'].map((who) => open(cookieOf(who))));
    for (const reader of [hers, his, another]) await expect.poll(() => reader?.text()).toContain('Rolls back to 3.');
    expect(hers?.text()).toContain('Approve rollback');
    expect(his?.text()).not.toContain('Approve rollback');
    expect(his?.text()).not.toContain('data-decision');
    expect(another?.text()).toBe(hers?.text());
    // The same as a page that is loaded: a browser that has it is sent nothing.
    const up = await open(cookieOf('of-jane'), `?have=${haveNow(jane(), [], { openQuestions: [QUESTION] })}`);
    behind.show(['one more'], { openQuestions: [QUESTION] });
    await expect.poll(() => up.text()).toContain('one more');
    expect(up.text()).not.toContain('Rolls back to 3.');
  });

  it('is given what it lacks when it comes late or comes back, and nothing that it has', async () => {
    behind.show(['before']);
    const first = await open(cookieOf('of-jane'), `?have=${haveNow(jane(), [])}`);
    await expect.poll(() => first.text()).toContain('before');
    expect(first.events.flatMap(({ data }) => JSON.parse(data).regions)).toHaveLength(1);
    const lastId = first.events.at(-1)?.id ?? '';
    first.stop();
    behind.show(['before', 'while away']);
    const back = await open(cookieOf('of-jane'), '', { 'last-event-id': lastId });
    await expect.poll(() => back.text()).toContain('while away');
    expect(JSON.parse(back.events[0]?.data ?? '').regions).toHaveLength(1);
    // Whoever has nothing is given the whole page.
    const late = await open(cookieOf('of-jane'), '?have=nonsense');
    await expect.poll(() => late.text()).toContain('while away');
    expect(JSON.parse(late.events[0]?.data ?? '').regions.length).toBeGreaterThan(10);
  });

  it('shows the last of many changes, in few pieces', async () => {
    behind.show([]);
    const reader = await open(cookieOf('of-jane'), `?have=${haveNow(jane(), [])}`);
    const notes: string[] = [];
    for (let n = 1; n <= 100; n += 1) {
      notes.push(`note ${n}.`);
      behind.show(notes);
      await new Promise((next) => setTimeout(next, 5));
    }
    await expect.poll(() => reader.text()).toContain('note 100.');
    expect(reader.events.length).toBeLessThan(10);
  });

  it('does not wait for a reader that does not read, who is shown the present when it reads again', async () => {
    behind.show([]);
    const slow = await notReading(cookieOf('of-jane'));
    const quick = await open(cookieOf('of-jane'));
    // More than the connection's own buffers take.
    const fat = 'x'.repeat(1_000_000);
    for (let round = 1; round <= 30; round += 1) {
      behind.show([], { impact: `${fat} ${round}.` });
      await expect.poll(() => quick.text().includes(` ${round}.`), { interval: 20 }).toBe(true);
    }
    const read = await slow.read(' 30.');
    // It never held more than what was under way when it stopped reading, and the newest.
    expect(read.match(/event: regions/g)?.length).toBeLessThan(20);
  }, 60_000);

  it('tells whoever comes much later the time of then, in its clock and in its words', async () => {
    behind.show(['before']);
    const first = await open(cookieOf('of-jane'));
    await expect.poll(() => first.text()).toContain('20 minutes ago');
    now = '2024-10-23T15:30:00.000Z';
    const late = await open(cookieOf('of-jane'));
    await expect.poll(() => late.clocks[0]).toBe(now);
    // What was rendered before that says so again within seconds.
    await expect.poll(() => late.text() + first.text(), { timeout: 9_000 }).toContain('1 hour ago');
  }, 20_000);

  it('is loaded again when Temporal begins the incident, because it is another page then', async () => {
    behind.show([], null);
    const reader = await open(cookieOf('of-jane'));
    await expect.poll(() => reader.text()).toContain('opened');
    behind.show([]);
    await expect.poll(() => reader.events.map(({ name }) => name)).toContain('reload');
  });
});

describe('signing in to an open page', () => {
  it('is needed, and so is an incident', async () => {
    expect((await open('')).status).toBe(401);
    expect((await open(cookieOf('of-nobody'))).status).toBe(401);
    const unknown = await fetch(`${address}/incidents/incident-1/events`, { headers: { cookie: cookieOf('of-vic') } });
    expect(unknown.status).toBe(404);
  });

  it('ends it when the token is taken away, when the session is signed out, and when its time is over', async () => {
    behind.show(['seen']);
    const OURS = { 'x-incident-console': '1', 'sec-fetch-site': 'same-origin' };
    const [kept, signedOut] = [cookieOf('of-vic'), cookieOf('of-vic')];
    const [stays, leaves, revoked] = await Promise.all([open(kept), open(signedOut), open(cookieOf('of-jane'))]);
    for (const reader of [stays, leaves, revoked]) await expect.poll(() => reader?.text()).toContain('seen');
    behind.people.delete('of-jane');
    await app.inject({ method: 'DELETE', url: '/session', headers: { cookie: signedOut, ...OURS } });
    for (const reader of [leaves, revoked])
      await expect
        .poll(() => [reader?.ended(), reader?.events.at(-1)?.name], { timeout: 9_000 })
        .toEqual([true, 'signed-out']);
    behind.show(['seen', 'secret']);
    await expect.poll(() => stays?.text()).toContain('secret');
    for (const reader of [leaves, revoked]) expect(reader?.text()).not.toContain('secret');
    nowMs += 17 * 3_600_000;
    await expect.poll(() => stays?.ended(), { timeout: 9_000 }).toBe(true);
  }, 30_000);
});

/** A connection that asks for the stream and takes nothing of it until `read`. */
async function notReading(cookie: string) {
  const { port, hostname } = new URL(address);
  const socket: Socket = connect(Number(port), hostname);
  socket.pause();
  await new Promise((connected) => socket.once('connect', connected));
  socket.write(`GET /incidents/${ID}/events HTTP/1.1\r\nhost: ${hostname}\r\ncookie: ${cookie}\r\n\r\n`);
  await expect.poll(() => behind.followers.size).toBeGreaterThan(0);
  readers.push({ stop: () => socket.destroy() });
  return {
    async read(until: string): Promise<string> {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('utf8');
      });
      socket.resume();
      await expect.poll(() => text.includes(until), { timeout: 20_000 }).toBe(true);
      return text;
    },
  };
}
