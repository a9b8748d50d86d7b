import type { FastifyInstance } from 'fastify';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../gateway.ts';
import { readTimeline } from '../reading.ts';
import { known, sequence } from './incidents.ts';

const HEARTBEAT_MS = 15_000;
/** Changes are announced; this only covers an announcement that got lost. */
const LOOK_ANYWAY_MS = 5_000;
const SECONDS_UNTIL_RECONNECT = 2;

type OfIncident = { Params: { id: string }; Querystring: { since?: string } };

/**
 * GET /api/incidents/:id/events: server-sent events. `timeline` carries one event of the timeline with its sequence
 * number as id, so a reader that comes back with Last-Event-ID misses nothing; `facts` carries what changed with it.
 */
export function registerLive(app: FastifyInstance, options: GatewayOptions): void {
  const open = new Set<() => void>();
  app.addHook('onClose', async () => {
    for (const end of open) end();
  });

  app.get<OfIncident>('/api/incidents/:id/events', async (request, reply) => {
    await authenticate(request, options.people);
    const incident = await known(options, request.params.id);
    const lastEventId = request.headers['last-event-id'];
    let seq = sequence(typeof lastEventId === 'string' ? lastEventId : request.query.since);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    raw.write(`retry: ${SECONDS_UNTIL_RECONNECT * 1000}\n\n`);

    let busy = false;
    let again = false;
    let ended = false;
    const send = async (): Promise<void> => {
      const { events } = await readTimeline(options, incident.id, seq);
      for (const event of events) {
        raw.write(`id: ${event.seq}\nevent: timeline\ndata: ${JSON.stringify(event)}\n\n`);
        seq = event.seq;
      }
      if (events.length === 0) return;
      const projected = await options.store.projection.facts(incident.id);
      if (projected !== null) raw.write(`event: facts\ndata: ${JSON.stringify(projected.facts)}\n\n`);
    };
    // One reading at a time; a change that comes meanwhile makes one more.
    const look = (): void => {
      again = true;
      if (busy || ended) return;
      busy = true;
      void sendAll().finally(() => {
        busy = false;
      });
    };
    const sendAll = async (): Promise<void> => {
      try {
        while (again && !ended) {
          again = false;
          await send();
        }
      } catch (error) {
        request.log.warn(`A live reader of ${incident.id} waits: ${(error as Error).message}`);
      }
    };
    const stopListening = options.store.projection.listen((changed) => {
      if (changed === incident.id) look();
    });
    const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS);
    const lookAnyway = setInterval(look, LOOK_ANYWAY_MS);
    const end = (): void => {
      if (ended) return;
      ended = true;
      open.delete(end);
      stopListening();
      clearInterval(heartbeat);
      clearInterval(lookAnyway);
      raw.end();
    };
    open.add(end);
    raw.on('close', end);
    look();
  });
}
