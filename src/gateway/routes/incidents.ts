import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { mayDecide } from '../../domain/authority.ts';
import { authenticate } from '../authentication.ts';
import { sentencesOf } from '../decision-schemas.ts';
import type { GatewayOptions } from '../options.ts';
import { readPage, readTimeline } from '../reading.ts';
import { RequestRefused } from '../refusals.ts';
import { bodyOf } from '../request-body.ts';
import { openByPerson } from '../services/intake.ts';
import { createIncidentBody } from '../services/person.ts';
import { known, sendStored, sequence } from '../services/requests.ts';

const LIST_LIMIT = 500;

type OfIncident = { Params: { id: string }; Querystring: { since?: string } };

/** Reading incidents, and opening one by hand. */
export function registerIncidents(app: FastifyInstance, options: GatewayOptions): void {
  app.post('/api/incidents', async (request, reply) => {
    const person = await authenticate(request, options.people);
    if (mayDecide('note', person.roles) !== null) {
      throw new RequestRefused(
        403,
        'Opening an incident takes the role responder or commander. Call whoever is on call.',
      );
    }
    const report = createIncidentBody.safeParse(bodyOf(request).json);
    if (!report.success) throw new RequestRefused(422, sentencesOf(report.error, 'The report').join(' '));
    const taken = await openByPerson(options, person, report.data, report.data.id ?? randomUUID());
    return reply.code(202).send(taken);
  });

  app.get<{ Querystring: { state?: string } }>('/api/incidents', async (request) => {
    await authenticate(request, options.people);
    const state = request.query.state ?? 'open';
    if (state !== 'open' && state !== 'all') throw new RequestRefused(400, '"state" is "open" or "all".');
    return { incidents: await options.store.projection.list({ state, limit: LIST_LIMIT }) };
  });

  app.get<OfIncident>('/api/incidents/:id', async (request) => {
    await authenticate(request, options.people);
    const incident = await known(options, request.params.id);
    const page = await readPage(options, incident.id);
    return { incident, ...page, phase: page.facts?.phase ?? null, openQuestions: page.facts?.openQuestions ?? [] };
  });

  app.get<OfIncident>('/api/incidents/:id/timeline', async (request) => {
    await authenticate(request, options.people);
    const incident = await known(options, request.params.id);
    const timeline = await readTimeline(options, incident.id, sequence(request.query.since));
    return { ...timeline, timeZone: options.policy().team.timeZone };
  });

  app.get<OfIncident>('/api/incidents/:id/paper', async (request, reply) => {
    await authenticate(request, options.people);
    const incident = await known(options, request.params.id);
    const paper = await options.client.paper(incident.id);
    if (!paper.ok) {
      throw new RequestRefused(
        503,
        `${paper.words} Print the remaining steps from the runbook itself (\`incident paper\` works from the stored facts).`,
      );
    }
    return reply.type('text/plain; charset=utf-8').send(paper.value);
  });

  app.get<{ Params: { digest: string } }>('/api/evidence/:digest', async (request, reply) => {
    await authenticate(request, options.people);
    const { digest } = request.params;
    const found = /^[0-9a-f]{64}$/.test(digest) ? await options.store.evidence.get(digest) : null;
    if (found === null) throw new RequestRefused(404, 'There is no evidence with this digest (64 characters 0-9 a-f).');
    reply.header('content-disposition', `attachment; filename="${digest.slice(0, 16)}"`);
    return sendStored(reply, found.mediaType, found.body);
  });

  app.get('/api/me', async (request) => {
    const { id, name, email, roles, contacts } = await authenticate(request, options.people);
    return { id, name, email, roles, contacts };
  });
}
