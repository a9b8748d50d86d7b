import type { FastifyInstance } from 'fastify';
import type { LiveIncidents, Me } from '../reading.ts';
import type { Sessions } from '../session.ts';
import { createEventStreams, type EventStream } from './event-stream.ts';
import { createLivePages, type Surroundings } from './live-pages.ts';
import { readHave } from './rendering.ts';

/** Whether somebody is still signed in is looked at so often, and before each piece that comes later than this. */
const SIGNED_IN_FOR_MS = 1_000;
const LOOK_AT_SIGN_IN_MS = 5_000;

type OfIncident = { Params: { id: string }; Querystring: { have?: string; all?: string } };

/**
 * GET /incidents/:id/events: the incident's page as it changes. `regions` carries the parts that differ from what the
 * browser has, rendered for its person's rights; its id says what the browser has then, so that one that comes back with
 * Last-Event-ID is sent what changed meanwhile. `signed-out` is the last word when the sign-in ended.
 */
export function registerLivePages(
  site: FastifyInstance,
  sessions: Sessions,
  live: LiveIncidents,
  around: Surroundings,
): void {
  const pages = createLivePages(live, around);
  const streams = createEventStreams(site);

  site.get<OfIncident>('/incidents/:id/events', async (request, reply) => {
    const { headers, query, params } = request;
    const whoLooks = async (): Promise<Me | null> => {
      const session = sessions.of(headers);
      return session === null ? null : live.who(session.token);
    };
    let me = await whoLooks();
    if (me === null) return reply.code(401).send({ error: 'You are not signed in. Load the page again.' });
    if (!(await live.isKnown(params.id))) return reply.code(404).send({ error: `There is no incident ${params.id}.` });

    let have = readHave(headers['last-event-id'] ?? query.have);
    let seenAt = performance.now();
    const look = async (stream: EventStream): Promise<void> => {
      if (performance.now() - seenAt > SIGNED_IN_FOR_MS) {
        me = await whoLooks();
        seenAt = performance.now();
      }
      if (me === null) return stream.end('event: signed-out\ndata: {}\n\n');
      if (!stream.ready || stream.ended) return;
      const piece = page.since(have, me, query.all !== undefined);
      if (piece === null) return;
      have = piece.have;
      // By itself: the piece is the same for many, and may have been made a while ago.
      stream.send(`event: clock\ndata: ${JSON.stringify({ now: around.clock(), speed: around.speed })}\n\n`);
      stream.send(piece.bytes);
    };
    const news = streams.open(reply, {
      look,
      lookEveryMs: LOOK_AT_SIGN_IN_MS,
      failed: (error) => request.log.warn(`A page of ${params.id} waits: ${(error as Error).message}`),
      onEnd: () => page.close(),
    });
    const page = pages.open(params.id, news);
    news();
  });
}
