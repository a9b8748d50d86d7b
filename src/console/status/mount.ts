import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Instant } from '../../domain/instant.ts';
import { epochMs } from '../../domain/instant.ts';
import type { PublicIncident } from '../../domain/status-board.ts';
import { readApi, rssFeed } from './feeds.ts';
import { askPage, historyPage, incidentPage, messagePage, type StatusBoardView, statusPage } from './page.ts';

export interface StatusPageOptions {
  /** What the page shows comes from here; each may fail while the store is away. */
  readonly board: {
    incidents(limit: number): Promise<readonly PublicIncident[]>;
    subscribe(email: string, at: Instant): Promise<void>;
    confirm(token: string, at: Instant): Promise<boolean>;
    unsubscribe(token: string): Promise<boolean>;
  };
  readonly product: () => string;
  readonly components: () => readonly { readonly id: string; readonly name: string }[];
  readonly clock: () => Instant;
  /** Where it stands below the server's root: `` or `/status`. */
  readonly root: string;
  /** The page's address from outside, for feeds; null: as each request names it. */
  readonly publicUrl: string | null;
  readonly pageId: string;
  readonly nowMs?: () => number;
}

/** Everybody who looks within this time is shown the same reading. */
const READ_EVERY_MS = 10_000;
const STALE_AFTER_MS = 60_000;
const READ_LIMIT = 100;
const FORM_LIMIT = 2_048;
/** An address of a person; what is odd beyond that is refused by the mail server. */
const EMAIL = /^[^\s@<>"',;:\\()[\]]{1,64}@[A-Za-z0-9.-]{1,189}$/;
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

/**
 * The public status page. It needs the store only to learn news: while the store is away it goes on showing the last
 * reading and says how old that is; neither console nor Temporal is asked.
 */
export function mountStatusPage(app: FastifyInstance, options: StatusPageOptions): void {
  const read = lastReading(options);
  const css = readFileSync(join(import.meta.dirname, 'status.css'));
  app.register(
    async (site) => {
      site.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS));
      site.removeAllContentTypeParsers();
      site.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) =>
        done(null, new URLSearchParams(String(text))),
      );
      site.get('/status.css', async (_request, reply) =>
        reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=3600').send(css),
      );
      registerReading(site, options, read);
      registerSubscriptions(site, options, read);
    },
    { prefix: options.root },
  );
}

type Read = () => Promise<StatusBoardView>;

function registerReading(site: FastifyInstance, options: StatusPageOptions, read: Read): void {
  const address = (request: FastifyRequest) => {
    const base = options.publicUrl?.replace(/\/+$/, '') ?? `${request.protocol}://${request.host}${options.root}`;
    return (path: string): string => `${base}${path}`;
  };
  const html = (request: FastifyRequest, reply: FastifyReply, text: string) =>
    cached(request, reply, 'text/html; charset=utf-8', text);

  site.get('/', async (request, reply) => html(request, reply, statusPage(await read())));
  site.get('/history', async (request, reply) => html(request, reply, historyPage(await read())));
  site.get<{ Params: { id: string } }>('/incidents/:id', async (request, reply) => {
    const view = await read();
    const incident = view.incidents.find((one) => one.id === request.params.id);
    if (incident !== undefined) return html(request, reply, incidentPage(view, incident));
    return reply.code(404).type('text/html; charset=utf-8').send(messagePage(view, 'There is no such incident.'));
  });
  site.get('/history.rss', async (request, reply) =>
    cached(request, reply, 'application/rss+xml; charset=utf-8', rssFeed(await read(), address(request))),
  );
  for (const name of ['status', 'components', 'incidents', 'incidents/unresolved', 'summary'] as const) {
    site.get(`/api/v2/${name}.json`, async (request, reply) => {
      const api = readApi(await read(), options.pageId, address(request));
      reply.header('access-control-allow-origin', '*');
      return cached(request, reply, 'application/json; charset=utf-8', JSON.stringify(api[`${name}.json`]));
    });
  }
}

function registerSubscriptions(site: FastifyInstance, options: StatusPageOptions, read: Read): void {
  const { board, clock } = options;
  const said = async (reply: FastifyReply, code: number, words: string) =>
    reply
      .code(code)
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(messagePage(await read(), words));
  const field = (request: FastifyRequest, name: string): string =>
    (request.body instanceof URLSearchParams ? request.body.get(name) : null)?.trim() ?? '';

  site.post('/subscribe', { bodyLimit: FORM_LIMIT }, async (request, reply) => {
    const email = field(request, 'email').toLowerCase();
    if (!EMAIL.test(email)) return said(reply, 422, 'That is no mail address. Go back and correct it.');
    await board.subscribe(email, clock());
    // The same answer whether the address is known or not: the page tells nobody who subscribes.
    return said(reply, 202, 'A mail is on its way to you. Open its link to confirm.');
  });
  for (const { action, ask, done, act } of [
    {
      action: 'confirm',
      ask: 'Do you want mails about incidents?',
      done: 'You will get a mail when something changes.',
      act: (token: string) => board.confirm(token, clock()),
    },
    {
      action: 'unsubscribe',
      ask: 'Do you want no more mails?',
      done: 'You will get no more mails.',
      act: (token: string) => board.unsubscribe(token),
    },
  ]) {
    site.get<{ Querystring: { token?: string } }>(`/${action}`, async (request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-store')
        .send(askPage(await read(), { words: ask, action, token: request.query.token ?? '' })),
    );
    site.post(`/${action}`, { bodyLimit: FORM_LIMIT }, async (request, reply) =>
      (await act(field(request, 'token')))
        ? said(reply, 200, done)
        : said(reply, 404, 'This link is not valid any more. Nothing was changed.'),
    );
  }
}

/** Reads at most every ten seconds; the last good reading stands in while the store is away. */
function lastReading(options: StatusPageOptions): Read {
  const nowMs = options.nowMs ?? Date.now;
  let incidents: readonly PublicIncident[] = [];
  let readAt: Instant = options.clock();
  let triedMs = Number.NEGATIVE_INFINITY;
  let under: Promise<void> | null = null;
  const refresh = async (): Promise<void> => {
    triedMs = nowMs();
    try {
      const at = options.clock();
      incidents = await options.board.incidents(READ_LIMIT);
      readAt = at;
    } catch {
      // Said on the page once it is old.
    }
  };
  return async () => {
    if (nowMs() - triedMs >= READ_EVERY_MS) {
      under ??= refresh().finally(() => {
        under = null;
      });
    }
    await under;
    return {
      product: options.product(),
      components: options.components(),
      incidents,
      readAt,
      stale: epochMs(options.clock()) - epochMs(readAt) > STALE_AFTER_MS,
      root: options.root,
    };
  };
}

function cached(request: FastifyRequest, reply: FastifyReply, type: string, body: string): FastifyReply {
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 24)}"`;
  reply.headers({ 'cache-control': 'public, max-age=10, stale-if-error=86400', etag });
  return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(body);
}
