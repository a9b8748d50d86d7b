import { gunzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { STATISTICS_BY, type StatisticsBy } from '../../store/measures.ts';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';
import { known } from '../services/requests.ts';

const SIMILAR_LIMIT = 10;

/** Incidents that are over: figures over many, which were like one, and the engine's own history of one (R6.7). */
export function registerRecord(app: FastifyInstance, options: GatewayOptions): void {
  app.get<{ Querystring: { by?: string; since?: string } }>('/api/stats', async (request) => {
    await authenticate(request, options.people);
    const by = request.query.by ?? 'severity';
    if (!(STATISTICS_BY as readonly string[]).includes(by))
      throw new RequestRefused(400, `"by" is one of ${STATISTICS_BY.join(', ')}.`);
    return options.store.measures.statistics({ by: by as StatisticsBy, since: sinceOf(request.query.since) });
  });

  app.get<{ Params: { id: string } }>('/api/incidents/:id/similar', async (request) => {
    await authenticate(request, options.people);
    const { id } = await known(options, request.params.id);
    return { incidentId: id, similar: await options.store.measures.similar(id, SIMILAR_LIMIT) };
  });

  app.get<{ Params: { id: string } }>('/api/incidents/:id/history', async (request, reply) => {
    await authenticate(request, options.people);
    const { id } = await known(options, request.params.id);
    const digest = await options.store.record.historyDigest(id);
    const kept = digest === null ? null : await options.store.evidence.get(digest);
    if (kept === null) {
      throw new RequestRefused(
        404,
        `The history of ${id} is not kept yet: it is exported after the incident has closed. Until then it is in Temporal.`,
      );
    }
    return reply.type('application/json; charset=utf-8').send(gunzipSync(kept.body));
  });
}

function sinceOf(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new RequestRefused(400, '"since" is an ISO instant or date such as 2026-01-31.');
  return new Date(ms).toISOString();
}
