import type { FastifyInstance, FastifyReply } from 'fastify';
import { compress } from './compress.ts';
import { page } from './document.ts';
import { registerIncidentPages } from './incident-pages.ts';
import { registerLivePages } from './live/route.ts';
import type { ConsoleOptions } from './options.ts';
import { ask, type Framed, visits } from './page-context.ts';
import { messageBody } from './pages/sign-in.ts';
import { publicFiles } from './public-files.ts';
import { cameBySession, createSessions, foreign, type Sessions } from './session.ts';
import { registerTeamPages } from './team-pages.ts';

export interface Console {
  /** Signs the browser in, for whoever mounts another way to prove who one is (the demo's one-time link). */
  signIn(reply: FastifyReply, token: string): void;
  readonly sessions: Sessions;
  /** A page for somebody who is not signed in: what happened, what to do, and where to do it. */
  notice(heading: string, words: string, next: { readonly path: string; readonly words: string } | null): string;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The web console. It has no way of its own to the data: its pages and scripts use the gateway's API, with the API
 * token that is sealed in the session's cookie. Must be given the app itself (not a plugin's), before it is ready:
 * the hook that lets a session use the API has to see the API's routes.
 */
export function mountConsole(app: FastifyInstance, options: ConsoleOptions): Console {
  const nowMs = options.nowMs ?? Date.now;
  const sessions = createSessions({ secrets: options.sessionSecrets, secure: options.secureCookies, nowMs });
  letSessionsUseTheApi(app, sessions);
  app.register(async (site) => {
    site.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS));
    site.addHook('onSend', compress);
    registerFiles(site);
    registerSession(site, sessions);
    registerPages(site, sessions, framed(options), options);
  });
  return {
    sessions,
    signIn: (reply, token) => void reply.header('set-cookie', sessions.open({ token })),
    notice: (heading, words, next) => framed(options)(heading, null, [], messageBody(heading, words, next)),
  };
}

/** The frame of every page. */
function framed(options: ConsoleOptions): Framed {
  return (title, me, modules, body) =>
    page({ title, product: options.product(), me, now: options.clock(), speed: options.speed, modules, body });
}

export const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** A browser's request to the API counts as its person's when our own pages sent it; any other stays anonymous. */
function letSessionsUseTheApi(app: FastifyInstance, sessions: Sessions): void {
  app.addHook('onRequest', async (request, reply) => {
    const { headers } = request.raw;
    if (!request.url.startsWith('/api/') || headers.authorization !== undefined) return;
    const session = sessions.of(headers);
    if (session === null) return;
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return;
    const refused = request.method === 'GET' || request.method === 'HEAD' ? null : foreign(headers);
    if (refused !== null)
      return reply.code(403).send({ error: `${refused} Nothing was done. Decide on the console's own page.` });
    cameBySession(request.raw, () => sessions.of(headers) !== null);
    headers.authorization = `Bearer ${session.token}`;
    headers['x-incident-via'] = 'console';
  });
}

function registerFiles(site: FastifyInstance): void {
  for (const { path, mediaType, body, tag } of publicFiles()) {
    site.get(`/console/${path}`, async (request, reply) => {
      reply.headers({ 'cache-control': 'no-cache', etag: tag });
      return request.headers['if-none-match'] === tag ? reply.code(304).send() : reply.type(mediaType).send(body);
    });
  }
}

/** POST /session {token} signs in, DELETE /session signs out; both only from our own pages. */
function registerSession(site: FastifyInstance, sessions: Sessions): void {
  site.route({
    method: ['POST', 'DELETE'],
    url: '/session',
    bodyLimit: 4_096,
    handler: async (request, reply) => {
      const refused = foreign(request.headers);
      if (refused !== null) return reply.code(403).send({ error: refused });
      if (request.method === 'DELETE')
        return reply.header('set-cookie', sessions.close(request.headers)).code(204).send();
      const token = (request.body as { token?: unknown } | null)?.token;
      if (typeof token !== 'string' || !/^\S{1,1000}$/.test(token))
        return reply.code(422).send({ error: 'Give your API token: one word.' });
      const { status, json } = await ask<{ error?: string }>(site, token, '/api/me');
      if (status !== 200)
        return reply.code(status).send({ error: json.error ?? 'The gateway does not answer. Try again.' });
      return reply.header('set-cookie', sessions.open({ token })).code(204).send();
    },
  });
}

function registerPages(site: FastifyInstance, sessions: Sessions, frame: Framed, options: ConsoleOptions): void {
  const signedIn = visits(site, sessions, frame, options.signInPath ?? null);
  registerIncidentPages(site, { frame, signedIn, options });
  registerTeamPages(site, { frame, signedIn, options });
  if (options.live !== undefined) registerLivePages(site, sessions, options.live, options);
}
