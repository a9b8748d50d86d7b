import type { FastifyInstance } from 'fastify';
import type { Decided } from '../../client/incident-client.ts';
import { mayDecide } from '../../domain/authority.ts';
import { actorOf, authenticate, viaOf } from '../authentication.ts';
import { decisionRequest, readDecisionBody, sentencesOf } from '../decision-schemas.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';
import { bodyOf } from '../request-body.ts';
import { decideAndAnswer } from '../services/decide-and-answer.ts';

/** POST /api/incidents/:id/decisions {id, name, body} → 200 DecisionAnswer, or { error } with 403, 404, 409, 422, 503. */
export function registerDecisions(app: FastifyInstance, options: GatewayOptions): void {
  app.post<{ Params: { id: string } }>('/api/incidents/:id/decisions', async (request, reply) => {
    const person = await authenticate(request, options.people);
    const incidentId = request.params.id;
    const wanted = decisionRequest.safeParse(bodyOf(request).json);
    if (!wanted.success) throw refusedBody(sentencesOf(wanted.error, 'The decision'));
    const { id, name, body } = wanted.data;
    if (wanted.data.incidentId !== undefined && wanted.data.incidentId !== incidentId) {
      throw new RequestRefused(
        409,
        `This decision names ${wanted.data.incidentId}, but it was sent to ${incidentId}. Send it to the incident it names.`,
      );
    }
    const forbidden = mayDecide(name, person.roles);
    if (forbidden !== null) throw new RequestRefused(403, forbidden);
    const read = readDecisionBody(name, body, options.clock());
    if (!read.ok) throw refusedBody(read.problems);
    const decided = await decideAndAnswer(options, {
      id,
      incidentId,
      name,
      actor: actorOf(person, viaOf(request)),
      body: read.body,
    });
    return reply.code(200).send(answerOf(decided, id));
  });
}

function answerOf(decided: Decided, decisionId: string): unknown {
  switch (decided.outcome) {
    case 'accepted':
      return decided.answer;
    case 'pending':
      throw new RequestRefused(503, decided.words, { accepted: 'pending', decisionId });
    case 'unavailable':
      throw new RequestRefused(503, decided.words, { accepted: false, decisionId });
    case 'refused':
      throw new RequestRefused(decided.unauthorised ? 403 : 409, decided.words, { decisionId });
    case 'ended':
      throw new RequestRefused(409, decided.words, { decisionId });
    case 'not-found':
      throw new RequestRefused(404, decided.words, { decisionId });
  }
}

function refusedBody(problems: readonly string[]): RequestRefused {
  return new RequestRefused(422, problems.join(' '), { problems });
}
