import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mountStatusPage } from '../../src/console/status/mount.ts';
import type { BoardPost } from '../../src/store/status-board.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { mirrored, ownStatusPage } from '../../src/worker/own-status-page.ts';
import { startStatusMails } from '../../src/worker/status-mails.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';

const START = Date.parse('2024-10-23T14:35:00.000Z');
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(async () => postgres.stop());

interface Rig {
  readonly store: Store;
  readonly app: FastifyInstance;
  readonly time: { minute: number; wallMs: number };
  at(): string;
  post(key: string, changes?: Partial<BoardPost>): Promise<{ id: string }>;
  get(path: string): Promise<{ status: number; text: string; headers: Record<string, unknown> }>;
  form(path: string, fields: Record<string, string>): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

async function rig(): Promise<Rig> {
  const store = await openStore({ url: await postgres.fresh() });
  const time = { minute: 0, wallMs: 0 };
  const at = () => new Date(START + time.minute * 60_000).toISOString();
  const app = Fastify();
  mountStatusPage(app, {
    board: store.statusBoard,
    product: () => 'NOA <Server>',
    components: () => [
      { id: 'api', name: 'API' },
      { id: 'ai', name: 'AI providers' },
    ],
    clock: at,
    root: '/status',
    publicUrl: 'https://status.example.com',
    pageId: 'noa',
    nowMs: () => time.wallMs,
  });
  const board = store.statusBoard;
  return {
    store,
    app,
    time,
    at,
    async post(key, changes = {}) {
      const post: BoardPost = {
        incidentId: 'incident-20241023-1430',
        key,
        name: 'Elevated errors & <b>more</b>',
        status: 'investigating',
        body: 'We are investigating.',
        impact: 'critical',
        components: [{ id: 'api', status: 'major_outage' }],
        at: at(),
        ...changes,
      };
      const known = await board.find(post.incidentId, null);
      return known === null ? board.create(post) : board.update(known.id, post);
    },
    async get(path) {
      time.wallMs += 10_000;
      const answer = await app.inject({ method: 'GET', url: `/status${path}` });
      return { status: answer.statusCode, text: answer.body, headers: answer.headers };
    },
    async form(path, fields) {
      const answer = await app.inject({
        method: 'POST',
        url: `/status${path}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams(fields).toString(),
      });
      return { status: answer.statusCode, text: answer.body };
    },
    async close() {
      await app.close();
      await store.close().catch(() => undefined);
    },
  };
}

describe('the public status page (R4.4)', () => {
  it('shows how it is, without scripts, and escapes what came from alerts', async () => {
    const page = await rig();
    expect((await page.get('/')).text).toContain('All Systems Operational');
    await page.post('k1');
    await page.post('k1');
    page.time.minute = 15;
    await page.post('k2', { status: 'identified', body: 'We know.\nWe act.' });
    const { text, headers } = await page.get('/');
    expect(text).toContain('Major System Outage');
    expect(text).toContain('Elevated errors &amp; &lt;b&gt;more&lt;/b&gt;');
    expect(text.match(/<li><strong>/g)).toHaveLength(2);
    expect(text).not.toMatch(/<script|\son\w+=/);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    await page.post('k3', { status: 'resolved', components: [{ id: 'api', status: 'operational' }] });
    expect((await page.get('/')).text).toContain('All Systems Operational');
    expect((await page.get('/incidents/incident-20241023-1430')).text).toContain('Resolved');
    expect((await page.get('/incidents/nothing')).status).toBe(404);
    await page.close();
  });

  it('answers in the shape of the Statuspage read API, and as RSS', async () => {
    const page = await rig();
    await page.post('k1');
    const summary = JSON.parse((await page.get('/api/v2/summary.json')).text);
    expect(summary.status).toEqual({ indicator: 'critical', description: 'Major System Outage' });
    expect(summary.components.map((one: { name: string; status: string }) => [one.name, one.status])).toEqual([
      ['API', 'major_outage'],
      ['AI providers', 'operational'],
    ]);
    expect(summary.incidents[0]).toMatchObject({
      status: 'investigating',
      shortlink: 'https://status.example.com/incidents/incident-20241023-1430',
      incident_updates: [{ status: 'investigating', body: 'We are investigating.' }],
    });
    expect(JSON.parse((await page.get('/api/v2/incidents/unresolved.json')).text).incidents).toHaveLength(1);
    const rss = (await page.get('/history.rss')).text;
    expect(rss).toContain('<pubDate>Wed, 23 Oct 2024 14:35:00 GMT</pubDate>');
    expect(rss).toContain('Elevated errors &#38; &#60;b&#62;');
    await page.close();
  });

  it('stays up while the store is away, and says how old it is', async () => {
    const page = await rig();
    await page.post('k1');
    await page.get('/');
    await page.store.close();
    page.time.minute = 5;
    const { status, text } = await page.get('/');
    expect(status).toBe(200);
    expect(text).toContain('Major System Outage');
    expect(text).toContain('could not be refreshed; it shows what was known at 2024-10-23 14:35 UTC');
    await page.close();
  });

  it('is cached: the same page again is 304', async () => {
    const page = await rig();
    const first = await page.get('/');
    const again = await page.app.inject({
      method: 'GET',
      url: '/status/',
      headers: { 'if-none-match': String(first.headers.etag) },
    });
    expect(again.statusCode).toBe(304);
    expect(String(first.headers['cache-control'])).toContain('stale-if-error');
    await page.close();
  });
});

describe('mails to subscribers', () => {
  it('come after a confirmation, once for each update, survive a mail server that is away, and stop when asked', async () => {
    const page = await rig();
    const sent: { to: readonly string[]; subject: string; text: string }[] = [];
    let away = true;
    const mails = startStatusMails({
      store: page.store,
      mail: {
        async send(mail) {
          if (away) throw new Error('421 try again');
          sent.push(mail);
          return { ref: 'x', rejected: [], putOff: [] };
        },
      },
      clock: page.at,
      from: 'status@example.com',
      pageUrl: 'https://status.example.com/',
      warn: () => {},
      everyMs: 3_600_000,
    });
    expect((await page.form('/subscribe', { email: 'not an address' })).status).toBe(422);
    expect((await page.form('/subscribe', { email: 'Ann@Example.com' })).status).toBe(202);
    await page.form('/subscribe', { email: 'ann@example.com' });
    expect(await mails.round()).toBe(0);
    away = false;
    expect(await mails.round()).toBe(0);
    page.time.minute = 2;
    expect(await mails.round()).toBe(1);
    const token = /https:\/\/status\.example\.com\/confirm\?token=([\w-]+)/.exec(sent[0]?.text ?? '')?.[1] ?? '';
    // A scanner that opens the link confirms nothing.
    expect((await page.get(`/confirm?token=${token}`)).text).toContain('<button>Yes</button>');
    await page.post('k1');
    expect(await mails.round()).toBe(0);
    expect((await page.form('/confirm', { token })).status).toBe(200);
    await page.post('k2', { status: 'identified' });
    await page.post('k2', { status: 'identified' });
    expect(await mails.round()).toBe(1);
    expect(sent[1]).toMatchObject({ to: ['ann@example.com'], subject: expect.stringMatching(/^Identified: /) });
    const stop = /unsubscribe\?token=([\w-]+)/.exec(sent[1]?.text ?? '')?.[1] ?? '';
    expect((await page.form('/unsubscribe', { token: stop })).status).toBe(200);
    expect((await page.form('/unsubscribe', { token: stop })).status).toBe(404);
    await page.post('k3', { status: 'resolved' });
    expect(await mails.round()).toBe(0);
    await mails.stop();
    await page.close();
  });
});

describe('our page beside Atlassian’s', () => {
  it('says the same, and a retry for the other’s sake posts nothing twice', async () => {
    const page = await rig();
    let refuse = true;
    const leading = {
      find: async () => null,
      async create() {
        if (refuse) throw new Error('their page is away');
        return { ref: 'theirs', status: 'investigating', latestKey: 'k1' };
      },
      update: async () => ({ ref: 'theirs', status: 'resolved', latestKey: 'k2' }),
    };
    const both = mirrored(leading, ownStatusPage(page.store, page.at));
    const post = {
      incidentId: 'incident-a',
      key: 'k1',
      title: 'Errors',
      status: 'investigating' as const,
      body: 'b',
      impact: 'major' as const,
      components: [],
    };
    await expect(both.create(post)).rejects.toThrow('their page is away');
    refuse = false;
    expect(await both.create(post)).toMatchObject({ ref: 'theirs' });
    await both.update('theirs', { ...post, key: 'k2', status: 'resolved' });
    await both.update('theirs', { ...post, key: 'k2', status: 'resolved' });
    const [ours, ...others] = await page.store.statusBoard.incidents(10);
    expect(others).toEqual([]);
    expect(ours?.updates.map(({ status }) => status)).toEqual(['resolved', 'investigating']);
    await page.close();
  });
});
