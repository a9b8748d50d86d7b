import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { PageFrame } from './document.ts';
import { bouncePage } from './document.ts';
import type { Markup } from './markup.ts';
import { messageBody, signInBody } from './pages/sign-in.ts';
import type { Me } from './reading.ts';
import type { Sessions } from './session.ts';

/** Somebody who is signed in and looks at a page. */
export interface PageContext {
  readonly me: Me;
  /** Asks the gateway's API as the person who is signed in; throws Refused with the sentence it answers. */
  readonly read: <T>(path: string) => Promise<T>;
  /** The same; null where there is nothing (404). */
  readonly readIfThere: <T>(path: string) => Promise<T | null>;
  /** The same, with the answer's headers, for a text. */
  readonly readText: (path: string) => Promise<{ readonly text: string; readonly headers: Headers }>;
}

type Headers = Readonly<Record<string, unknown>>;

/** What the gateway would not give, with its sentence. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Framed = (title: string, me: Me | null, modules: PageFrame['modules'], body: Markup) => string;
export type SignedIn = (
  request: FastifyRequest,
  reply: FastifyReply,
  show: (context: PageContext) => Promise<string>,
) => Promise<FastifyReply>;

/** Runs `show` for somebody who is signed in; everybody else is asked to sign in, and trouble becomes a page. */
export function visits(
  site: FastifyInstance,
  sessions: Sessions,
  frame: Framed,
  /** Where a sign-in by the team's own accounts begins; null when there is none. */
  signInPath: string | null,
): SignedIn {
  const signInPage = (trouble: string | null, url: string) => {
    const accountPath = signInPath === null ? null : `${signInPath}?return-to=${encodeURIComponent(url)}`;
    return frame('Sign in', null, ['session'], signInBody(trouble, accountPath));
  };
  return async (request, reply, show) => {
    reply.type('text/html; charset=utf-8');
    const session = sessions.of(request.headers);
    if (session === null)
      return reply
        .code(401)
        .send(comesFromElsewhere(request) ? bouncePage(request.url) : signInPage(null, request.url));
    const get = async (path: string) => {
      const answer = await ask<{ error?: string }>(site, session.token, path);
      if (answer.status >= 400) throw new Refused(answer.status, answer.json?.error ?? answer.text);
      return answer;
    };
    try {
      const read = async <T>(path: string): Promise<T> => {
        const { json, text } = await get(path);
        return (json ?? text) as T;
      };
      const readIfThere = <T>(path: string): Promise<T | null> =>
        read<T>(path).catch((error: unknown) => {
          if (error instanceof Refused && error.status === 404) return null;
          throw error;
        });
      const me = await read<Me>('/api/me');
      return reply.send(await show({ me, read, readIfThere, readText: get }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) {
        reply.code(401).header('set-cookie', sessions.close(request.headers));
        return reply.send(
          signInPage('Your sign-in is not valid any more: the token or account no longer counts here.', request.url),
        );
      }
      const heading = error.status === 404 ? 'Not there' : 'Not now';
      return reply.code(error.status).send(frame(heading, null, ['session'], messageBody(heading, error.message)));
    }
  };
}

/** A link in chat or mail: the browser withholds a strict cookie on the way here, and sends it from our own page. */
function comesFromElsewhere({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';
}

/** Asks the gateway's own API without leaving the process. */
export async function ask<T>(
  app: FastifyInstance,
  token: string,
  url: string,
): Promise<{ status: number; json: T; text: string; headers: Headers }> {
  const answer = await app.inject({
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${token}`, 'x-incident-via': 'console' },
  });
  const isJson = String(answer.headers['content-type'] ?? '').startsWith('application/json');
  return {
    status: answer.statusCode,
    json: (isJson ? answer.json() : null) as T,
    text: answer.body,
    headers: answer.headers,
  };
}
