import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Instant } from '../domain/instant.ts';
import type { KnownPerson } from './decision-forms.ts';
import { bouncePage, type PageFrame, page } from './document.ts';
import { html, type Markup } from './markup.ts';
import { incidentBody } from './pages/incident.ts';
import { listBody } from './pages/list.ts';
import { messageBody, signInBody } from './pages/sign-in.ts';
import { publicFiles } from './public-files.ts';
import type { IncidentReading, ListedIncident, Me, TimelineReading } from './reading.ts';
import { createSessions, foreign, type Sessions } from './session.ts';

export interface ConsoleOptions {
  /** Seals the sessions; the same for every gateway of the team. */
  readonly sessionSecret: string;
  /** True when people reach the console by https. */
  readonly secureCookies: boolean;
  /** Incident time. */
  readonly clock: () => Instant;
  /** Incident seconds that pass in a second. */
  readonly speed: number;
  /** How the team's product is called in the page's bar. */
  readonly product: () => string;
  readonly people: () => readonly KnownPerson[];
  /** Temporal Web's page of an incident; null when there is none. */
  readonly historyUrl: (incidentId: string) => string | null;
  readonly nowMs?: () => number;
}

export interface Console {
  /** Signs the browser in, for whoever mounts another way to prove who one is (the demo's one-time link). */
  signIn(reply: FastifyReply, token: string): void;
  readonly sessions: Sessions;
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
  const sessions = createSessions({ secret: options.sessionSecret, secure: options.secureCookies, nowMs });
  letSessionsUseTheApi(app, sessions);
  app.register(async (site) => {
    site.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS));
    registerFiles(site);
    registerSession(site, sessions);
    registerPages(site, sessions, options);
  });
  return { sessions, signIn: (reply, token) => void reply.header('set-cookie', sessions.open({ token })) };
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
      if (request.method === 'DELETE') return reply.header('set-cookie', sessions.close()).code(204).send();
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

type OfIncident = { Params: { id: string }; Querystring: { all?: string } };

function registerPages(site: FastifyInstance, sessions: Sessions, options: ConsoleOptions): void {
  const frame = (title: string, me: Me | null, modules: PageFrame['modules'], body: Markup): string =>
    page({ title, product: options.product(), me, now: options.clock(), speed: options.speed, modules, body });

  /** Runs `show` for somebody who is signed in; everybody else is asked to sign in, and trouble becomes a page. */
  const signedIn = async (
    request: FastifyRequest,
    reply: FastifyReply,
    show: (visit: Visit) => Promise<string>,
  ): Promise<FastifyReply> => {
    reply.type('text/html; charset=utf-8');
    const session = sessions.of(request.headers);
    if (session === null)
      return reply
        .code(401)
        .send(
          comesFromElsewhere(request) ? bouncePage(request.url) : frame('Sign in', null, ['session'], signInBody(null)),
        );
    const read = async <T>(path: string): Promise<T> => {
      const { status, json, text } = await ask<T & { error?: string }>(site, session.token, path);
      if (status >= 400) throw new Refused(status, json?.error ?? text);
      return json ?? (text as T);
    };
    try {
      const me = await read<Me>('/api/me');
      return reply.send(await show({ me, read }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) {
        return reply
          .code(401)
          .header('set-cookie', sessions.close())
          .send(frame('Sign in', null, ['session'], signInBody('Your API token is not valid any more.')));
      }
      const heading = error.status === 404 ? 'Not there' : 'Not now';
      return reply.code(error.status).send(frame(heading, null, ['session'], messageBody(heading, error.message)));
    }
  };

  site.get('/', (request, reply) =>
    signedIn(request, reply, async ({ me, read }) => {
      const { incidents } = await read<{ incidents: readonly ListedIncident[] }>('/api/incidents?state=all');
      return frame('Incidents', me, ['clocks', 'refresh', 'session'], listBody(incidents, me, options.clock()));
    }),
  );

  site.get<OfIncident>('/incidents/:id', (request, reply) =>
    signedIn(request, reply, async ({ me, read }) => {
      const at = `/api/incidents/${encodeURIComponent(request.params.id)}`;
      const [reading, timeline] = await Promise.all([
        read<IncidentReading>(at),
        read<TimelineReading>(`${at}/timeline`),
      ]);
      const { id, title } = reading.incident;
      const body = incidentBody({
        reading,
        timeline,
        me,
        people: options.people(),
        now: options.clock(),
        historyUrl: options.historyUrl(id),
        allEvents: request.query.all !== undefined,
      });
      return frame(
        `${reading.facts?.severity ?? ''} ${title}`.trim(),
        me,
        ['clocks', 'live', 'decisions', 'session'],
        body,
      );
    }),
  );

  for (const [name, title] of [
    ['paper', 'The remaining steps'],
    ['post-mortem', 'Post-mortem'],
  ] as const) {
    site.get<OfIncident>(`/incidents/:id/${name}`, (request, reply) =>
      signedIn(request, reply, async ({ me, read }) => {
        const { id } = request.params;
        const text = await read<string>(`/api/incidents/${encodeURIComponent(id)}/${name}`);
        const body = html`<article class="page"><p class="crumb"><a href="/">Incidents</a> / <a href="/incidents/${encodeURIComponent(id)}">${id}</a></p><h1>${title}</h1><pre class="paper" tabindex="0">${text}</pre></article>`;
        return frame(`${title} of ${id}`, me, ['clocks', 'session'], body);
      }),
    );
  }
}

interface Visit {
  readonly me: Me;
  /** Asks the gateway's API as the person who is signed in; throws Refused with the sentence it answers. */
  readonly read: <T>(path: string) => Promise<T>;
}

class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A link in chat or mail: the browser withholds a strict cookie on the way here, and sends it from our own page. */
function comesFromElsewhere({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';
}

/** Asks the gateway's own API without leaving the process. */
async function ask<T>(
  app: FastifyInstance,
  token: string,
  url: string,
): Promise<{ status: number; json: T; text: string }> {
  const answer = await app.inject({
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${token}`, 'x-incident-via': 'console' },
  });
  const isJson = String(answer.headers['content-type'] ?? '').startsWith('application/json');
  return { status: answer.statusCode, json: (isJson ? answer.json() : null) as T, text: answer.body };
}
