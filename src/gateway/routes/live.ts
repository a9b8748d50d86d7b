import type { FastifyInstance } from 'fastify';
import { createEventStreams, type EventStream } from '../../console/live/event-stream.ts';
import type { LiveIncidents, SharedReading } from '../../console/reading.ts';
import { sessionHolds } from '../../console/session.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { TimelineEvent } from '../../domain/timeline.ts';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';
import { known, sequence } from '../services/requests.ts';

/** A slow reader is given so many events at once, and the next ones when it has taken them. */
const EVENTS_AT_ONCE = 200;
/** A token is looked at so often, and before each piece that comes later than this. */
const TOKEN_HOLDS_MS = 1_000;
const LOOK_AT_TOKEN_MS = 5_000;

type OfIncident = { Params: { id: string }; Querystring: { since?: string } };

/**
 * GET /api/incidents/:id/events: server-sent events. `timeline` carries one event of the timeline with its sequence
 * number as id, so a reader that comes back with Last-Event-ID misses nothing; `facts` carries what changed with it, of
 * which only the newest is sent. It ends when the token, or the session it came by, no longer counts.
 */
export function registerLive(app: FastifyInstance, options: GatewayOptions, readings: LiveIncidents): void {
  const streams = createEventStreams(app);
  const bytesOf = sharedBytes();

  app.get<OfIncident>('/api/incidents/:id/events', async (request, reply) => {
    await authenticate(request, options.people);
    const incident = await known(options, request.params.id);
    const lastEventId = request.headers['last-event-id'];
    let seq = sequence(typeof lastEventId === 'string' ? lastEventId : request.query.since);
    let seenAt = performance.now();
    let latest: SharedReading | null = null;
    let facts: IncidentFacts | null = null;

    const look = async (stream: EventStream): Promise<void> => {
      if (performance.now() - seenAt > TOKEN_HOLDS_MS) {
        if (!sessionHolds(request.raw)) return stream.end();
        await authenticate(request, options.people);
        seenAt = performance.now();
      }
      while (stream.ready && !stream.ended && latest !== null) {
        const { timeline, gapFree } = latest;
        const events = timeline.events.slice(seq, Math.min(gapFree, seq + EVENTS_AT_ONCE));
        if (events.length > 0) {
          stream.send(bytesOf(events));
          seq += events.length;
          continue;
        }
        // Behind the events that they came of; a reader that came back with all of them is told too.
        if (latest.facts !== null && latest.facts !== facts) stream.send(factsOf(latest.facts));
        facts = latest.facts;
        return;
      }
    };
    const news = streams.open(reply, {
      look,
      lookEveryMs: LOOK_AT_TOKEN_MS,
      failed(error, stream) {
        if (error instanceof RequestRefused) stream.end();
        else request.log.warn(`A live reader of ${incident.id} waits: ${(error as Error).message}`);
      },
      onEnd: () => unfollow(),
    });
    const unfollow = readings.follow(incident.id, (reading) => {
      latest = reading;
      news();
    });
  });
}

/** The same bytes for all who are sent the same events: they are written once. */
function sharedBytes(): (events: readonly TimelineEvent[]) => Buffer {
  const written = new WeakMap<TimelineEvent, Map<TimelineEvent, Buffer>>();
  return (events) => {
    const [first] = events;
    const last = events.at(-1);
    if (first === undefined || last === undefined) return Buffer.alloc(0);
    const from = written.get(first) ?? new Map<TimelineEvent, Buffer>();
    written.set(first, from);
    const bytes =
      from.get(last) ??
      Buffer.from(
        events.map((event) => `id: ${event.seq}\nevent: timeline\ndata: ${JSON.stringify(event)}\n\n`).join(''),
      );
    from.set(last, bytes);
    return bytes;
  };
}

const factsWritten = new WeakMap<IncidentFacts, Buffer>();

function factsOf(facts: IncidentFacts): Buffer {
  const bytes = factsWritten.get(facts) ?? Buffer.from(`event: facts\ndata: ${JSON.stringify(facts)}\n\n`);
  factsWritten.set(facts, bytes);
  return bytes;
}
