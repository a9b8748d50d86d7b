import type { FastifyInstance } from 'fastify';
import { authenticate, viaOf } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { quickReference } from '../quick-reference.ts';
import { bodyOf } from '../request-body.ts';

const AUDIT_LIMIT = 200;

type OfAction = { Params: { id: string } };

/**
 * The runbook's quick reference (R8): POST /api/checks looks, POST /api/quick-actions previews, and nothing is done
 * before POST /api/quick-actions/:id/answer says yes. All of it is in the audit, and on the timeline of the incident
 * that it is for: the one that is named, else the only one that is open.
 */
export function registerQuickActions(app: FastifyInstance, options: GatewayOptions): void {
  const quick = quickReference(options);

  app.post('/api/checks', async (request) => {
    const person = await authenticate(request, options.people);
    return quick.check(person, viaOf(request), bodyOf(request).json);
  });

  app.post('/api/quick-actions', async (request, reply) => {
    const person = await authenticate(request, options.people);
    return reply.code(202).send(await quick.begin(person, viaOf(request), bodyOf(request).json));
  });

  app.get<OfAction>('/api/quick-actions/:id', async (request) => {
    await authenticate(request, options.people);
    return quick.state(request.params.id);
  });

  app.post<OfAction>('/api/quick-actions/:id/answer', async (request) => {
    const person = await authenticate(request, options.people);
    return quick.answer(person, viaOf(request), request.params.id, bodyOf(request).json);
  });

  app.get('/api/audit', async (request) => {
    await authenticate(request, options.people);
    return { audit: await options.store.audit.list(AUDIT_LIMIT) };
  });
}
